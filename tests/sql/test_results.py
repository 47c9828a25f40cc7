"""What the statements of the DAGs do: tables before, the statement as its DAG renders it, tables after.

Each case is a file `cases/<folder of include/sql>/<statement>/<case>.yaml`:

    tables:      rows before, by table; other tables are empty; defaults.yaml fills the columns left out;
                 the times `this_month`, `last_month`, `today` and `last_week` are read against the clock;
                 the contents `old` and `new` are the image's own, any other name is the same for all images
    params:      Params of the DAG (batch_size, top_k)
    parameters:  query parameters that only a real run knows (run_id), or that a case sets otherwise
    faults:      what the emulated model does wrong, where the statement calls it
    expect:      rows after, by table; `result`: the rows answered; `error`: a part of the message;
                 `calls`: what the model was called for, an object's name or `text`;
                 `dml`: the kinds of those statements of a script that ran and write

A key that nothing reads is an error, be it a table or a Param. Expected rows name the columns they compare; a
time of these minutes is `now`.
Every statement that writes runs twice: the second run leaves the same rows and calls the model for nothing.
"""

import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.bigquery import QueryJob, QueryJobConfig

from tests.faults.images import tiny_png
from tests.sql.test_rendered import BATCH, context
from tests.support.emulator import Emulator
from tests.support.world import World
from vitrine.google.jobs import Parameter, boolean, float64, int64, string, strings, timestamp

Rows = list[dict[str, Any]]

CASES = Path(__file__).parent / "cases"
CASE_FILES = sorted(CASES.glob("*/*/*.yaml"))
DEFAULTS = yaml.safe_load((CASES / "defaults.yaml").read_text())
STATEMENT_FIELDS = ("configuration", "count", "write", "failed", "renew", "ask", "drift")
SETUP = "setup/"
# Tested where setup and teardown run, and where an index is built and filled (tests/faults).
WITHOUT_CASES = (
    SETUP,
    "teardown/drop_",
    "schema/create_",
    "schema/alter_",
    "index/create_vector_index",
    "index/select_vector_index",
    "index/rebuild_vector_index",
)
DIMENSION = "128"
# When a row was written last: all that a second run may change.
STAMPS = {"reported_at", "searched_at", "measured_at", "expires_at"}
NOW = timedelta(minutes=2)
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:]+Z")
# A plain table has no metadata cache. That the DAG refreshes it is tested in tests/faults.
REFRESH = re.compile(r"CALL BQ\.REFRESH_EXTERNAL_METADATA_CACHE\(.*?\);")
# Keys of `expect`; every other one is a table.
OUTCOMES = {"result", "error", "calls", "dml"}
# Contents that belong to one image. Any other name of a content means the same bytes wherever it stands.
CONTENT, OWN = {"md5_hash", "content_hash"}, {"old", "new", "newer", "newest"}
DML = {"INSERT", "UPDATE", "DELETE", "MERGE"}
WRITING = re.compile(r"^\s*(INSERT|MERGE|UPDATE|DELETE)\b", re.MULTILINE)
# A plain table with an object table's columns, so that a case can say what is in the bucket.
# https://docs.cloud.google.com/bigquery/docs/object-table-introduction#object_table_schema
PLAIN_MET_IMAGES = """CREATE TABLE `{}` (
  uri STRING, generation INT64, content_type STRING, size INT64, md5_hash STRING, updated TIMESTAMP,
  metadata ARRAY<STRUCT<name STRING, value STRING>>,
  ref STRUCT<uri STRING, version STRING, authorizer STRING, details JSON>)"""
# Statements that call the model take a real object table of a real bucket.
REAL_MET_IMAGES = (
    f"{SETUP}create_connection",
    f"{SETUP}grant_roles",
    f"{SETUP}create_images",
    f"{SETUP}create_multimodal_embedding_model",
)
CALLERS_OF_THE_MODEL = {
    "embed/ask_one_image",
    "embed/insert_embedding_attempts",
    "search/embed_query",
    "search/search_saved_queries",
}
BUCKET = "sql-results"
OBJECTS = {f"{number}.png": tiny_png(number) for number in range(1, 5)} | {"broken.png": b"not an image"}


