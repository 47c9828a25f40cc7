"""Object tables beyond what is documented (see boundary/): odd names, our refusals and their texts."""

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud.bigquery import LoadJobConfig, Table

ODD_NAMES = [
    "plain.png",
    "with space.png",
    'it\'s "quoted".png',
    "中文/é.png",
    "a+b&c=d?.png",
    "per%cent.png",
]


@pytest.fixture
def create(bigquery, dataset):
    """Create the object table `dataset.t` over the given uris."""

    def create(*uris, clause="CREATE EXTERNAL TABLE", extra=""):
        bigquery.query_and_wait(
            f"{clause} {dataset}.t WITH CONNECTION DEFAULT "
            f"OPTIONS (object_metadata = 'SIMPLE', uris = {list(uris)}{extra})"
        )
        return f"{dataset}.t"

    return create


@pytest.fixture
def names(bigquery, dataset):
    """The object names that the table lists now."""

    def names():
        return sorted(
            row.uri.split("/", 3)[3] for row in bigquery.query_and_wait(f"SELECT uri FROM {dataset}.t")
        )

    return names


def test_the_catalog_shows_where_it_comes_from(bigquery, create):
    resource = bigquery.get_table(create("gs://columns/*")).to_api_repr()
    assert resource["type"] == "EXTERNAL"
    assert resource["externalDataConfiguration"] == {
        "objectMetadata": "SIMPLE",
        "sourceUris": ["gs://columns/*"],
        "connectionId": "demo-project.us.__default_cloudresource_connection__",
    }


def test_odd_names_survive(emulator, create, names):
    emulator.upload("odd", dict.fromkeys(ODD_NAMES, b"x"))
    create("gs://odd/*")
    assert names() == sorted(ODD_NAMES)


def test_more_objects_than_one_page_of_the_storage_api(emulator, create, names):
    emulator.upload("paged", {f"{n:04d}.png": b"x" for n in range(1200)})
    create("gs://paged/*")
    assert names() == [f"{n:04d}.png" for n in range(1200)]


def test_drop(bigquery, create):
    table = create("gs://x/*")
    for statement in (
        "DROP TABLE {}",
        "CREATE OR REPLACE TABLE {} AS SELECT 1 AS x",
        "CREATE OR REPLACE VIEW {} AS SELECT 1 AS x",
    ):
        with pytest.raises(BadRequest, match="use DROP EXTERNAL TABLE"):
            bigquery.query_and_wait(statement.format(table))
    bigquery.query_and_wait(f"DROP EXTERNAL TABLE {table}")
    bigquery.query_and_wait(f"DROP EXTERNAL TABLE IF EXISTS {table}")
    with pytest.raises(NotFound):
        bigquery.get_table(table)
    with pytest.raises(NotFound):
        bigquery.query_and_wait(f"DROP EXTERNAL TABLE {table}")


def test_an_ordinary_table_is_not_dropped_as_external(bigquery, dataset):
    bigquery.query_and_wait(f"CREATE TABLE {dataset}.plain AS SELECT 1 AS x")
    with pytest.raises(BadRequest, match="not an external table"):
        bigquery.query_and_wait(f"DROP EXTERNAL TABLE {dataset}.plain")
    with pytest.raises(BadRequest, match="not an external table"):
        bigquery.query_and_wait(
            f"CREATE OR REPLACE EXTERNAL TABLE {dataset}.plain WITH CONNECTION DEFAULT "
            "OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://x/*'])"
        )
    assert bigquery.get_table(f"{dataset}.plain").num_rows == 1


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
    with pytest.raises(BadRequest, match=r"is an object table\. Object tables are read-only"):
        bigquery.query_and_wait(change.format(t=create("gs://x/*")))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("uris = ['gs://x/*']", "set object_metadata = 'SIMPLE'"),
        ("object_metadata = 'FULL', uris = ['gs://x/*']", "set object_metadata = 'SIMPLE'"),
        ("object_metadata = 'SIMPLE'", "Option uris must be a list"),
        ("object_metadata = 'SIMPLE', uris = []", "Option uris must be a list"),
        ("object_metadata = 'SIMPLE', uris = ['/x/*']", "Invalid Cloud Storage URI"),
        ("object_metadata = 'SIMPLE', uris = ['gs://x/*/*']", "one \\* wildcard is allowed"),
        ("object_metadata = 'SIMPLE', uris = ['gs://x/*'], format = 'CSV'", "Unknown option format"),
        ("/object_metadata = 'SIMPLE', = ['gs://x/*'], x = INTERVAL 1 DAY", 'Syntax error: Expected "\\)"'),
        ("object_metadata = 'SIMPLE', uris = ['gs://x/*'], max_staleness = INTERVAL 1", "Syntax error"),
        ("object_metadata, uris = ['gs://x/*']", "Syntax error"),
        ("object_metadata = UPPER('simple')", "An option's value must be a literal"),
        (
            "object_metadata = 'SIMPLE', uris = ['gs://x/*'], max_staleness = INTERVAL 1 DAY",
            "metadata_cache_mode must be set",
        ),
        (
            "object_metadata = 'SIMPLE', uris = ['gs://x/*'], max_staleness = INTERVAL 5 MINUTE",
            "between 30 minutes and 7 days",
        ),
        (
            "object_metadata = 'SIMPLE', uris = ['gs://x/*'], metadata_cache_mode = 'NEVER'",
            "AUTOMATIC or MANUAL",
        ),
    ],
)
def test_wrong_options_are_named(bigquery, dataset, options, message):
    with pytest.raises(BadRequest, match=message):
        bigquery.query_and_wait(
            f"CREATE EXTERNAL TABLE {dataset}.t WITH CONNECTION DEFAULT OPTIONS ({options})"
        )


