"""Who may import whom in plugins/vitrine and in the emulator: arrows go downwards only, and never in a circle."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class House:
    """A package: the folder that it is in, its name, and its parts from top to bottom.

    A part imports only from further down, so those of one line never each other.
    """

    folder: Path
    name: str
    layers: tuple[frozenset[str], ...]

    def level(self, part: str) -> int:
        """The line in which a part stands."""
        return next(number for number, parts in enumerate(self.layers) if part in parts)


def _layers(*lines: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(line.split()) for line in lines)


VITRINE = House(
    ROOT / "plugins",
    "vitrine",
    _layers(
        "dag_defaults web setup",
        "search embed index layout",
        "google",
        "notifications",
        "assets metrics",
        "collection",
        "errors limits schedule",
    ),
)
EMULATOR = House(
    ROOT / "emulator",
    "bqml_emulator",
    _layers(
        "__main__",
        "server",
        "hooks",
        "api",
        "embedding",
        "sql",
        "vector",
        "objects",
        "analyzer",
        "jobs",
        "billing",
        "engine",
        "storage model",
        "core",
    ),
)
HOUSES = pytest.mark.parametrize("house", [VITRINE, EMULATOR], ids=lambda house: house.name)


def modules(root: Path, name: str = VITRINE.name) -> dict[str, ast.Module]:
    """Every module of a package by its name, with its syntax tree."""
    paths = {
        ".".join(path.relative_to(root).with_suffix("").parts): path for path in root.glob(f"{name}/**/*.py")
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


def upward(trees: dict[str, ast.Module], house: House = VITRINE) -> list[str]:
    """Imports of one part by another, anywhere in a module, that do not go downwards."""
    arrows = [(name, other) for name, tree in trees.items() for other in imported(ast.walk(tree), trees)]
    parts = [(arrow, [name.split(".")[1] for name in arrow]) for arrow in arrows if house.name not in arrow]
    return sorted(
        " -> ".join(arrow)
        for arrow, (part, other) in parts
        if part != other and house.level(part) >= house.level(other)
    )


@HOUSES
def test_no_module_imports_itself_in_a_circle(house):
    assert circle(modules(house.folder, house.name)) == []


@HOUSES
def test_imports_go_downwards(house):
    assert upward(modules(house.folder, house.name), house) == []


def installing(trees: dict[str, ast.Module]) -> set[str]:
    """The parts of the emulator that change something of local-bigquery: their modules have an `install`."""
    return {
        name.split(".")[1]
        for name, tree in trees.items()
        if name.count(".") == 2
        and any(isinstance(node, ast.FunctionDef) and node.name == "install" for node in tree.body)
    }


def test_the_emulator_is_changed_from_the_bottom_to_the_top():
    trees = modules(EMULATOR.folder, EMULATOR.name)
    [packages] = [
        ast.literal_eval(node.value)
        for node in trees["bqml_emulator.hooks"].body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PACKAGES"
    ]
    floors = [part for parts in reversed(EMULATOR.layers) for part in sorted(parts)]
    assert list(packages) == [part for part in floors if part in installing(trees)]


def test_every_part_of_the_emulator_says_what_it_is_about():
    undocumented = [
        name
        for name, tree in modules(EMULATOR.folder, EMULATOR.name).items()
        if name.count(".") <= 1 and not (ast.get_docstring(tree) or "").strip()
    ]
    assert undocumented == []


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
