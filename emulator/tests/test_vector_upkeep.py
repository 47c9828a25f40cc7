"""The life of a vector index after its creation: drift, rebuild, quotas, disablement, stored columns.

BQ/vector-index, the GoogleSQL references of DDL, system procedures and vector index functions,
BQ/information-schema-vector-indexes and BQ/quotas (2026-08-22); "ours" where no source states a text.
"""

import datetime

import numpy as np
import pytest
from documented import INDEX_VIEW, PROCEDURES, QUOTAS, STATISTICS, VECTOR_INDEX, documented
from emulator_process import wait_until
from google.api_core.exceptions import BadRequest, Forbidden, NotFound
from google.cloud.bigquery import LoadJobConfig
from local_bigquery.errors import BigQueryError
from vector_data import load, vectors
from vector_table import CREATE, DIMENSION, ROWS, SEARCH, Indexed, filtered

from bqml_emulator.vector import index as vector_index
from bqml_emulator.vector import quota
from bqml_emulator.vector.drift import divergence

DRIFT = "SELECT * FROM VECTOR_INDEX.STATISTICS(TABLE {ds}.{table})"
REBUILD = "ALTER VECTOR INDEX ix ON {ds}.{table} REBUILD"
CANCEL = "CALL BQ.CANCEL_INDEX_ALTERATION('demo-project.{ds}.{table}', 'ix')"
ALTERATION = (
    "SELECT last_index_alteration_info, last_model_build_time, coverage_percentage "
    "FROM {ds}.INFORMATION_SCHEMA.VECTOR_INDEXES WHERE table_name = '{table}'"
)
DEFAULTS = {
    "index_build_seconds": 2.0,
    "background_reservation": False,
    "organization_index_limit_bytes": None,
}


@pytest.fixture
def table(emulator, dataset):
    """An empty table's name in a fresh dataset; indexes are built at once."""
    emulator.faults(index_build_seconds=0)
    yield Indexed(emulator, dataset)
    emulator.faults(**DEFAULTS)


@pytest.fixture(scope="module")
def filled(emulator):
    """A filled table with an index that stores a column; tests leave both as they are."""
    emulator.faults(index_build_seconds=0)
    filled = Indexed(emulator, "upkeep")
    filled.ask("CREATE SCHEMA upkeep")
    filled.fill()
    filled.ask(CREATE.replace("OPTIONS", "STORING(kind) OPTIONS"))
    filled.wait_full()
    yield filled
    filled.ask("DROP SCHEMA upkeep CASCADE")
    emulator.faults(**DEFAULTS)


def test_drift_is_the_divergence_of_the_lists():
    """GoogleSQL vector index functions: FLOAT64 in [0, 1); the measure is ours."""
    even, shifted, elsewhere = (np.array(rows, dtype=float) for rows in ([5, 5, 0], [9, 1, 0], [0, 0, 7]))
    assert divergence(even, even) == divergence(even, 3 * even) == 0
    assert 0 < divergence(even, shifted) < divergence(even, elsewhere) < 1
    assert divergence(even, shifted) == divergence(shifted, even)
    assert divergence(np.zeros(3), even) < 1


@documented(
    "Vector index",
    "Drift is NULL before training, grows with data unlike it, ends with a rebuild",
    STATISTICS,
)
def test_drift_grows_with_other_vectors_and_not_with_more_of_the_same(emulator, table):
    """Same page: no active index, no rows; training not complete, NULL. Observed live (statmike, 2026-09-03):
    one column, tfdv_drift; 0.0 when fresh; 2e-5 after more than doubling the table with the same vectors."""
    table.fill()
    assert table.ask(DRIFT) == []
    emulator.faults(index_build_seconds=600_000)  # the first row takes longer than any machine
    table.ask(CREATE)
    assert table.ask(DRIFT) == [(None,)]
    assert table.code() == "PENDING_INDEX_CREATION"
    emulator.faults(index_build_seconds=0, background_reservation=True)
    table.ask(CREATE.replace("CREATE", "CREATE OR REPLACE"))
    table.wait_full()
    result = table.client.query_and_wait(DRIFT.format(ds=table.ds, table="t"))
    assert [(field.name, field.field_type) for field in result.schema] == [("tfdv_drift", "FLOAT")]
    assert table.ask(DRIFT) == [(0.0,)]
    table.ask("CREATE VIEW {ds}.drift AS " + DRIFT)
    table.ask("INSERT INTO {ds}.{table} SELECT n + 100000, kind, embedding FROM {ds}.{table}")
    assert table.ask(DRIFT) == [(0.0,)]
    one_side = np.abs(vectors(ROWS, DIMENSION, seed=5))
    load(table.client, f"{table.ds}.t", one_side, first=200_000)
    table.ask("DELETE FROM {ds}.{table} WHERE n BETWEEN 1000 AND 199999")
    [(drift,)] = table.ask(DRIFT)
    assert 0.3 < drift < 1
    assert table.ask("SELECT tfdv_drift FROM {ds}.drift") == [(drift,)]
    table.ask(
        "CREATE TABLE {ds}.health AS SELECT tfdv_drift AS drift FROM VECTOR_INDEX.STATISTICS(TABLE {ds}.t)"
    )
    assert table.ask("SELECT s.drift FROM {ds}.health AS s") == [(drift,)]
    table.ask(REBUILD)
    wait_until(lambda: table.ask(DRIFT) == [(0.0,)])


