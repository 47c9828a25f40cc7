"""Tables are looked up by name, and a name is no file."""

import pytest
from google.api_core.exceptions import NotFound

from bqml_emulator.engine import catalog_lookups


@pytest.mark.parametrize("name", ["csv", "CSV", "json", "parquet", "usual"])
def test_a_table_that_is_called_like_a_files_ending_is_made_and_found(bigquery, dataset, name):
    table = f"{bigquery.project}.{dataset}.{name}"
    with pytest.raises(NotFound):
        bigquery.get_table(table)
    bigquery.load_table_from_json([{"a": 1}], table).result()
    assert [tuple(row) for row in bigquery.query_and_wait(f"SELECT a FROM `{table}`")] == [(1,)]
    assert bigquery.get_table(table).num_rows == 1
    with pytest.raises(NotFound):
        bigquery.query_and_wait(f"SELECT a FROM `{bigquery.project}.{dataset}.other_{name}`")


def test_a_name_is_found_in_its_own_case_only(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.Things AS SELECT 1 AS a")
    assert bigquery.get_table(f"{bigquery.project}.{dataset}.Things").num_rows == 1
    with pytest.raises(NotFound):
        bigquery.get_table(f"{bigquery.project}.{dataset}.things")


def test_a_step_asks_each_question_once_and_the_next_step_asks_anew():
    asked = []
    fetch = catalog_lookups._asked_once(
        lambda sql, params=None: asked.append((sql, params)) or [(len(asked),)]
    )

    @catalog_lookups.asking_once
    def step() -> list:
        return [fetch("tables", ["a"]), fetch("tables", ["a"]), fetch("tables", ["b"])]

    assert step() == [[(1,)], [(1,)], [(2,)]]
    assert step() == [[(3,)], [(3,)], [(4,)]]
    assert fetch("tables", ["a"]) == [(5,)]