def test_nonsense_that_trips_the_parser_is_a_syntax_error(bigquery):
    with pytest.raises(BadRequest, match="Syntax error"):
        bigquery.query_and_wait("CREATE EXTERNAL TABLE d.x WITH DEFAULT OPTIONS (/a = 'b', = ['c'])")


@pytest.mark.parametrize(
    ("interval", "recorded"),
    [
        ("4 HOUR", "0-0 0 4:0:0"),
        ("'0-0 1 2:30:0' YEAR TO SECOND", "0-0 1 2:30:0"),
        ("30 MINUTE", "0-0 0 0:30:0"),
    ],
)
def test_staleness_and_cache_mode_are_recorded(bigquery, create, interval, recorded):
    extra = f", max_staleness = INTERVAL {interval}, metadata_cache_mode = 'AUTOMATIC'"
    resource = bigquery.get_table(create("gs://x/*", extra=extra)).to_api_repr()
    assert resource["maxStaleness"] == recorded
    assert resource["externalDataConfiguration"]["metadataCacheMode"] == "AUTOMATIC"


def test_information_schema_knows_it(bigquery, create, dataset):
    create("gs://x/*")
    [row] = bigquery.query_and_wait(f"SELECT table_type FROM {dataset}.INFORMATION_SCHEMA.TABLES")
    assert row.table_type == "EXTERNAL"


def test_it_can_be_created_through_tables_insert(bigquery, emulator, create, dataset, names):
    create("gs://rest/*")  # makes the DEFAULT connection
    bigquery.query_and_wait(f"DROP EXTERNAL TABLE {dataset}.t")
    emulator.upload("rest", {"a.png": b"1"})
    configuration = {
        "objectMetadata": "SIMPLE",
        "sourceUris": ["gs://rest/*"],
        "connectionId": "us.__default_cloudresource_connection__",
    }
    reference = {"projectId": "demo-project", "datasetId": dataset, "tableId": "t"}
    resource = {"tableReference": reference, "externalDataConfiguration": configuration}
    assert bigquery.create_table(Table.from_api_repr(resource)).table_type == "EXTERNAL"
    assert names() == ["a.png"]
    with pytest.raises(BadRequest, match='Invalid interval "1 day"'):
        bigquery.create_table(Table.from_api_repr(resource | {"maxStaleness": "1 day"}))
    reference["tableId"], configuration["objectMetadata"] = "u", None
    with pytest.raises(BadRequest, match="not emulated: external tables other than object tables"):
        bigquery.create_table(Table.from_api_repr(resource))


def test_load_and_export_jobs_use_the_same_storage(bigquery, emulator, dataset):
    emulator.upload("loads", {"in/one.csv": b"a,b\n1,x\n", "in/two.csv": b"a,b\n2,y\n"}, "text/csv")
    config = LoadJobConfig(source_format="CSV", autodetect=True)
    bigquery.load_table_from_uri("gs://loads/in/*.csv", f"{dataset}.t", job_config=config).result()
    assert bigquery.get_table(f"{dataset}.t").num_rows == 2
    bigquery.query_and_wait(
        f"EXPORT DATA OPTIONS (uri = 'gs://loads/out/*.csv', format = 'CSV') AS SELECT a FROM {dataset}.t"
    )
    [blob] = emulator.storage().list_blobs("loads", prefix="out/")
    assert sorted(blob.download_as_text().split()) == ["1", "2", "a"]
    with pytest.raises(NotFound, match=r"Not found: URI gs://loads/none/\*"):
        bigquery.load_table_from_uri("gs://loads/none/*", f"{dataset}.t", job_config=config).result()
