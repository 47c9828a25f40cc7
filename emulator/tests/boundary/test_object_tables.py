"""Object tables: columns, live listing, wildcards, read-only, the metadata cache."""

import base64
import hashlib

import pytest
from documented import DDL, METADATA_CACHE, OBJECT_TABLE, OBJECT_TABLE_DDL, PROCEDURES, REST, documented
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.cloud.bigquery import Table

SECTION = "Object tables"
COLUMNS = [
    ("uri", "STRING", "NULLABLE"),
    ("generation", "INTEGER", "NULLABLE"),
    ("content_type", "STRING", "NULLABLE"),
    ("size", "INTEGER", "NULLABLE"),
    ("md5_hash", "STRING", "NULLABLE"),
    ("updated", "TIMESTAMP", "NULLABLE"),
    ("metadata", "RECORD", "REPEATED"),
    ("ref", "RECORD", "NULLABLE"),
]
CACHED = ", max_staleness = INTERVAL 1 DAY, metadata_cache_mode = '{}'"


@pytest.fixture
def create(bigquery, dataset, folder):
    """Create the object table `dataset.t` over the folder and answer its name."""

    def create(*patterns: str, clause: str = "CREATE EXTERNAL TABLE", extra: str = "") -> str:
        uris = [f"{folder.uri}/{pattern}" for pattern in patterns or ("*",)]
        bigquery.query_and_wait(
            f"{clause} {dataset}.t WITH CONNECTION DEFAULT "
            f"OPTIONS (object_metadata = 'SIMPLE', uris = {uris}{extra})"
        )
        return f"{dataset}.t"

    return create


@pytest.fixture
def names(bigquery, dataset, folder):
    """The object names that the table lists now."""

    def names() -> list[str]:
        rows = bigquery.query_and_wait(f"SELECT uri FROM {dataset}.t ORDER BY uri")
        return [row.uri.removeprefix(f"{folder.uri}/") for row in rows]

    return names


@documented(SECTION, "An object table has eight columns of fixed names, types and order", OBJECT_TABLE)
def test_columns(bigquery, create):
    schema = bigquery.get_table(create()).schema
    assert [(field.name, field.field_type, field.mode) for field in schema] == COLUMNS
    assert [(f.name, f.field_type, f.mode) for f in schema[6].fields] == [
        ("name", "STRING", "NULLABLE"),
        ("value", "STRING", "NULLABLE"),
    ]
    assert [(f.name, f.field_type, f.mode) for f in schema[7].fields] == [
        ("uri", "STRING", "REQUIRED"),
        ("version", "STRING", "NULLABLE"),
        ("authorizer", "STRING", "NULLABLE"),
        ("details", "JSON", "NULLABLE"),
    ]


@documented(SECTION, "A row holds URI, type, size, base64 MD5 and metadata of its object", OBJECT_TABLE)
def test_a_row_describes_its_object(bigquery, create, folder):
    folder.put("dir/a.png", b"abc", artist="unknown")
    [row] = bigquery.query_and_wait(f"SELECT * FROM {create()}")
    assert row.uri == row.ref["uri"] == f"{folder.uri}/dir/a.png"
    assert (row.content_type, row.size) == ("image/png", 3)
    assert row.md5_hash == base64.b64encode(hashlib.md5(b"abc").digest()).decode()
    assert row.metadata == [{"name": "artist", "value": "unknown"}]
    assert row.ref["version"] == str(row.generation)


@documented(
    SECTION,
    "`ref.details` repeats type, size, MD5 (in hexadecimal) and the time of update in microseconds",
    OBJECT_TABLE.replace("object-table-introduction", "work-with-objectref"),
)
def test_details_of_the_reference(bigquery, create, folder):
    folder.put("a.png", b"abc")
    [row] = bigquery.query_and_wait(f"SELECT * FROM {create()}")
    details = row.ref["details"]["gcs_metadata"]
    md5 = base64.b64decode(row.md5_hash).hex()
    assert (details["content_type"], details["size"], details["md5_hash"]) == ("image/png", 3, md5)
    assert details["updated"] == int(row.updated.timestamp() * 1_000_000)


