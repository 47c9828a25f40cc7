"""What one search costs, in questions to DuckDB and rows: counted, because times depend on the machine."""

import collections
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

CATALOG = re.compile(
    r"emulator\.(tables|indexes|datasets|row_access_policies|js_functions)|pragma_table_info|EXPLAIN"
)
BYTES = re.compile(r"^SELECT CAST\(.*sum\(.* AS BIGINT\) FROM \(SELECT .*\"demo-project\"\.\"ds\"\.\"t\"")
RESULT = "_results"  # asked for the answer, after the statement


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    script, data = Path(__file__).with_name("search_counts.py"), tmp_path_factory.mktemp("counts")
    ports = {"EMULATOR_PORT": "1", "STORAGE_PORT": "1"}  # nobody listens
    folders = {"PYTHONPATH": f"{script.parent}:{script.parent.parent}", "EMULATOR_DATA": str(data)}
    command, environment = [sys.executable, script], folders | ports
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_catalog_is_asked_each_question_once(counted):
    statement = [sql for sql in counted["again"] if CATALOG.search(sql) and RESULT not in sql]
    again = {sql: n for sql, n in collections.Counter(statement).items() if n > 1}
    assert again == {}
    assert len(counted["again"]) <= 60  # with two tables; it was over 90 when every rule asked for itself


def test_the_bytes_of_a_table_are_counted_again_only_when_it_has_changed(counted):
    scans = [
        len([sql for sql in counted[step] if BYTES.search(sql)]) for step in ("again", "changed", "unchanged")
    ]
    assert scans == [0, 1, 0]


def test_a_search_by_index_compares_the_rows_of_the_probed_lists_alone(counted):
    assert counted["unlisted"] == 0
    assert 0 < counted["compared"] < 6_001 / 4  # a tenth of the lists, which are not all of one size


def test_a_search_for_many_vectors_asks_duckdb_for_all_of_them_at_once(counted):
    assert 0 < counted["batch"] <= 4  # DuckDB hands on 2,048 rows at a time; it was once for each vector
