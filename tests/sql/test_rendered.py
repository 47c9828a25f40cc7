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
from vitrine.planning import Batch

GOLDEN = Path(__file__).parent / "rendered"
RUN_ID = "manual__2026-11-22T02:00:00+00:00"
BATCH = Batch(work_order="vitrine_embed-bqml_tutorial-pass1-01a202eb", batch_number=0, images=2, bytes=1)
# Passes differ by their parameters alone: the first stands for all.
LATER_PASSES = ("pass_2.", "pass_3.", "pass_4.", "pass_5.")


def context(dag, **params) -> dict:
    """What Jinja sees when a task of a run is rendered."""
    given = {param: dag.params[param] for param in dag.params} | params
    return {
        "params": given,
        "run_id": RUN_ID,
        "ti": SimpleNamespace(
            id="01a202eb-a5eb-79b6-9d2c-b40495d1ff33", xcom_pull=lambda **_: BATCH["work_order"]
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
        for name in ("configuration", "count", "write", "read", "failed", "drift")
    }
    return {name: value["query"]["query"] for name, value in fields.items() if isinstance(value, dict)}


@pytest.fixture(scope="module")
def all_rendered(airflow_db) -> dict[str, str]:
    """Every statement by name: dag.task.field."""
    found = {}
    for dag in parse_dags().dags.values():
        for task in dag.tasks:
            if task.is_mapped:
                task = task.unmap({"batch": BATCH})
            task.render_template_fields(context(dag), dag.get_template_env())
            found |= {f"{dag.dag_id}.{task.task_id}.{field}": sql for field, sql in statements(task).items()}
    return found


@pytest.fixture(scope="module")
def rendered(all_rendered) -> dict[str, str]:
    """Every statement but those of the later passes."""
    later = tuple(f"embed_images.{number}" for number in LATER_PASSES)
    return {name: sql for name, sql in all_rendered.items() if not name.startswith(later)}


def test_every_pass_sends_the_statements_of_the_first(all_rendered, rendered):
    later = {name: sql for name, sql in all_rendered.items() if name not in rendered}
    assert len(later) > 20
    assert later == {name: rendered[re.sub(r"pass_\d", "pass_1", name)] for name in later}


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


def test_the_grammar_refuses_what_is_wrong(rendered):
    with pytest.raises(Exception, match="Syntax error"):
        parse(
            rendered["embed_images.pass_1.publish_new_embeddings.configuration"].replace(
                "USING (", "USE (", 1
            )
        )


@pytest.mark.parametrize(
    ("params", "part"),
    [
        ({"uri_prefix": "gs://b/"}, "met_image_embeddings` WHERE STARTS_WITH(uri, @uri_prefix))"),
        ({"use_brute_force": True}, """options => '{"use_brute_force": true}'"""),
        ({"fraction_lists_to_search": 0.1}, """options => '{"fraction_lists_to_search": 0.1}'"""),
        ({"top_k": 50}, "top_k => 50,"),
    ],
)  # fmt: skip
def test_the_params_of_a_search_change_its_statement(airflow_db, params, part):
    dag = parse_dags().dags["search_images"]
    task = dag.get_task("search_images")
    task.render_template_fields(context(dag, **params), dag.get_template_env())
    sql = statements(task)["configuration"]
    assert part in sql
    parse(sql)
