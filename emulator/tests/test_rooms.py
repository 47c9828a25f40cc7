"""Who may import whom in bqml_emulator: arrows go downwards only, and never in a circle."""

import ast
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import bqml_emulator
from bqml_emulator import hooks

ROOT = Path(bqml_emulator.__file__).parent.parent
# From top to bottom. A part imports only from further down, so those of one line never each other.
LAYERS = (
    {"__main__"},
    {"server"},
    {"hooks"},
    {"api"},
    {"embedding"},
    {"sql"},
    {"vector"},
    {"objects"},
    {"analyzer"},
    {"jobs"},
    {"billing"},
    {"engine"},
    {"storage", "model"},
    {"core"},
)
LAYER = {part: number for number, parts in enumerate(LAYERS) for part in parts}


def modules(root: Path) -> dict[str, ast.Module]:
    """Every module of the emulator by its name, with its syntax tree."""
    paths = root.glob("bqml_emulator/**/*.py")
    names = {".".join(path.relative_to(root).with_suffix("").parts): path for path in paths}
    return {name.removesuffix(".__init__"): ast.parse(path.read_text()) for name, path in names.items()}


def imported(tree: ast.Module, known: Iterable[str]) -> set[str]:
    """The known modules that a module imports, anywhere in it; of a name inside a module, the module."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{name.name}" for name in node.names}
    return {name if name in known else name.rpartition(".")[0] for name in names} & set(known)


def circle(trees: dict[str, ast.Module]) -> list[str]:
    """Modules that import each other in a circle, be it only for types."""
    try:
        TopologicalSorter({name: imported(tree, trees) for name, tree in trees.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def upward(trees: dict[str, ast.Module]) -> list[str]:
    """Imports between packages that do not go downwards."""
    arrows = [(name, other) for name, tree in trees.items() for other in imported(tree, trees)]
    parts = [
        (arrow, [name.split(".")[1] for name in arrow]) for arrow in arrows if "bqml_emulator" not in arrow
    ]
    return sorted(
        " -> ".join(arrow) for arrow, (part, other) in parts if part != other and LAYER[part] >= LAYER[other]
    )


def test_no_module_imports_itself_in_a_circle():
    assert circle(modules(ROOT)) == []


def test_imports_go_downwards():
    assert upward(modules(ROOT)) == []


def test_changes_are_installed_from_the_bottom_to_the_top():
    floors = [part for parts in reversed(LAYERS) for part in parts]
    changing = [part for part in floors if (ROOT / "bqml_emulator" / part / "changes.py").exists()]
    assert list(hooks.PACKAGES) == changing


def test_every_module_with_a_change_is_installed():
    with_change = {
        name
        for name, tree in modules(ROOT).items()
        if name != hooks.__name__
        and any(isinstance(node, ast.FunctionDef) and node.name == "install" for node in tree.body)
    }
    packages = [import_module(f"bqml_emulator.{package}.changes") for package in hooks.PACKAGES]
    assert {module.__name__ for package in packages for module in package.MODULES} == with_change


def test_every_package_says_what_it_is_about():
    undocumented = [
        name
        for name, tree in modules(ROOT).items()
        if name.count(".") <= 1 and not (ast.get_docstring(tree) or "").strip()
    ]
    assert undocumented == []


@pytest.fixture
def write(tmp_path):
    """Write modules of a small emulator, and read them as the tests above do."""

    def written(**texts: str) -> dict[str, ast.Module]:
        for name, text in texts.items():
            path = tmp_path / "bqml_emulator" / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return modules(tmp_path)

    return written


def test_a_circle_is_seen(write):
    trees = write(jobs__a="from bqml_emulator.jobs.b import x", jobs__b="from bqml_emulator.jobs import a")
    assert set(circle(trees)) == {"bqml_emulator.jobs.a", "bqml_emulator.jobs.b"}


@pytest.mark.parametrize(
    ("jobs", "sql", "seen"),
    [
        ("import bqml_emulator.sql.b", "", ["bqml_emulator.jobs.a -> bqml_emulator.sql.b"]),
        (
            "def f():\n    from bqml_emulator.sql import b",
            "",
            ["bqml_emulator.jobs.a -> bqml_emulator.sql.b"],
        ),
        ("", "from bqml_emulator.api.c import x", ["bqml_emulator.sql.b -> bqml_emulator.api.c"]),
        ("", "from bqml_emulator.jobs import a", []),
    ],
)
def test_an_arrow_upwards_is_seen(write, jobs, sql, seen):
    assert upward(write(jobs__a=jobs, sql__b=sql, api__c="")) == seen