def test_statistics_of_a_missing_table(filled):
    with pytest.raises(NotFound):
        filled.ask("SELECT * FROM VECTOR_INDEX.STATISTICS(TABLE {ds}.nothing)")


@documented(
    "Vector index",
    "A rebuild is one at a time, without downtime; the view tells of it",
    VECTOR_INDEX,
)
def test_a_rebuild_goes_on_in_the_shadow_and_then_takes_over(emulator, filled):
    """BQ/vector-index, "Rebuild a vector index": no downtime, one at a time, the shadow index is promoted."""
    [(info, built, coverage)] = filled.ask(ALTERATION)
    assert (info, coverage) == (None, 100)
    emulator.faults(background_reservation=True, index_build_seconds=5)  # long enough to be seen half-way
    before = datetime.datetime.now(datetime.UTC)
    job = filled.client.query(REBUILD.format(ds=filled.ds, table="t"))
    job.result()
    assert (job.statement_type, job.ddl_operation_performed) == ("ALTER_VECTOR_INDEX", "ALTER")
    [(info, _, _)] = filled.ask(ALTERATION)
    assert (info["status"], info["message"], info["end_time"]) == ("IN_PROGRESS", None, None)
    assert info["start_time"] >= before
    assert info["ddl"] == f"ALTER VECTOR INDEX `ix` ON `demo-project.{filled.ds}.t` REBUILD"
    with pytest.raises(BadRequest, match="is being rebuilt already"):  # ours
        filled.ask(REBUILD)
    seen = []
    wait_until(lambda: seen.append(filled.ask(ALTERATION)[0]) or seen[-1][0]["status"] is None)
    assert all(coverage == 100 for _, _, coverage in seen)
    shadow = [info["new_coverage_percentage"] for info, _, _ in seen]
    assert shadow == sorted(shadow)
    assert any(0 < percentage < 100 for percentage in shadow)
    assert shadow[-1] == 100
    assert all(moment == built for info, moment, _ in seen if info["status"])
    assert seen[-1][1] > built
    assert filled.usage(SEARCH % "")["indexUsageMode"] == "FULLY_USED"
    emulator.faults(**DEFAULTS)


@documented("Vector index", "`BQ.CANCEL_INDEX_ALTERATION` ends a rebuild; its information goes", PROCEDURES)
def test_a_cancelled_rebuild_leaves_no_trace(emulator, filled):
    """BQ/vector-index, "Cancel a rebuild": last_model_build_time is not updated, the info not present."""
    [(_, built, _)] = filled.ask(ALTERATION)
    emulator.faults(background_reservation=True, index_build_seconds=600)
    filled.ask(REBUILD)
    filled.ask(CANCEL)
    assert filled.ask(ALTERATION) == [(None, built, 100)]
    filled.ask(CANCEL)  # ours: nothing to cancel is no error
    with pytest.raises(NotFound, match="Vector index other"):
        filled.ask(CANCEL.replace("'ix'", "'other'"))
    emulator.faults(**DEFAULTS)
    assert filled.ask(ALTERATION) == [(None, built, 100)]


@pytest.mark.parametrize("arguments", ["'ds.t'", "1, 2", "NULL, 'ix'", "'t', 'ix'", "'a.b.c.d', 'ix'"])
def test_cancel_takes_two_names(filled, arguments):
    """BQ/reference/system-procedures: '[project_id.]dataset.table' and the index name; the text is ours."""
    with pytest.raises(BadRequest, match="CANCEL_INDEX_ALTERATION takes"):
        filled.ask(f"CALL BQ.CANCEL_INDEX_ALTERATION({arguments})")


def test_a_rebuild_of_what_is_not_there(emulator, filled):
    emulator.faults(background_reservation=True)
    with pytest.raises(NotFound, match="Vector index other"):
        filled.ask(REBUILD.replace("ix", "other"))
    job = filled.client.query("ALTER VECTOR INDEX IF EXISTS other ON upkeep.t REBUILD")
    job.result()
    assert job.ddl_operation_performed == "SKIP"
    filled.ask(REBUILD, dry_run=True)
    emulator.faults(**DEFAULTS)
    assert filled.ask(ALTERATION)[0][0] is None or filled.ask(ALTERATION)[0][0]["status"] is None


