"""google-cloud-bigquery: datasets, tables, views, models, routines and rows."""

import datetime

import pytest
from emulator_process import wait_until
from google.api_core.exceptions import BadRequest, Conflict, NotFound, PreconditionFailed
from google.cloud.bigquery import (
    AccessEntry,
    Dataset,
    PartitionRange,
    RangePartitioning,
    Routine,
    RoutineArgument,
    SchemaField,
    StandardSqlDataType,
    StandardSqlTypeNames,
    Table,
    TimePartitioning,
)

SOON = datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(days=2)


@pytest.fixture
def new_table(bigquery, dataset):
    """Make a table with two columns in the test's dataset."""

    def new_table(name: str, **properties) -> Table:
        fields = [SchemaField("id", "INTEGER", "REQUIRED"), SchemaField("day", "TIMESTAMP")]
        table = Table(f"{bigquery.project}.{dataset}.{name}", schema=fields)
        for key, value in properties.items():
            setattr(table, key, value)
        return bigquery.create_table(table)

    return new_table


def test_a_dataset_lives_and_changes(bigquery, dataset):
    made = Dataset(f"{bigquery.project}.{dataset}_full")
    made.description, made.labels, made.location = "pictures", {"a": "b"}, "US"
    made.default_table_expiration_ms, made.friendly_name = 3_600_000, "Pictures"
    bigquery.create_dataset(made)
    with pytest.raises(Conflict):
        bigquery.create_dataset(made)
    bigquery.create_dataset(made, exists_ok=True)
    found = bigquery.get_dataset(made.dataset_id)
    assert (found.description, found.labels, found.location) == ("pictures", {"a": "b"}, "US")
    assert (found.default_table_expiration_ms, found.friendly_name) == (3_600_000, "Pictures")
    found.description, found.labels = None, {"a": None, "c": "d"}
    found.access_entries = [*found.access_entries, AccessEntry("READER", "userByEmail", "x@example.com")]
    changed = bigquery.update_dataset(found, ["description", "labels", "access_entries"])
    assert (changed.description, changed.labels) == (None, {"c": "d"})
    assert AccessEntry("READER", "userByEmail", "x@example.com") in changed.access_entries
    with pytest.raises(PreconditionFailed):
        bigquery.update_dataset(found, ["description"])
    bigquery.delete_dataset(made)
    with pytest.raises(NotFound):
        bigquery.get_dataset(made.dataset_id)
    bigquery.delete_dataset(made, not_found_ok=True)


def test_datasets_are_listed_by_label(bigquery, dataset):
    labelled = Dataset(f"{bigquery.project}.{dataset}_labelled")
    labelled.labels = {"owner": dataset}
    bigquery.create_dataset(labelled)
    names = [item.dataset_id for item in bigquery.list_datasets()]
    assert {dataset, labelled.dataset_id} <= set(names)
    assert [item.dataset_id for item in bigquery.list_datasets(filter=f"labels.owner:{dataset}")] == [
        labelled.dataset_id
    ]
    assert len(list(bigquery.list_datasets(page_size=1))) == len(names)
    bigquery.delete_dataset(labelled)
    assert bigquery.project in [project.project_id for project in bigquery.list_projects()]


def test_a_dataset_that_is_in_use_is_deleted_only_with_its_contents(bigquery, dataset):
    bigquery.create_dataset(f"{dataset}_used")
    bigquery.query_and_wait(f"CREATE TABLE {dataset}_used.t (x INT64)")
    with pytest.raises(BadRequest, match="still in use"):
        bigquery.delete_dataset(f"{dataset}_used")
    bigquery.delete_dataset(f"{dataset}_used", delete_contents=True)


