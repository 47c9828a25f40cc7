"""docs/licences.md names what is pinned, and nothing that binds who uses Vitrine."""

import re

import pytest

from scripts.licences import ENVIRONMENTS, PAGE, ROOT, pins

# Weak copyleft binds who changes the package itself, which Vitrine does not.
ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "Artistic-1.0-Perl",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "LGPL-2.1-or-later",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-2.0",
    "PSF-2.0",
    "Unlicense",
    "Zlib",
}
# Tools that check the code, and are in no image and no wheel.
TOOLS = {"GPL-2.0-only"}
ROW = re.compile(r"^\| ([a-z0-9-]+) \| (\S+) \| (.+) \|$", re.MULTILINE)


def listed(file: str) -> dict[str, tuple[str, str]]:
    """Version and licence of each package that the page lists for a file of pins."""
    sections = PAGE.read_text().split("\n## ")
    [section] = [section for section in sections if section.startswith(f"{file}:")]
    return {name: (version, licence) for name, version, licence in ROW.findall(section) if name != "package"}


def is_allowed(licence: str, allowed: set[str]) -> bool:
    """Whether one of the alternatives is allowed in all its parts."""
    alternatives = (each.strip(" ()").split(" AND ") for each in licence.split(" OR "))
    return any({part.strip(" ()") for part in parts} <= allowed for parts in alternatives)


@pytest.mark.parametrize("file", ENVIRONMENTS)
def test_every_pinned_package_is_listed_at_its_version(file):
    assert {name: version for name, (version, _) in listed(file).items()} == pins(file), "make licences"


@pytest.mark.parametrize("file", ENVIRONMENTS)
def test_no_licence_is_unknown_or_binds_others(file):
    allowed = ALLOWED | TOOLS if file.endswith("-dev.txt") else ALLOWED
    licences = {name: licence for name, (_, licence) in listed(file).items()}
    assert {name: each for name, each in licences.items() if not is_allowed(each, allowed)} == {}


def test_what_the_pages_bring_is_named_with_its_licence_and_version():
    vendored = sorted((ROOT / "plugins/vitrine/web/static/vendor").iterdir())
    files = {
        "leaflet": ("leaflet.js", "BSD 2-Clause License"),
        "photoswipe": ("photoswipe.esm.min.js", "The MIT License (MIT)"),
    }
    assert [folder.name for folder in vendored] == list(files)
    for folder, (file, licence) in zip(vendored, files.values(), strict=True):
        assert (folder / "LICENSE").read_text().startswith(licence)
        [version] = re.findall(r"(?:PhotoSwipe|Leaflet) ([0-9.]+)[ ,]", (folder / file).read_text()[:100])
        assert f"{folder.name}/LICENSE) {version}, which" in PAGE.read_text()


@pytest.mark.parametrize(
    ("licence", "verdict"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0-only", False),
        ("unknown", False),
    ],
)
def test_a_licence_is_judged_by_its_parts(licence, verdict):
    assert is_allowed(licence, ALLOWED) is verdict
