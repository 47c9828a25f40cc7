"""Rebuild the demo's pictures from two Debian packages, and compare them with ATTRIBUTION.csv.

    emulator/.venv/bin/python -m demo.build_images            # fails where a picture's SHA-256 has changed
    emulator/.venv/bin/python -m demo.build_images --accept   # writes the new SHA-256 into ATTRIBUTION.csv

ATTRIBUTION.csv is recipe, manifest and credit in one: a row per picture, with the package and path it comes
from, what was changed, its author and licence, and its hash. Needs Debian or Ubuntu (apt-get, dpkg-deb) and
Pillow as pinned for the emulator: another JPEG encoder gives other bytes.
"""

import argparse
import csv
import hashlib
import io
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageChops, ImageOps

from demo.qt_resources import ResourceArchive
from demo.recolour import recolour

DEMO = Path(__file__).parent
IMAGES = DEMO / "images"
MANIFEST = DEMO / "ATTRIBUTION.csv"
COLUMNS = ["file", "title", "license", "author", "source", "package", "path", "change", "sha256"]

PHOTOS = "gcompris-qt-data=3.1-2"
DRAWINGS = "openclipart-png=1:0.18+dfsg-19"
DRAWINGS_FOLDER = "usr/share/openclipart/png"
ARCHIVES_FOLDER = "usr/share/gcompris-qt/rcc"
FREE = re.compile(r"CC0|public domain", re.IGNORECASE)

LONGEST_SIDE = 320  # pixels
JPEG_QUALITY = 80

Reader = Callable[[str], bytes]


def main() -> int:
    """Rebuild every picture of the manifest; 1 if any differs from it or is not free."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accept", action="store_true", help="write the new hashes into ATTRIBUTION.csv")
    accept = parser.parse_args().accept
    with MANIFEST.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with tempfile.TemporaryDirectory() as folder:
        readers = {
            PHOTOS: photo_reader(unpack(PHOTOS, Path(folder))),
            DRAWINGS: drawing_reader(unpack(DRAWINGS, Path(folder))),
        }
        changed = [row["file"] for row in rows if build(row, readers[row["package"]])]
    if accept:
        write_manifest(rows)
    print(f"{len(rows)} pictures, {len(changed)} not as in {MANIFEST.name}", *changed, sep="\n  ")
    return 1 if changed and not accept else 0


def unpack(package: str, folder: Path) -> Path:
    """Download a Debian package ("name=version") and unpack its files; gives the folder they are in."""
    target = folder / package.partition("=")[0]
    target.mkdir()
    subprocess.run(["apt-get", "download", package], cwd=target, check=True, stdout=subprocess.DEVNULL)
    (archive,) = target.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", archive, target], check=True)
    return target


def photo_reader(package: Path) -> Reader:
    """Reads GCompris' photos, and refuses any that GCompris' own README does not call free."""
    files: dict[str, bytes] = {}
    for archive in sorted((package / ARCHIVES_FOLDER).glob("*.rcc")):
        files.update(ResourceArchive(archive).files())
    licenses: dict[str, str] = {}
    for path in (path for path in files if path.endswith("/README")):
        licenses.update(readme_licenses(path, files[path].decode("utf-8")))

    def read(path: str) -> bytes:
        check_free(path, licenses.get(path, "not stated"))
        return files[path]

    return read


def readme_licenses(path: str, readme: str) -> dict[str, str]:
    """Each file's licence by GCompris' README: blocks of "Copyright:", "License:", "Source:" and "Files:"."""
    licenses = {}
    for block in re.split(r"\n(?=Copyright:)", readme):
        head, _, files = block.partition("Files:")
        stated = re.search(r"License:\s*(.+)", head)
        for name in files.split():
            licenses[path.removesuffix("README") + name] = stated[1].strip() if stated else "not stated"
    return licenses


def drawing_reader(package: Path) -> Reader:
    """Reads Open Clip Art's drawings; the package is dedicated to the public domain as a whole."""
    notice = (package / "usr/share/doc/openclipart-png/copyright").read_text(encoding="utf-8")
    check_free(DRAWINGS, notice)
    return lambda path: (package / DRAWINGS_FOLDER / path).read_bytes()


def check_free(name: str, license: str) -> None:
    """Raises ValueError unless the licence is CC0 or public domain."""
    if not FREE.search(license):
        raise ValueError(
            f"{name} is not CC0 or public domain but {license!r}: take it out of {MANIFEST.name}"
        )


def build(row: dict[str, str], read: Reader) -> bool:
    """Make one picture's file and note its hash in the row; says whether the hash has changed."""
    image = on_white(read(row["path"]))
    if row["package"] == DRAWINGS:
        image = on_square_page(recolour(image, row["change"]))
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=JPEG_QUALITY, optimize=True)
    target = IMAGES / row["file"]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(jpeg.getvalue())
    before, row["sha256"] = row["sha256"], hashlib.sha256(jpeg.getvalue()).hexdigest()
    return before != row["sha256"]


def on_white(content: bytes) -> Image.Image:
    """Decode an image, upright, on white ground."""
    image: Image.Image = Image.open(io.BytesIO(content))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return ImageOps.exif_transpose(image).convert("RGB")


def on_square_page(image: Image.Image) -> Image.Image:
    """Cut off the empty page around a drawing, and centre it on a square one with a little margin."""
    drawing = image.crop(ImageChops.difference(image, Image.new("RGB", image.size, "white")).getbbox())
    side = max(drawing.size)
    page = ImageOps.pad(drawing, (side, side), color="white")
    return ImageOps.expand(page, border=side // 20, fill="white")


def write_manifest(rows: list[dict[str, str]]) -> None:
    """Write ATTRIBUTION.csv, sorted by file."""
    with MANIFEST.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: row["file"]))


if __name__ == "__main__":
    sys.exit(main())