def test_a_table_keeps_what_it_was_made_with(bigquery, new_table):
    nested = [
        SchemaField("id", "INTEGER", "REQUIRED", description="key"),
        SchemaField("tags", "STRING", "REPEATED"),
        SchemaField(
            "inner", "RECORD", "NULLABLE", fields=[SchemaField("x", "FLOAT"), SchemaField("n", "NUMERIC")]
        ),
        SchemaField("list", "RECORD", "REPEATED", fields=[SchemaField("b", "BOOLEAN")]),
        SchemaField("j", "JSON"),
        SchemaField("d", "DATE"),
        SchemaField("t", "TIME"),
        SchemaField("dt", "DATETIME"),
        SchemaField("ts", "TIMESTAMP"),
        SchemaField("by", "BYTES"),
        SchemaField("bn", "BIGNUMERIC"),
        SchemaField("defaulted", "INTEGER", default_value_expression="7"),
    ]
    made = new_table(
        "t",
        schema=nested,
        description="a table",
        labels={"k": "v"},
        expires=SOON,
        friendly_name="T",
        clustering_fields=["id"],
        time_partitioning=TimePartitioning(field="ts", type_="DAY", expiration_ms=86_400_000),
        require_partition_filter=True,
    )
    found = bigquery.get_table(made)
    assert found.schema == nested
    assert (found.description, found.labels, found.expires, found.friendly_name) == (
        "a table",
        {"k": "v"},
        SOON,
        "T",
    )
    assert (found.clustering_fields, found.require_partition_filter) == (["id"], True)
    assert (found.time_partitioning.field, found.time_partitioning.expiration_ms) == ("ts", 86_400_000)
    assert (found.table_type, found.num_rows, found.location) == ("TABLE", 0, "US")
    with pytest.raises(Conflict):
        bigquery.create_table(made)
    assert bigquery.create_table(made, exists_ok=True).schema == nested


def test_a_table_changes(bigquery, new_table):
    table = new_table("t")
    table.description, table.labels, table.expires = "new", {"x": "y"}, SOON
    table.schema = [*table.schema, SchemaField("added", "STRING", description="late")]
    changed = bigquery.update_table(table, ["description", "labels", "expires", "schema"])
    assert (changed.description, changed.labels, changed.expires) == ("new", {"x": "y"}, SOON)
    assert [field.name for field in bigquery.get_table(table).schema] == ["id", "day", "added"]
    with pytest.raises(PreconditionFailed):
        bigquery.update_table(table, ["description"])
    changed.expires = None
    changed = bigquery.update_table(changed, ["expires"])
    assert changed.expires is None
    changed.schema = changed.schema[:1]
    with pytest.raises(BadRequest):
        bigquery.update_table(changed, ["schema"])


def test_an_expired_table_is_gone(bigquery, new_table):
    table = new_table("t")
    table.expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(milliseconds=200)
    bigquery.update_table(table, ["expires"])
    wait_until(
        lambda: table.table_id not in [item.table_id for item in bigquery.list_tables(table.dataset_id)]
    )
    with pytest.raises(NotFound):
        bigquery.get_table(table)


def test_tables_are_listed(bigquery, dataset, new_table):
    new_table("a", labels={"k": "v"})
    new_table("b", range_partitioning=RangePartitioning(PartitionRange(0, 100, 10), field="id"))
    view = Table(f"{bigquery.project}.{dataset}.v")
    view.view_query = f"SELECT id FROM `{bigquery.project}.{dataset}.a`"
    bigquery.create_table(view)
    items = {item.table_id: item for item in bigquery.list_tables(dataset, page_size=2)}
    assert {name: item.table_type for name, item in items.items()} == {
        "a": "TABLE",
        "b": "TABLE",
        "v": "VIEW",
    }
    assert items["a"].labels == {"k": "v"}
    assert bigquery.get_table(f"{dataset}.b").range_partitioning.field == "id"
    bigquery.delete_table(f"{dataset}.b")
    with pytest.raises(NotFound):
        bigquery.delete_table(f"{dataset}.b")
    bigquery.delete_table(f"{dataset}.b", not_found_ok=True)


def test_views(bigquery, dataset, new_table):
    table = new_table("t")
    view = Table(f"{bigquery.project}.{dataset}.v")
    view.view_query, view.description = f"SELECT id * 2 AS twice FROM {dataset}.t", "doubled"
    view = bigquery.create_table(view)
    bigquery.insert_rows_json(table, [{"id": 4}])
    assert [row.twice for row in bigquery.query_and_wait(f"SELECT * FROM {dataset}.v")] == [8]
    assert [field.name for field in bigquery.get_table(view).schema] == ["twice"]
    view.view_query = f"SELECT id * 3 AS thrice FROM {dataset}.t"
    bigquery.update_table(view, ["view_query"])
    assert [row.thrice for row in bigquery.query_and_wait(f"SELECT * FROM {dataset}.v")] == [12]
    bigquery.query_and_wait(f"CREATE MATERIALIZED VIEW {dataset}.m AS SELECT COUNT(*) AS n FROM {dataset}.t")
    assert bigquery.get_table(f"{dataset}.m").table_type == "MATERIALIZED_VIEW"


