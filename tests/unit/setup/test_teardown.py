"""A teardown keeps away from the runs of embed_images of its own Airflow, and drops what was approved."""

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from tests.unit.fakes import context, parameters
from vitrine.embed import lease, turns
from vitrine.errors import BusyError, TurnLostError
from vitrine.google.access import Access
from vitrine.google.jobs import query_job
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.google.templates import render_statement
from vitrine.setup import inventory
from vitrine.setup.inventory import Inventory, Part
from vitrine.setup.tables import CONNECTION_DESCRIPTION
from vitrine.setup.teardown import DropOperator, ListResourcesOperator, RefuseOthersOperator, tables_to_drop

PARAMS = {"drop_connection": False, "delete_galleries": False}
RUN = "Run scheduled__2026 of embed_images__met"


def test_while_a_run_has_the_turn_nobody_is_even_asked(collection, bigquery, monkeypatch):
    monkeypatch.setattr(turns, "active_holder", lambda *_: RUN)
    monkeypatch.setattr(inventory, "take", lambda *_, **__: Inventory({Part.MODEL: ["m"]}, {}, 0))
    listing = ListResourcesOperator(task_id="list_resources", collection=collection, end="report")
    given = context(PARAMS | {"confirm": collection.namespace})
    with pytest.raises(BusyError, match=f"{RUN} has the turn. Nothing was dropped."):
        listing.execute(given)
    assert given["ti"].pushed == {}


def test_a_run_that_took_the_turn_while_a_person_decided_keeps_it(collection, bigquery, monkeypatch):
    monkeypatch.setattr(turns, "take", lambda *_, **__: RUN)
    refuse = RefuseOthersOperator(task_id="refuse_others", collection=collection)
    with pytest.raises(BusyError, match=f"{RUN} has the turn"):
        refuse.execute(context())


def test_a_job_that_a_dead_run_has_left_is_named(collection, bigquery, monkeypatch):
    monkeypatch.setattr(turns, "take", lambda *_, **__: None)
    bigquery.running = ["vitrine_embed-bqml_tutorial-pass1-x-0-1"]
    refuse = RefuseOthersOperator(task_id="refuse_others", collection=collection)
    with pytest.raises(BusyError, match="Job vitrine_embed-bqml_tutorial-pass1-x-0-1 is running"):
        refuse.execute(context())


TABLES = ["embedding_runs", "embedding_lease"]


@pytest.fixture
def drop(collection, monkeypatch) -> DropOperator:
    """drop_tables, whose statement only says that it was run; there are two tables."""
    monkeypatch.setattr(inventory, "take", lambda *_, **__: Inventory({Part.TABLES: TABLES}, {}, 0))
    monkeypatch.setattr(BigQueryStatementOperator, "execute", lambda operator, _: operator.configuration)
    return DropOperator(
        task_id="drop_tables",
        collection=collection,
        part=Part.TABLES,
        configuration=query_job("teardown/drop_tables.sql"),
    )


def listed(*tables: str, vectors: int = 0) -> dict:
    """The context of a run whose approval has shown these tables."""
    return context(PARAMS, list_resources__goes={"tables": list(tables)}, list_resources__vectors=vectors)


@pytest.mark.usefixtures("own_turn")
def test_the_run_that_has_the_turn_drops_under_its_lease(drop):
    given = parameters(drop.execute(listed(*TABLES)))
    assert (given["lease_id"], given["lease_lost"]) == ("ours", lease.LOST)


def test_a_drop_that_is_cleared_after_another_run_took_the_turn_is_refused(drop, variables, collection):
    """Setup and embed_images have run since: what is there now is theirs."""
    theirs = turns.Turn(dag_id="embed_images__met", run_id="later", lease_id="l", earlier_lease_id="ours")
    variables.write(turns.for_tables(collection), theirs, serialize_json=True)
    with pytest.raises(
        TurnLostError, match=r"Run later of embed_images__met .* with list_resources: it asks"
    ):
        drop.execute(listed(*TABLES))


def test_a_drop_that_is_cleared_in_a_rejected_run_is_refused(drop, variables):
    """A rejection skips refuse_others, which takes the turn."""
    with pytest.raises(TurnLostError, match="Nothing more is dropped"):
        drop.execute(listed(*TABLES))


@pytest.mark.usefixtures("own_turn")
def test_a_lease_that_another_airflow_has_taken_is_final(drop):
    event = {"status": "error", "message": f"400 {lease.LOST} Run 7 has it.", "job_id": None}
    with pytest.raises(TurnLostError, match=r"Run 7 has it\..* with list_resources"):
        drop.execute_complete(context(), event)


@pytest.mark.usefixtures("own_turn")
@pytest.mark.parametrize("given", [context(PARAMS), listed(), listed("embedding_batches")])
def test_what_nobody_has_approved_is_not_dropped(drop, given):
    with pytest.raises(AirflowSkipException, match="There is no tables that may go and was approved"):
        drop.execute(given)


def test_only_the_approved_tables_are_in_the_statement_and_the_lease_is_asked_for_first(collection):
    def rendered(*tables: str) -> str:
        return render_statement(
            collection,
            "teardown/drop_tables.sql",
            ti=listed(*tables)["ti"],
            tables_to_drop=lambda ti: tables_to_drop(collection, ti),
        )

    assert rendered("embedding_lease", "index_health").count("DROP TABLE") == 2
    assert rendered("index_health").count("DROP TABLE") == 1
    assert "@lease_id" not in rendered("index_health"), "there was no lease"
    both = rendered("embedding_lease", "index_health")
    assert (
        both.index("@lease_id")
        < both.index("index_health")
        < both.index("DROP TABLE IF EXISTS `demo-project.bqml_tutorial.embedding_lease`")
    )


@pytest.mark.parametrize(("now", "is_refused"), [(7, False), (6, False), (8, True)])
def test_more_vectors_than_were_approved_are_not_dropped(collection, bigquery, monkeypatch, now, is_refused):
    monkeypatch.setattr(turns, "take", lambda *_, **__: None)
    monkeypatch.setattr(inventory, "take", lambda *_, **__: Inventory({}, {}, now))
    refuse = RefuseOthersOperator(task_id="refuse_others", collection=collection)
    if is_refused:
        with pytest.raises(BusyError, match="There are 8 vectors, and 7 were approved"):
            refuse.execute(listed(vectors=7))
    else:
        refuse.execute(listed(vectors=7))


@pytest.mark.parametrize(("is_wanted", "goes"), [(False, False), (True, True)])
def test_a_connection_goes_only_when_asked_for(collection, bigquery, monkeypatch, is_wanted, goes):
    """Another deployment in the project finds the same connection, and the same mark on it."""
    monkeypatch.setattr(bigquery, "dataset", lambda _: None, raising=False)
    monkeypatch.setattr(Access, "connection", lambda _: {"description": CONNECTION_DESCRIPTION})
    found = inventory.take(collection, drop_connection=is_wanted)
    assert (Part.CONNECTION in found.goes) is goes
    plan = inventory.as_markdown(collection, found, 0)
    assert "whether others use" in plan
    assert ("drop_connection is not set" in plan) is not goes