@dataclass(frozen=True)
class Case:
    """One file of cases/; the docstring of the module explains the keys."""

    expect: dict[str, Any]
    tables: dict[str, Rows] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, Any] = field(default_factory=dict)


def statement_of(path: Path) -> str:
    """Answer what a case is for, as its folders name it: "embed/quarantine_images"."""
    return str(path.parent.relative_to(CASES))


class Laboratory:
    """A dataset for statements, with the tables that setup_image_search makes, all empty."""

    def __init__(self, world: World, met_images: str | None) -> None:
        """`met_images` is the DDL of a plain table, or None for a real object table beside a real model."""
        self.world, self.client = world, world.emulator.bigquery
        self.prefix = f"{os.environ['GOOGLE_CLOUD_PROJECT']}.{world.dataset}."
        self.has_model = not met_images
        ours = [table for table in DEFAULTS["tables"] if table != "met_images"]
        made = [f"schema/create_{table.removeprefix('met_')}" for table in ours]
        for statement in [f"{SETUP}create_dataset", *made, *(() if met_images else REAL_MET_IMAGES)]:
            self.submit(self.query(statement)).result()
        if met_images:
            self.client.query_and_wait(met_images.format(f"{self.prefix}met_images"))
        self.used: set[str] = set()
        self.tables = ours if self.has_model else [*ours, "met_images"]

    @cached_property
    def statements(self) -> dict[str, tuple[Any, str]]:
        """Which task sends a statement, and from which field; of the passes that repeat it, the first."""
        found: dict[str, tuple[Any, str]] = {}
        for dag in self.world.dagbag.dags.values():
            for task in dag.topological_sort():
                task = task.unmap({"batch": BATCH}) if task.is_mapped else task
                for name in STATEMENT_FIELDS:
                    if isinstance(value := getattr(task, name, None), dict):
                        found.setdefault(value["query"]["query"].removesuffix(".sql"), (task, name))
        return found

    def query(
        self, statement: str, params: dict[str, Any] | None = None, parameters: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Answer the query as its task sends it in a run with these Params, with some parameters set."""
        task, name = self.statements[statement]
        assert (params or {}).keys() <= set(task.dag.params), f"not Params of the DAG: {params}"
        jinja = task.dag.get_template_env()
        query = task.render_template(getattr(task, name), context(task.dag, **(params or {})), jinja)["query"]
        sql = query["query"] if self.has_model else REFRESH.sub("", query["query"])
        return {**query, "query": sql, "queryParameters": with_values(query, parameters or {})}

    def submit(self, query: dict[str, Any]) -> QueryJob:
        """Start the job of a query."""
        settings = {key: value for key, value in query.items() if key != "query"}
        return self.client.query(query["query"], QueryJobConfig.from_api_repr({"query": settings}))

    def fill(self, tables: dict[str, Rows], written: set[str]) -> None:
        """Leave these rows in the tables and no others; `written` are those that the statement may write.

        Without a row of its own, the lease is that of the run.
        """
        tables = {"embedding_lease": [{}]} | tables
        assert tables.keys() <= set(self.tables), f"not tables that a case may fill: {tables.keys()}"
        if self.used:
            truncate = ";\n".join(f"TRUNCATE TABLE `{self.prefix}{name}`" for name in sorted(self.used))
            self.client.query_and_wait(truncate)
        self.used = tables.keys() | written
        for name in (name for name, rows in tables.items() if rows):
            full = [moments(own_content(DEFAULTS["tables"][name] | row)) for row in tables[name]]
            self.world.emulator.load(self.prefix + name, full)

    def rows(self, table: str) -> Rows:
        """Answer all rows of a table."""
        return [in_words(readable(row)) for row in self.client.list_rows(self.prefix + table)]


def with_values(query: dict[str, Any], values: dict[str, Any]) -> list[Parameter]:
    """Answer a query's parameters with these values, and the defaults, in place of what was rendered."""
    read = {name: value for name, value in DEFAULTS["parameters"].items() if f"@{name}" in query["query"]}
    parameters = {parameter["name"]: parameter for parameter in query["queryParameters"]}
    for name, value in (read | values).items():
        assert f"@{name}" in query["query"], f"the statement does not read the parameter {name}"
        make = {bool: boolean, int: int64, float: float64, str: string, list: strings}[type(value)]
        make = timestamp if make is string and TIME.fullmatch(value) else make
        parameters[name] = make(name, value) | {
            "parameterType": parameters.get(name, make(name, value))["parameterType"]
        }
    return list(parameters.values())


def own_content(row: dict[str, Any]) -> dict[str, Any]:
    """Answer a row whose image has a content of its own, where it is called old or new."""
    return {
        name: f"{value} of {row['uri']}" if name in CONTENT and value in OWN and "uri" in row else value
        for name, value in row.items()
    }


def in_words(row: dict[str, Any]) -> dict[str, Any]:
    """Answer a row with the contents of images as the cases call them: the reverse of `own_content`."""
    return {
        name: value.removesuffix(f" of {row['uri']}") if name in CONTENT and value and "uri" in row else value
        for name, value in row.items()
    }


def moments(row: dict[str, Any]) -> dict[str, Any]:
    """Answer a row with its relative times as times: the first of this month, the last second of the last."""
    now = datetime.now(UTC)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    known = {
        "this_month": first,
        "last_month": first - timedelta(seconds=1),
        "today": now - timedelta(hours=1),
        "last_week": now - timedelta(days=7),
    }
    return {
        name: known[value].isoformat() if isinstance(value, str) and value in known else value
        for name, value in row.items()
    }


def readable(row: Any) -> dict[str, Any]:
    """Answer a row with its times written as the cases write them."""
    return {
        name: value.strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(value, "strftime") else value
        for name, value in row.items()
    }


@dataclass(frozen=True)
class Outcome:
    """What one run of a statement did: rows, or the error's message; calls of the model; DML of a script."""

    result: Rows
    error: str
    calls: list[str]
    dml: list[str]


def run(laboratory: Laboratory, query: dict[str, Any]) -> Outcome:
    """Run a query to its end."""
    emulator, watched = laboratory.world.emulator, laboratory.has_model
    last = emulator.last_call() if watched else 0
    job = laboratory.submit(query)
    result, error = [], ""
    try:
        result = [readable(row) for row in job.result()]
    except GoogleAPICallError as failure:
        error = str(failure)
    called = [PurePosixPath(call["uri"] or "text").name for call in emulator.ledger(last)] if watched else []
    children = laboratory.client.list_jobs(parent_job=job) if job.num_child_jobs else []
    dml = [child.statement_type for child in children if child.statement_type in DML]
    return Outcome(result, error, sorted(called), dml)


def assert_read(laboratory: Laboratory, statement: str, case: Case, query: dict[str, Any]) -> None:
    """Fail for a key of a case that the statement does not read, and for a table written but not expected."""
    written = case.expect.keys() - OUTCOMES
    assert written or not WRITING.search(query["query"]), "the case does not say what is written"
    for table in case.tables.keys() | written:
        assert f"`{laboratory.prefix}{table}`" in query["query"], f"the statement knows no table {table}"
    for name, value in case.params.items():
        rest = {other: case.params[other] for other in case.params if other != name}
        without = laboratory.query(statement, rest, case.parameters)
        assert query != without, f"the statement does not read the Param {name}, or {value} is its default"


def assert_as_expected(outcome: Outcome, tables: dict[str, Rows], expect: dict[str, Any]) -> None:
    """Compare what a statement did, and left in tables, with every key of `expect`."""
    error = expect.get("error", "")
    assert error in outcome.error, outcome.error
    assert error or not outcome.error, outcome.error
    assert outcome.calls == expect.get("calls", [])
    assert sorted(outcome.dml) == sorted(expect.get("dml", outcome.dml))
    if "result" in expect or not tables:
        result = expect.get("result", [])
        assert project(outcome.result, result) == project(result, result)
    for table, rows in tables.items():
        assert in_order(project(rows, expect[table])) == in_order(project(expect[table], expect[table]))


def project(rows: Rows, like: Rows) -> Rows:
    """Answer rows with only the columns that the rows of `like` have, in the order of its first row."""
    assert all(row.keys() == like[0].keys() for row in like), "expected rows name the same columns"
    return [{name: shown(row[name]) for name in like[0]} if like else {} for row in rows]


def shown(value: Any) -> Any:
    """Answer `now` for a time that the statement itself has taken, else the value."""
    try:
        age = datetime.now(UTC) - datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value
    return "now" if abs(age) < NOW else value


def in_order(rows: Rows) -> Rows:
    """Sort the rows of a table, which has no order."""
    return sorted(rows, key=repr)


def without_stamps(tables: dict[str, Rows]) -> dict[str, Rows]:
    """Leave out what a second run may change."""
    return {
        table: in_order([{k: v for k, v in row.items() if k not in STAMPS} for row in rows])
        for table, rows in tables.items()
    }


@pytest.fixture(scope="module")
def laboratories(emulator: Emulator, airflow_db: None) -> Iterator[dict[bool, Laboratory]]:
    """A dataset with a plain `met_images`, and one (True) with a bucket and a model."""
    before = emulator.faults()
    emulator.faults(hash_model=True)
    emulator.upload(BUCKET, OBJECTS, "image/png")
    emulator.upload(BUCKET, {"note.txt": b"no image"}, "text/plain")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("VITRINE_DIMENSION", DIMENSION)
        environment.setenv("VITRINE_OBJECTS", f"gs://{BUCKET}/*")
        made = {}
        for with_model in (False, True):
            world = World(emulator, f"sql_{uuid.uuid4().hex[:8]}", BUCKET, gallery=Path())
            environment.setenv("VITRINE_DATASET", world.dataset)
            made[with_model] = Laboratory(world, None if with_model else PLAIN_MET_IMAGES)
        yield made
    emulator.faults(**before)


@pytest.fixture
def faults(emulator: Emulator) -> Iterator[Emulator]:
    """The emulator, whose faults end with the test."""
    before = emulator.faults()
    yield emulator
    emulator.faults(**before)


@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: str(path.relative_to(CASES).with_suffix("")))
def test_case(path: Path, laboratories: dict[bool, Laboratory], faults: Emulator):
    case = Case(**yaml.safe_load(path.read_text()))
    statement = statement_of(path)
    laboratory = laboratories[statement in CALLERS_OF_THE_MODEL]
    query = laboratory.query(statement, case.params, case.parameters)
    written = case.expect.keys() - OUTCOMES
    assert_read(laboratory, statement, case, query)
    laboratory.fill(case.tables, {table for table in laboratory.tables if f".{table}`" in query["query"]})
    faults.faults(**case.faults)

    first = run(laboratory, query)
    after = {table: laboratory.rows(table) for table in written}
    assert_as_expected(first, after, case.expect)
    if first.error or not written:
        return
    again = run(laboratory, query)
    assert (again.error, again.calls) == ("", [])
    left = {table: laboratory.rows(table) for table in written}
    assert without_stamps(left) == without_stamps(after), "a second run changes nothing"


def test_every_statement_has_cases(laboratories: dict[bool, Laboratory]):
    sent = {name for name in laboratories[False].statements if not name.startswith(WITHOUT_CASES)}
    assert {statement_of(path) for path in CASE_FILES} == sent
