"""The notebook shows whatever picture can be decoded; of another it says which and why, and goes on."""

import io
import struct
import zlib
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from google.api_core.exceptions import NotFound
from PIL import Image

NOTEBOOK = Path(__file__).with_name("met-image-analysis.ipynb")


def photo() -> bytes:
    """A JPEG of 32 x 32 pixels."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (1, 0, 99)).save(buffer, "JPEG")
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG, valid as such."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(exif: bytes | None = None, size: tuple[int, int] = (4, 3)) -> bytes:
    """A white PNG of 4 x 3 pixels, whose header may claim another size, with EXIF as it is given."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3), "white").save(buffer, "PNG")
    data = buffer.getvalue()
    head = data[:8] + chunk(b"IHDR", struct.pack(">II", *size) + data[24:29])
    return head + (chunk(b"eXIf", exif) if exif else b"") + data[33:]


def exif(*fields: tuple[int, int, int, bytes]) -> bytes:
    """EXIF of these fields: tag, type, count, value."""
    packed = b"".join(struct.pack(">HHI4s", *field) for field in fields)
    return b"MM\0*" + struct.pack(">IH", 8, len(fields)) + packed + bytes(4)


def eps() -> bytes:
    """A picture for which Pillow would start Ghostscript."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3)).save(buffer, "EPS")
    return buffer.getvalue()


TURNED = (0x0112, 3, 1, b"\0\6\0\0")  # Orientation: by 90 degrees
NO_PICTURES = {
    "words": (b"words", "UnidentifiedImageError"),
    "cut off": (photo()[:-20], "OSError"),
    "gigabytes when unpacked": (png(size=(60_000, 60_000)), "DecompressionBombError"),
    "chunk of no length": (png(exif())[:33] + chunk(b"pHYs", b""), "ValueError"),
    "for another program": (eps(), "UnidentifiedImageError"),
}
BROKEN_EXIF = {
    "SyntaxError": b"garbage!",
    "ValueError": exif(TURNED, (0x8769, 6, 1, b"\xff\xff\xff\xf0")),
    "TypeError": exif(TURNED, (0x011A, 1, 1, bytes(4))),
    "struct.error": exif(TURNED, (0x011A, 6, 1, b"\xff\xff\xff\xf0")),
    "AttributeError": exif(TURNED, (0x010F, 5, 1, bytes(4))),
}


@pytest.fixture
def notebook() -> dict:
    """The names that the notebook's cell about pictures defines, after the imports of its first cell."""
    cells = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    imports = [line for line in cells[0].splitlines() if line.startswith(("import ", "from "))]
    [pictures] = [cell for cell in cells if "def read_image(" in cell]
    names: dict = {}
    exec("\n".join([*imports, pictures]), names)
    return names


def in_bucket(notebook: dict, download) -> None:
    """Let the notebook find, under whatever name, what this function answers."""
    blob = SimpleNamespace(download_as_bytes=download)
    bucket = SimpleNamespace(blob=lambda name: blob)
    notebook["bucket_client"] = SimpleNamespace(bucket=lambda name: bucket)


@pytest.mark.parametrize(("data", "reason"), NO_PICTURES.values(), ids=NO_PICTURES)
def test_a_picture_that_cannot_be_shown_is_named_with_the_reason(notebook, capsys, data, reason) -> None:
    in_bucket(notebook, lambda: data)
    assert notebook["read_images"](["gs://b/a.png"]) == {"gs://b/a.png": None}
    assert capsys.readouterr().out.startswith(f"gs://b/a.png: {reason}(")


@pytest.mark.parametrize("broken", BROKEN_EXIF.values(), ids=BROKEN_EXIF)
def test_a_picture_whose_exif_alone_is_broken_is_shown(notebook, capsys, broken) -> None:
    in_bucket(notebook, lambda: png(broken))
    assert notebook["read_image"]("gs://b/a.png").getpixel((0, 0)) == (255, 255, 255)
    assert capsys.readouterr().out == ""


def test_so_is_one_that_has_left_the_bucket(notebook, capsys) -> None:
    def download() -> bytes:
        raise NotFound("gone")

    in_bucket(notebook, download)
    assert notebook["read_image"]("gs://b/a.png") is None
    assert capsys.readouterr().out == "gs://b/a.png: NotFound('gone')\n"


def test_a_good_one_is_turned_upright_and_made_small(notebook, capsys) -> None:
    in_bucket(notebook, lambda: png(exif(TURNED)))
    assert notebook["read_image"]("gs://b/a.png").size == (3, 4)
    assert notebook["read_image"]("gs://b/a.png", pixels=2).size == (1, 2)
    assert capsys.readouterr().out == ""
