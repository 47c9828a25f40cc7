"""What the pages of this repository say of it: links lead somewhere, rooms import what architecture.md lets them."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "plugins/vitrine"


def pages() -> list[Path]:
    """Every page of the repository; folders with a dot are environments and caches."""
    found = []
    for folder, folders, files in ROOT.walk():
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [folder / name for name in files if name.endswith(".md")]
    return sorted(found)


PAGES = pages()
# [text](target) and the attributes src and href of HTML; not what stands in `code`.
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ABSOLUTE = ("http://", "https://", "mailto:")


def links(page: Path) -> list[str]:
    """The relative links of a page."""
    found = ["".join(groups) for groups in LINK.findall(CODE.sub("", page.read_text()))]
    return [link for link in found if not link.startswith(ABSOLUTE)]


def anchors(page: Path) -> set[str]:
    """The fragments that GitHub gives to the headings of a page."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in HEADING.findall(text)]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def leads_nowhere(page: Path, link: str) -> bool:
    """Whether the file, or the heading in it, is not there."""
    name, _, fragment = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    if not target.exists():
        return True
    return bool(fragment) and target.suffix == ".md" and fragment not in anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert [link for link in links(page) if leads_nowhere(page, link)] == []


def test_there_are_pages_with_links():
    assert len(PAGES) > 20
    assert len(links(ROOT / "README.md")) > 10


# What each room may import of the plugin besides itself: docs/architecture.md, "What may import what".
EVERYWHERE = {"collection", "errors", "limits", "schedule"}
ROOMS = {
    "google": EVERYWHERE,
    "embed": EVERYWHERE | {"google", "metrics", "notifications"},
    "index": EVERYWHERE | {"google", "metrics"},
    "search": EVERYWHERE | {"google"},
    "layout": EVERYWHERE | {"google"},
    "web": EVERYWHERE | {"google", "embed", "index", "search", "layout"},
    "setup": EVERYWHERE | {"google", "embed", "index", "search"},
}


def parts(tree: ast.Module) -> set[str]:
    """The rooms and modules of the plugin that a module imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "vitrine":
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vitrine."):
            names.add(node.module.split(".")[1])
    return names


def test_every_room_is_known():
    assert {path.parent.name for path in PLUGIN.glob("*/__init__.py")} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_it_may(room):
    found = set().union(*(parts(ast.parse(path.read_text())) for path in (PLUGIN / room).rglob("*.py")))
    assert found - {room} <= ROOMS[room]