@documented("Vector index", "A failed rebuild has status FAILED, message and end", INDEX_VIEW)
def test_a_rebuild_of_a_small_table_fails_with_its_reason(emulator, table):
    """BQ/information-schema-vector-indexes: status FAILED, message an ErrorProto, end_time set."""
    table.fill(5_000, 2)
    table.ask(CREATE)
    emulator.faults(background_reservation=True)
    table.ask(REBUILD)
    info = wait_until(lambda: (found := table.ask(ALTERATION)[0][0])["status"] == "FAILED" and found)
    assert "below the threshold of 10485760 bytes" in info["message"]["message"]
    assert info["message"]["reason"] == "invalid"
    assert info["start_time"] <= info["end_time"]


@documented("Vector index", "10 CREATE or DROP VECTOR INDEX a day and table; the name counts", QUOTAS)
def test_ten_statements_a_day_and_table_name(table):
    """BQ/quotas: 10 CREATE or DROP VECTOR INDEX statements per table per day; quotas are tied to the name."""
    table.fill(5_000, 2)
    replace = CREATE.replace("CREATE", "CREATE OR REPLACE")
    for _ in range(4):
        table.ask(replace)
        table.ask("DROP VECTOR INDEX ix ON {ds}.{table}")
    table.ask("DROP VECTOR INDEX IF EXISTS ix ON {ds}.{table}")  # nothing to do: not counted (ours)
    table.ask(CREATE)
    table.ask("CREATE OR REPLACE TABLE {ds}.{table} AS SELECT * FROM {ds}.{table}")
    table.ask(CREATE, dry_run=True)
    table.ask(CREATE)
    with pytest.raises(Forbidden, match="Quota exceeded: Your table exceeded quota") as failure:
        table.ask("DROP VECTOR INDEX ix ON {ds}.{table}")
    assert failure.value.errors[0]["reason"] == "quotaExceeded"
    table.ask("CREATE TABLE {ds}.other AS SELECT * FROM {ds}.{table}")
    table.ask(CREATE.replace("{table}", "other"))


@documented("Vector index", "500 CREATE VECTOR INDEX a day and project", QUOTAS)
def test_five_hundred_creations_a_day_and_project(monkeypatch):
    """BQ/quotas: 500 CREATE VECTOR INDEX statements per project, region and day. Only the count is false."""
    monkeypatch.setattr(quota.database, "fetch", lambda *_: [(0, 500)])
    with pytest.raises(BigQueryError, match="Your project exceeded quota for CREATE VECTOR INDEX"):
        quota._check("CREATE", ("p", "ds", "t"))
    quota._check("DROP", ("p", "ds", "t"))


@documented(
    "Vector index",
    "Over the organization's limit: PENDING, then TEMPORARILY DISABLED",
    VECTOR_INDEX,
)
def test_over_the_limit_of_the_organization(emulator, table):
    """BQ/vector-index, "Use shared slots": paused and still used, then deleted; resumed below the limit; none
    with an own reservation. The time between is ours: index_build_seconds."""
    table.fill()
    table.ask(CREATE)
    table.wait_full()
    emulator.faults(index_build_seconds=3.0, organization_index_limit_bytes=1_000)
    wait_until(lambda: table.state()[0] == "PENDING DISABLEMENT")
    assert table.state()[1:3] == (100, 0)
    assert table.state()[4:] == (None, None)
    assert table.usage(SEARCH % "") == {"indexUsageMode": "FULLY_USED"}
    table.fill(100, first=ROWS)
    state = wait_until(lambda: table.state() if table.state()[0] == "TEMPORARILY DISABLED" else None)
    assert state[1:3] == (0, ROWS + 100)
    assert "exceeds the limit of 1000 bytes" in state[4]
    assert table.code() == "BASE_TABLE_TOO_LARGE"
    assert table.ask(DRIFT) == []
    emulator.faults(background_reservation=True, index_build_seconds=0)
    table.wait_full()
    assert table.state()[0] == "ACTIVE"


