"""Who may import whom in plugins/vitrine: arrows go downwards only, and never in a circle."""

import ast
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
# From top to bottom. A folder or module imports only from further down, so those of one line never each other.
LAYERS = (
    {"dag_defaults", "web"},
    {"search", "embed", "index"},
    {"google"},
    {"notifications"},
    {"collection"},
    {"errors", "limits"},
)
LAYER = {part: number for number, parts in enumerate(LAYERS) for part in parts}


def modules(root: Path) -> dict[str, ast.Module]:
    """Every module of vitrine by its name, with its syntax tree."""
    paths = {
        ".".join(path.relative_to(root).with_suffix("").parts): path for path in root.glob("vitrine/**/*.py")
    }
    return {name.removesuffix(".__init__"): ast.parse(path.read_text()) for name, path in paths.items()}


def imported(statements: Iterable[ast.AST], known: Iterable[str]) -> set[str]:
    """The known modules that these statements import; of a name inside a module, the module."""
    names = set()
    for node in statements:
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{name.name}" for name in node.names}
    return {name if name in known else name.rpartition(".")[0] for name in names} & set(known)


def circle(trees: dict[str, ast.Module]) -> list[str]:
    """Modules that import each other in a circle, be it only for types."""
    try:
        TopologicalSorter({name: imported(ast.walk(tree), trees) for name, tree in trees.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def upward(trees: dict[str, ast.Module]) -> list[str]:
    """Imports, anywhere in a module, that do not go downwards."""
    arrows = [(name, other) for name, tree in trees.items() for other in imported(ast.walk(tree), trees)]
    parts = [(arrow, [name.split(".")[1] for name in arrow]) for arrow in arrows]
    return sorted(
        " -> ".join(arrow) for arrow, (part, other) in parts if part != other and LAYER[part] >= LAYER[other]
    )


def test_no_module_imports_itself_in_a_circle():
    assert circle(modules(PLUGINS)) == []


def test_imports_go_downwards():
    assert upward(modules(PLUGINS)) == []


@pytest.fixture
def write(tmp_path):
    """Write modules of a small vitrine, and read them as the tests above do."""

    def written(**texts: str) -> dict[str, ast.Module]:
        for name, text in texts.items():
            path = tmp_path / "vitrine" / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return modules(tmp_path)

    return written


def test_a_circle_is_seen(write):
    trees = write(embed__a="from vitrine.embed.b import x", embed__b="from vitrine.embed import a")
    assert set(circle(trees)) == {"vitrine.embed.a", "vitrine.embed.b"}


def test_a_circle_for_types_alone_is_seen_too(write):
    typed = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from vitrine.embed.a import x"
    trees = write(embed__a="from vitrine.embed.b import y", embed__b=typed)
    assert set(circle(trees)) == {"vitrine.embed.a", "vitrine.embed.b"}


@pytest.mark.parametrize(
    ("google", "index", "seen"),
    [
        ("import vitrine.index.b", "", ["vitrine.google.a -> vitrine.index.b"]),
        ("def f():\n    from vitrine.index.b import x", "", ["vitrine.google.a -> vitrine.index.b"]),
        ("", "from vitrine.search.c import x", ["vitrine.index.b -> vitrine.search.c"]),
        ("", "from vitrine.google import a", []),
        ("from vitrine import limits", "from vitrine.index import d", []),
    ],
)
def test_an_arrow_upwards_is_seen(write, google, index, seen):
    trees = write(google__a=google, index__b=index, index__d="", search__c="", limits="")
    assert upward(trees) == seen
