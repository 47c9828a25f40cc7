"""Every statement the DAGs send, as it is rendered: pinned by a golden file and parsed by Google's own
grammar.

`make golden` rewrites the files after a change that was meant.
"""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.sql.zetasql_support import parse
from tests.support.world import parse_dags
from vitrine.collection import load
from vitrine.embed.planning import Batch
from vitrine.index.sensor import VectorIndexSensor
from vitrine.setup.inventory import Part
from vitrine.setup.tables import TABLES_TO_DROP

GOLDEN = Path(__file__).parent / "rendered"
RUN_ID = "manual__2026-11-22T02:00:00+00:00"
BATCH = Batch(
    work_order="vitrine_embed-bqml_tutorial-pass1-01a202eb",
    batch_number=0,
    planned_at="2026-11-22 02:00:00+00",
    images=2,
    bytes=1,
)
# What other tasks have left, by key.
XCOMS = {
    "work_order": BATCH["work_order"],
    "goes": {str(Part.TABLES): [load()["met"].table_name(name) for name in TABLES_TO_DROP]},
}
# What differs by its parameters alone: passes, and measurements of the index. The first stands for all.
REPEATS = {
    r"repair\.pass_[2-5]\.": "pass_1.",
    r"repair\.plan_batches_[2-5]\.": "plan.plan_batches.",
    r"check_status_[2-5]\.": "check_status_1.",
    r"measure_rebuilt_index\.": "measure_recall.",
}


def context(dag, **params) -> dict:
    """What Jinja sees when a task of a run is rendered."""
    given = {param: dag.params[param] for param in dag.params} | params
    return {
        "params": given,
        "run_id": RUN_ID,
        "ti": SimpleNamespace(
            id="01a202eb-a5eb-79b6-9d2c-b40495d1ff33", xcom_pull=lambda *, key, **_: XCOMS.get(key, "")
        ),
        "dag_run": SimpleNamespace(
            start_date=None,
            run_id=RUN_ID,
            run_type="manual",
            data_interval_start=None,
            data_interval_end=None,
        ),
        **(dag.user_defined_macros or {}),
    }


def statements(task) -> dict[str, str]:
    """The rendered statements of a task, by the field that holds them."""
    fields = {
        name: getattr(task, name, None)
        for name in ("configuration", "count", "write", "failed", "renew", "ask", "drift")
    }
    if isinstance(task, VectorIndexSensor):
        fields["question"] = task.index.question()
    return {name: value["query"]["query"] for name, value in fields.items() if isinstance(value, dict)}


@pytest.fixture(scope="module")
def all_rendered(airflow_db) -> dict[str, str]:
    """Every statement by name: dag.task.field."""
    found = {}
    for dag in parse_dags().dags.values():
        for task in dag.tasks:
            if hasattr(task, "batch"):
                task.batch = BATCH
            task.render_template_fields(context(dag), dag.get_template_env())
            found |= {f"{dag.dag_id}.{task.task_id}.{field}": sql for field, sql in statements(task).items()}
    return found


def first(name: str) -> str:
    """The statement that stands for this one."""
    for repeated, stands_for_it in REPEATS.items():
        name = re.sub(repeated, stands_for_it, name)
    return name


@pytest.fixture(scope="module")
def rendered(all_rendered) -> dict[str, str]:
    """Every statement but those that repeat another."""
    return {name: sql for name, sql in all_rendered.items() if first(name) == name}


def test_what_is_repeated_is_the_same(all_rendered, rendered):
    repeated = {name: sql for name, sql in all_rendered.items() if name not in rendered}
    assert len(repeated) > 20
    assert repeated == {name: rendered[first(name)] for name in repeated}


def test_every_statement_is_the_golden_one(rendered, request):
    if request.config.getoption("--golden"):
        GOLDEN.mkdir(exist_ok=True)
        for old in GOLDEN.glob("*.sql"):
            old.unlink()
        for name, sql in rendered.items():
            (GOLDEN / f"{name}.sql").write_text(sql + "\n")
    golden = {path.stem: path.read_text() for path in GOLDEN.glob("*.sql")}
    assert {name: sql + "\n" for name, sql in rendered.items()} == golden, "meant? then: make golden"


def test_every_statement_parses_with_googles_grammar(rendered):
    assert len(rendered) > 25
    for name, sql in rendered.items():
        try:
            parse(sql)
        except Exception as error:
            raise AssertionError(f"{name}: {error}") from error


def test_a_search_reads_only_what_the_index_stores(rendered):
    searches = {name: sql for name, sql in rendered.items() if "VECTOR_SEARCH(" in sql}
    assert len(searches) > 2
    whole = re.compile(r"(SELECT \*\s+FROM|\bTABLE) `\S*image_embeddings`")
    assert [name for name, sql in searches.items() if whole.search(sql)] == []


def test_the_grammar_refuses_what_is_wrong(rendered):
    with pytest.raises(Exception, match="Syntax error"):
        parse(rendered["embed_images__met.plan.plan_batches.configuration"].replace("USING (", "USE (", 1))


@pytest.mark.parametrize(
    ("params", "part"),
    [
        ({"uri_prefix": "gs://b/"}, "met_image_embeddings`\nWHERE STARTS_WITH(uri, @uri_prefix)\n"),
        ({"use_brute_force": True}, """options => '{"use_brute_force": true}'"""),
        ({"fraction_lists_to_search": 0.1}, """options => '{"fraction_lists_to_search": 0.1}'"""),
        ({"top_k": 50}, "top_k => 50,"),
    ],
)
def test_the_params_of_a_search_change_its_statement(airflow_db, params, part):
    dag = parse_dags().dags["search_images__met"]
    task = dag.get_task("search_images")
    task.render_template_fields(context(dag, **params), dag.get_template_env())
    sql = statements(task)["configuration"]
    assert part in sql
    parse(sql)
