"""docs/sensors.md: the DAG that it shows runs in anybody's Airflow, and the page shows that DAG."""

import inspect
import re
import textwrap
from pathlib import Path

import pytest

from tests.support.world import parse_dags
from vitrine.index.sensor import VectorIndexSensor

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/sensors.md").read_text()
EXAMPLE = ROOT / "docs/examples/search_articles.py"
SENSORS = ("wait_for_index", "wait_for_index_deferred")
HOWTO = re.compile(r"# \[START (\w+)\]\n(.*?) *# \[END \1\]", re.DOTALL)
# 12 MB: BigQuery fills no index of fewer than 10 MiB.
ARTICLES = """
CREATE TABLE articles AS
SELECT id AS article_id, ARRAY(SELECT SIN(id * n) FROM UNNEST(GENERATE_ARRAY(1, 320)) AS n) AS embedding
FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS id"""
INDEX = """
CREATE VECTOR INDEX IF NOT EXISTS articles_index ON articles(embedding)
OPTIONS (index_type = 'IVF', distance_type = 'COSINE')"""


@pytest.fixture
def shop(fresh_world, monkeypatch):
    """A table with an index, both of other people; there is no collection, and no setting of Vitrine's."""
    fresh_world.emulator.bigquery.create_dataset(fresh_world.dataset)
    fresh_world.rows(ARTICLES)
    monkeypatch.setenv("VITRINE_COLLECTIONS", "/there/is/none.yaml")
    fresh_world.dagbag = parse_dags(EXAMPLE.parent)
    return fresh_world


@pytest.mark.parametrize("task_id", SENSORS)
def test_it_waits_until_the_index_is_filled(shop, task_id):
    shop.emulator.faults(index_build_seconds=2.0)
    dag = shop.dagbag.dags["search_articles"]
    [other] = {*SENSORS} - {task_id}
    dag.get_task(other).execute = lambda context: None
    waiting = dag.get_task(task_id)
    waiting.poke_interval = 0.2
    waiting.pre_execute = lambda context: shop.rows(INDEX)  # else it would be filled already

    run = shop.run_dag("search_articles", project=shop.emulator.project, dataset=shop.dataset)

    assert run.state == "success"
    [listed] = shop.rows(f"SELECT coverage_percentage FROM {shop.dataset}.INFORMATION_SCHEMA.VECTOR_INDEXES")
    assert listed["coverage_percentage"] == 100
    looks = [
        job.labels
        for job in shop.emulator.bigquery.list_jobs()
        if job.labels.get("vitrine_task") == task_id and shop.dataset in job.query
    ]
    assert len(looks) > 2, "it looked, and waited"
    assert {labels["vitrine_dag"] for labels in looks} == {"search_articles"}


def test_the_page_shows_the_dag_that_is_tested():
    shown = {name: textwrap.dedent(text) for name, text in HOWTO.findall(EXAMPLE.read_text())}
    assert len(shown) == 2
    assert [name for name, text in shown.items() if text not in PAGE] == []


def test_the_page_names_every_parameter_and_every_template():
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]*)\|$", PAGE, re.MULTILINE))
    named = [name for name in inspect.signature(VectorIndexSensor).parameters if name != "kwargs"]
    assert list(rows) == named
    assert [name for name, templated in rows.items() if templated.strip()] == [
        name for name in named if name in VectorIndexSensor.template_fields
    ]