@documented("Vector index", "An incompatible schema change: PERMANENTLY DISABLED", INDEX_VIEW)
def test_an_incompatible_schema_change_disables_for_good(table):
    """BQ/information-schema-vector-indexes: PERMANENTLY DISABLED; a new index is needed afterwards (ours)."""
    table.fill(5_000, 2)
    table.ask(CREATE)
    truncate = LoadJobConfig(source_format="NEWLINE_DELIMITED_JSON", write_disposition="WRITE_TRUNCATE")
    truncate.autodetect = True
    rows = [{"n": 7, "kind": "k", "embedding": "no vector"}]
    table.client.load_table_from_json(rows, f"{table.ds}.t", job_config=truncate).result()
    state = table.state()
    assert state[0] == "PERMANENTLY DISABLED"
    assert "column embedding is not ARRAY<FLOAT64>" in state[4]
    assert isinstance(state[5], datetime.datetime)
    rows = [{"n": n, "kind": "k", "embedding": [1.5, float(n)]} for n in range(8)]
    table.client.load_table_from_json(rows, f"{table.ds}.t", job_config=truncate).result()
    assert table.state()[0] == "PERMANENTLY DISABLED"
    table.ask("DROP VECTOR INDEX ix ON {ds}.{table}")


BASE = "VECTOR_SEARCH({base}, 'embedding', query_value => (SELECT embedding FROM {ds}.{table} WHERE n = 7))"
WHOLE, PART = "TABLE {ds}.{table}", "(SELECT * FROM {ds}.{table} WHERE %s)"


@pytest.mark.parametrize(
    ("select", "base", "uncovered"),
    [
        ("base.kind, distance", WHOLE, []),
        ("COUNT(*)", WHOLE, []),
        ("s.base.kind", WHOLE, []),
        ("base.n, base.kind", WHOLE, ["n"]),
        ("*", WHOLE, ["n"]),
        ("base", WHOLE, ["n"]),
        ("base.n", PART % "kind = 'k1'", []),
        ("base.kind", PART % "n > 3", ["n"]),
    ],
)
def test_stored_columns_in_the_statistics(filled, select, base, uncovered):
    """REST reference, StoredColumnsUsage; BQ/vector-index, "Pre-filter with stored columns"."""
    statement = f"SELECT {select} FROM {BASE.replace('{base}', base)} AS s"
    usage = filled.usage(statement)
    assert usage["indexUsageMode"] == "FULLY_USED"
    [stored] = usage["storedColumnsUsages"]
    assert stored["baseTable"] == {"projectId": "demo-project", "datasetId": filled.ds, "tableId": "t"}
    assert stored["isQueryAccelerated"] == (uncovered == [])
    reasons = stored.get("storedColumnsUnusedReasons", [])
    assert [(reason["code"], reason["uncoveredColumns"]) for reason in reasons] == (
        [("STORED_COLUMNS_COVER_INSUFFICIENT", uncovered)] if uncovered else []
    )


@documented("Vector search", "TREE_AH uses stored columns only to filter", VECTOR_INDEX)
def test_a_tree_ah_index_uses_its_stored_columns_only_to_filter(table):
    """Same page: "For TreeAH indexes, the join with the base table is not removed"."""
    table.fill()
    table.ask(CREATE.replace("OPTIONS", "STORING(kind) OPTIONS").replace("'IVF'", "'TREE_AH'"))
    table.wait_full()
    select = "SELECT base.kind FROM " + BASE
    [stored] = table.usage(select.replace("{base}", PART % "kind = 'k1'"))["storedColumnsUsages"]
    assert stored["isQueryAccelerated"] is True
    [stored] = table.usage(select.replace("{base}", WHOLE))["storedColumnsUsages"]
    assert stored["isQueryAccelerated"] is False
    assert stored["storedColumnsUnusedReasons"][0]["code"] == "OTHER_REASON"
    assert len(table.ask(filtered(SEARCH % ", top_k => 20", "kind = 'k1'"))) == 20


def test_one_dimension_is_too_few_for_tree_ah(table):
    """DDL reference: "The array dimension must be at least 2". The text is ours."""
    table.ask("CREATE TABLE {ds}.{table} AS SELECT [1.5] AS embedding FROM UNNEST(GENERATE_ARRAY(1, 5000))")
    with pytest.raises(BadRequest, match="found 1 to 1 elements"):
        table.ask(CREATE.replace("'IVF'", "'TREE_AH'"))
    table.ask(CREATE)


@documented("Vector index", "At most 4,096 dimensions", QUOTAS)
@pytest.mark.parametrize("dimension", [4_096, 4_097])
def test_at_most_4096_dimensions(monkeypatch, dimension):
    """BQ/quotas, since 2026-04-17. The text is ours. Only the table is false: it would have 160 MB."""
    found = [(5_000, dimension, dimension, 0)]
    monkeypatch.setattr(vector_index.database, "fetch", lambda *_: found)
    index = vector_index._definition("ix", ("p", "ds", "t"), "embedding", [], {"index_type": "IVF"})
    if dimension <= 4_096:
        vector_index._check_vectors(index)
        return
    with pytest.raises(BigQueryError, match="found 4097 to 4097 elements"):
        vector_index._check_vectors(index)