@documented(SECTION, "Without a metadata cache every query lists the bucket anew", METADATA_CACHE)
def test_it_lists_what_is_there_now(create, folder, names):
    folder.put("a.png")
    create()
    assert names() == ["a.png"]
    folder.put("b.png")
    assert names() == ["a.png", "b.png"]
    folder.delete("a.png")
    assert names() == ["b.png"]


@documented(SECTION, "Several URIs, each with at most one `*`, choose the objects", OBJECT_TABLE_DDL)
def test_wildcards(create, folder, names):
    for name in ("a/1.png", "a/2.jpg", "b/1.png"):
        folder.put(name)
    for patterns, expected in {
        ("*",): ["a/1.png", "a/2.jpg", "b/1.png"],
        ("a/*",): ["a/1.png", "a/2.jpg"],
        ("*.png",): ["a/1.png", "b/1.png"],
        ("a/*.png", "b/1.png"): ["a/1.png", "b/1.png"],
    }.items():
        create(*patterns, clause="CREATE OR REPLACE EXTERNAL TABLE")
        assert names() == expected


@documented(SECTION, "`OR REPLACE` replaces, `IF NOT EXISTS` skips, else the name is taken (409)", DDL)
def test_existing_names(create):
    create()
    create(clause="CREATE OR REPLACE EXTERNAL TABLE")
    create(clause="CREATE EXTERNAL TABLE IF NOT EXISTS")
    with pytest.raises(Conflict, match="Already Exists: Table"):
        create()


@documented(SECTION, "Object tables are read-only: no DML, no `ALTER TABLE`", OBJECT_TABLE)
@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM {t} WHERE TRUE",
        "UPDATE {t} SET size = 1 WHERE TRUE",
        "INSERT INTO {t} (uri) VALUES ('gs://x/y')",
        "MERGE {t} T USING (SELECT 'u' AS uri) S ON T.uri = S.uri "
        "WHEN NOT MATCHED THEN INSERT (uri) VALUES (uri)",
        "TRUNCATE TABLE {t}",
        "ALTER TABLE {t} ADD COLUMN x INT64",
    ],
)
def test_it_is_read_only(bigquery, create, change):
    with pytest.raises(BadRequest):
        bigquery.query_and_wait(change.format(t=create()))


@documented(SECTION, "`DROP EXTERNAL TABLE [IF EXISTS]` drops the table, not the objects", DDL)
def test_drop(bigquery, create, folder):
    folder.put("a.png")
    table = create()
    bigquery.query_and_wait(f"DROP EXTERNAL TABLE {table}")
    bigquery.query_and_wait(f"DROP EXTERNAL TABLE IF EXISTS {table}")
    with pytest.raises(NotFound):
        bigquery.get_table(table)
    assert folder.bucket.blob(f"{folder.prefix}/a.png").exists()


@documented(SECTION, "`object_metadata = 'SIMPLE'` is required; nothing else is allowed", OBJECT_TABLE_DDL)
def test_only_simple_metadata(bigquery, dataset):
    with pytest.raises(BadRequest):
        bigquery.query_and_wait(
            f"CREATE EXTERNAL TABLE {dataset}.t WITH CONNECTION DEFAULT "
            "OPTIONS (object_metadata = 'FULL', uris = ['gs://some-bucket/*'])"
        )


@documented(
    SECTION, "`max_staleness` is 0 or between 30 minutes and 7 days, and needs a cache mode", OBJECT_TABLE_DDL
)
@pytest.mark.parametrize(
    "options",
    [
        ", max_staleness = INTERVAL 1 DAY",
        ", max_staleness = INTERVAL 5 MINUTE, metadata_cache_mode = 'MANUAL'",
        ", max_staleness = INTERVAL 8 DAY, metadata_cache_mode = 'MANUAL'",
    ],
)
def test_staleness_has_bounds(create, options):
    with pytest.raises(BadRequest):
        create(extra=options)


