"""A teardown keeps away from the runs of embed_images of its own Airflow."""

import pytest

from tests.unit.fakes import context
from vitrine.embed import turns
from vitrine.errors import BusyError
from vitrine.setup import inventory
from vitrine.setup.inventory import Inventory, Part
from vitrine.setup.teardown import ListResourcesOperator, RefuseOthersOperator

RUN = "Run scheduled__2026 of embed_images__met"


def test_while_a_run_has_the_turn_nobody_is_even_asked(collection, bigquery, monkeypatch):
    monkeypatch.setattr(turns, "active_holder", lambda *_: RUN)
    monkeypatch.setattr(inventory, "take", lambda _: Inventory({Part.MODEL: ["m"]}, {}, 0))
    listing = ListResourcesOperator(task_id="list_resources", collection=collection, end="report")
    given = context({"confirm": collection.namespace, "delete_galleries": False})
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
