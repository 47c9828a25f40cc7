"""The rules of the house that a machine can check. CONTRIBUTING.md says why each is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("plugins", "dags", "demo", "scripts", "config", "emulator/bqml_emulator")
SQL = ROOT / "include/sql"
# A statement at the start of a text, written as people write SQL: verb in capitals and what follows it.
SQL_TEXT = re.compile(
    r"\s*(SELECT\s|WITH\s+\w+\s+AS\s*\(|INSERT\s+INTO\s|MERGE\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s"
    r"|(CREATE|DROP|ALTER)\s+(OR\s+REPLACE\s+)?(TABLE|SCHEMA|VIEW|MODEL|VECTOR|EXTERNAL|CONNECTION)\s)"
)


def relative(path: Path) -> str:
    """Name a file as people do, from the repository's root."""
    return str(path.relative_to(ROOT))


def modules(*folders: str) -> list[Path]:
    """Answer every Python file of these folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Answer every Python file of these folders with its syntax tree."""
    return ((path, ast.parse(path.read_text())) for path in modules(*folders))


def imports(tree: ast.Module) -> set[str]:
    """Answer the top-level names that a module imports, anywhere in it."""
    plain = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    named = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in plain | named}


def sql_files() -> list[Path]:
    """Answer every statement file."""
    return sorted(SQL.rglob("*.sql"))


# One decision each, in several statements that are sent as one job (docs/decisions/0013).
SCRIPTS = {
    "embed/ask_one_image.sql",
    "embed/check_pass.sql",
    "embed/find_duplicates.sql",
    "embed/plan_batches.sql",
    "embed/settle_batch.sql",
    "embed/sync_bucket.sql",
    "embed/take_lease.sql",
    "embed/write_run_report.sql",
    "embed/parts/list_bucket.sql",
    "embed/parts/publish_known.sql",
    "embed/parts/renew_lease.sql",
}


def statement_count(sql: str) -> int:
    """Count the statements of a file; a whole BEGIN or IF block is one."""
    text = re.sub(r"--[^\n]*|/\*.*?\*/|\{#.*?#\}|'[^'\n]*'", "", sql, flags=re.DOTALL).strip()
    text = re.sub(r"\b(BEGIN|IF)\b.*\bEND( IF)?\b", "", text, flags=re.DOTALL)
    return text.rstrip(";\n ").count(";") + 1


def test_there_is_something_to_check():
    assert len(modules(*CODE)) > 20
    assert len(sql_files()) > 10


def test_the_plugin_package_is_hidden_from_the_plugin_loader():
    # Otherwise the loader executes each file and registers it under its stem, as `links` or `types`.
    lines = (ROOT / "plugins/.airflowignore").read_text().splitlines()
    assert "vitrine/" in lines
    assert [path.name for path in (ROOT / "plugins").glob("*.py")] == ["vitrine_plugin.py"]


def test_every_dag_has_its_page():
    missing = [path.stem for path in modules("dags") if not (ROOT / f"docs/dags/{path.stem}.md").exists()]
    assert missing == []


def test_every_module_and_class_has_a_docstring():
    bare = [
        f"{relative(path)} {getattr(node, 'name', '')}".strip()
        for path, tree in trees(*CODE)
        for node in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
        if node.body and ast.get_docstring(node) is None
    ]
    assert bare == []


def test_the_emulator_knows_nothing_of_airflow():
    ours = {"airflow", "vitrine", "vitrine_plugin", "dags", "demo", "scripts"}
    assert {
        relative(path): found
        for path, tree in trees("emulator/bqml_emulator")
        if (found := imports(tree) & ours)
    } == {}


def test_the_plugins_know_nothing_of_the_emulator():
    theirs = {"bqml_emulator", "local_bigquery", "emulator", "demo", "scripts"}
    assert {
        relative(path): found for path, tree in trees("plugins", "dags") if (found := imports(tree) & theirs)
    } == {}


def test_no_sql_in_python():
    texts = [
        f"{relative(path)}:{node.lineno}"
        for path, tree in trees("plugins", "dags")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL_TEXT.match(node.value)
    ]
    assert texts == []


@pytest.mark.parametrize(
    ("text", "is_sql"),
    [
        ("SELECT 1", True),
        ("\n  create or replace table t".upper(), True),
        ("MERGE `t` USING s", True),
        ("Select what you look for", False),
        ("CREATE MODEL needs a connection", True),
        ("With a vector index", False),
    ],
)
def test_sql_is_told_from_prose(text, is_sql):
    assert bool(SQL_TEXT.match(text)) is is_sql


@pytest.mark.parametrize("path", sql_files(), ids=lambda path: str(path.relative_to(SQL)))
def test_a_sql_file_is_one_explained_statement_or_script(path):
    text = path.read_text()
    assert text.startswith("--"), "it opens with a comment: what, grain, why each filter, what it writes"
    assert (statement_count(text) > 1) == (str(path.relative_to(SQL)) in SCRIPTS)


def test_every_sql_file_is_used():
    includes = [
        line
        for path in sql_files()
        for line in path.read_text().splitlines()
        if "include '" in line and "{%" in line
    ]
    users = "\n".join([*(path.read_text() for path in modules("dags", "plugins")), *includes])
    # A task that runs the file of its own name says only the name.
    unused = [
        relative(path)
        for path in sql_files()
        if not re.search(rf"\b({path.stem}|{re.sub('^(create|alter)_', '', path.stem)})\b", users)
    ]
    assert unused == []


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "requirements-dev.txt",
        "emulator/requirements.txt",
        "emulator/requirements-dev.txt",
        "emulator/smoke/requirements.txt",
        "notebooks/requirements.txt",
        "tests/compose/requirements.txt",
        "requirements-uv.txt",
    ],
)
def test_requirements_are_pinned_with_hashes(name):
    text = (ROOT / name).read_text().replace("\\\n", "")
    requirements = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert requirements
    pinned = re.compile(r"[\w.\[\],-]+==[\w.+!]+( ;[^\\]*)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
    assert [line for line in requirements if not pinned.fullmatch(line)] == []


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("-- one; not two\nSELECT 1;\n", 1),
        ("SELECT 1; SELECT 2", 2),
        ("BEGIN\n INSERT INTO t SELECT 1;\n IF x THEN SELECT 2;\n END IF;\nEND;", 1),
        ("IF x THEN SELECT 1;\nEND IF;\nSELECT 2;", 2),
    ],
)
def test_statements_are_counted(sql, count):
    assert statement_count(sql) == count