def test_rows_are_listed_in_pages_and_columns(bigquery, new_table):
    table = new_table("t")
    bigquery.insert_rows_json(table, [{"id": number, "day": "2024-01-02T03:04:05Z"} for number in range(25)])
    rows = bigquery.list_rows(table, page_size=10)
    assert [len(list(page)) for page in rows.pages] == [10, 10, 5]
    assert [row.id for row in bigquery.list_rows(table, start_index=20, max_results=3)] == [20, 21, 22]
    [row] = bigquery.list_rows(table, selected_fields=[table.schema[1]], max_results=1)
    assert dict(row) == {"day": datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)}
    assert [row.id for row in bigquery.list_rows(f"{table.project}.{table.dataset_id}.t", max_results=1)] == [
        0
    ]


def test_models(bigquery, dataset):
    connection = f"{bigquery.project}.us.{dataset}"
    for statement in (
        f"CREATE CONNECTION `{connection}` OPTIONS (connection_type = 'CLOUD_RESOURCE')",
        f"GRANT `roles/aiplatform.user` ON PROJECT `{bigquery.project}` TO 'connection:{connection}'",
        f"CREATE MODEL {dataset}.m REMOTE WITH CONNECTION `{connection}` "
        "OPTIONS (ENDPOINT = 'multimodalembedding@001')",
    ):
        bigquery.query_and_wait(statement)
    assert [model.model_id for model in bigquery.list_models(dataset)] == ["m"]
    model = bigquery.get_model(f"{bigquery.project}.{dataset}.m")
    model.description, model.labels = "embeds", {"k": "v"}
    changed = bigquery.update_model(model, ["description", "labels"])
    assert (changed.description, changed.labels) == ("embeds", {"k": "v"})
    bigquery.delete_model(model)
    assert list(bigquery.list_models(dataset)) == []
    with pytest.raises(NotFound):
        bigquery.get_model(model.reference)


def test_routines(bigquery, dataset):
    number = StandardSqlDataType(type_kind=StandardSqlTypeNames.INT64)
    routine = Routine(
        f"{bigquery.project}.{dataset}.twice",
        type_="SCALAR_FUNCTION",
        language="SQL",
        body="x * 2",
        arguments=[RoutineArgument(name="x", data_type=number)],
        return_type=number,
    )
    bigquery.create_routine(routine)
    with pytest.raises(Conflict):
        bigquery.create_routine(routine)
    assert [row.y for row in bigquery.query_and_wait(f"SELECT {dataset}.twice(4) AS y")] == [8]
    found = bigquery.get_routine(routine.reference)
    assert (found.body, found.arguments[0].name) == ("x * 2", "x")
    found.body = "x * 3"
    bigquery.update_routine(found, ["body", "arguments", "language", "type_", "return_type"])
    assert [row.y for row in bigquery.query_and_wait(f"SELECT {dataset}.twice(4) AS y")] == [12]
    bigquery.query_and_wait(
        f"CREATE PROCEDURE {dataset}.p(IN x INT64, OUT y INT64) BEGIN SET y = {dataset}.twice(x); END"
    )
    [row] = bigquery.query_and_wait(f"DECLARE y INT64; CALL {dataset}.p(2, y); SELECT y")
    assert row.y == 6
    assert {item.routine_id for item in bigquery.list_routines(dataset)} == {"twice", "p"}
    bigquery.delete_routine(routine.reference)
    with pytest.raises(NotFound):
        bigquery.get_routine(routine.reference)


def test_iam_policies(bigquery, new_table):
    table = new_table("t")
    policy = bigquery.get_iam_policy(table)
    policy.bindings.append({"role": "roles/bigquery.dataViewer", "members": {"user:x@example.com"}})
    bigquery.set_iam_policy(table, policy)
    assert bigquery.get_iam_policy(table).bindings == policy.bindings
    assert bigquery.test_iam_permissions(table, ["bigquery.tables.get"])["permissions"] == [
        "bigquery.tables.get"
    ]