@documented(SECTION, "tables.get shows `maxStaleness` and `metadataCacheMode`", REST + "tables")
def test_staleness_and_cache_mode_are_recorded(bigquery, create):
    resource = bigquery.get_table(create(extra=CACHED.format("AUTOMATIC"))).to_api_repr()
    assert resource["type"] == "EXTERNAL"
    assert resource["maxStaleness"] == "0-0 1 0:0:0"
    assert resource["externalDataConfiguration"]["metadataCacheMode"] == "AUTOMATIC"
    assert resource["externalDataConfiguration"]["objectMetadata"] == "SIMPLE"


@documented(SECTION, "tables.insert makes an object table, with a metadata cache if asked", REST + "tables")
def test_it_can_be_created_through_the_api(bigquery, dataset, folder, create, names):
    made = bigquery.get_table(create(extra=CACHED.format("MANUAL"))).to_api_repr()
    bigquery.query_and_wait(f"DROP EXTERNAL TABLE {dataset}.t")
    folder.put("a.png")
    given = {key: made[key] for key in ("tableReference", "externalDataConfiguration", "maxStaleness")}
    table = bigquery.create_table(Table.from_api_repr(given))
    assert table.table_type == "EXTERNAL"
    assert bigquery.get_table(table).to_api_repr()["maxStaleness"] == "0-0 1 0:0:0"
    bigquery.query_and_wait(f"CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{dataset}.t')")
    folder.put("b.png")
    assert names() == ["a.png"]


@documented(SECTION, "A manual cache shows what there was at the last refresh", METADATA_CACHE)
def test_a_manual_cache(bigquery, dataset, create, folder, names):
    folder.put("a.png")
    create(extra=CACHED.format("MANUAL"))
    refresh = f"CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{dataset}.t')"
    bigquery.query_and_wait(refresh)
    folder.put("b.png")
    assert names() == ["a.png"]
    bigquery.query_and_wait(refresh)
    assert names() == ["a.png", "b.png"]


@documented(SECTION, "A cache that was never refreshed falls back to listing the bucket", METADATA_CACHE)
def test_an_empty_cache(create, folder, names):
    folder.put("a.png")
    create(extra=CACHED.format("MANUAL"))
    folder.put("b.png")
    assert names() == ["a.png", "b.png"]


@documented(SECTION, "The refresh procedure fails on a cache of mode AUTOMATIC", PROCEDURES)
def test_an_automatic_cache_is_not_refreshed_by_hand(bigquery, dataset, create):
    create(extra=CACHED.format("AUTOMATIC"))
    with pytest.raises(BadRequest):
        bigquery.query_and_wait(f"CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{dataset}.t')")


@documented(SECTION, "Object tables are joined and filtered like any table", OBJECT_TABLE)
def test_it_joins_and_fills_ordinary_tables(bigquery, create, dataset, folder):
    folder.put("a.png", b"1")
    folder.put("b.png", b"22")
    table = create()
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.done AS SELECT uri FROM {table} WHERE size = 1")
    rows = bigquery.query_and_wait(
        f"SELECT o.uri FROM {table} AS o LEFT JOIN {dataset}.done AS d USING (uri) WHERE d.uri IS NULL"
    )
    assert [row.uri for row in rows] == [f"{folder.uri}/b.png"]


@documented(
    SECTION,
    "A bucket that does not exist is a 404 when the table is read",
    "observed: dbimp, external tables",
    "2026-10-10",
)
def test_a_missing_bucket(bigquery, dataset):
    bigquery.query_and_wait(
        f"CREATE EXTERNAL TABLE {dataset}.t WITH CONNECTION DEFAULT "
        "OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://vitrine-boundary-no-such-bucket/*'])"
    )
    with pytest.raises(NotFound, match=r"Not found: (URI|Files) gs://vitrine-boundary-no-such-bucket"):
        bigquery.query_and_wait(f"SELECT * FROM {dataset}.t")
