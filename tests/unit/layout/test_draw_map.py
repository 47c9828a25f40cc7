"""The task that draws the map."""

import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.unit.fakes import FakeBigQuery as Answers
from tests.unit.fakes import answer_with, collection_with, context
from vitrine.errors import MissingPackageError
from vitrine.layout.draw_map import DrawMapOperator, draw, read

DRAWN_AT = datetime(2026, 11, 22, 13, tzinfo=UTC)


def row(number: int, position: int, direction: bytes = b"\xff\x80\x01") -> dict:
    """A row as the statement answers it."""
    return {"uri": f"gs://b/{number}", "content_hash": "h", "position": position, "direction": direction}


class FakeBigQuery(Answers):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[str, list[dict]] = {}

    def each_row(self, configuration):
        """The rows prepared for the statement."""
        return iter(self.rows(configuration))

    def replace_rows(self, table_id, rows):
        """What a table holds from now on."""
        self.written[table_id] = rows


@pytest.fixture
def bigquery(monkeypatch) -> FakeBigQuery:
    """A BigQuery without a picture."""
    fake = FakeBigQuery()
    answer_with(monkeypatch, fake)
    return fake


@pytest.fixture
def operator() -> DrawMapOperator:
    """The task."""
    return DrawMapOperator(task_id="draw_map", collection=collection_with())


def test_pictures_are_read_in_their_order_by_chance():
    look = read([row(1, 7, b"\x01\x02"), row(2, -9, b"\x03\x04"), row(3, 0, b"\x05\x06")])
    assert [uri for uri, _ in look.pictures] == ["gs://b/2", "gs://b/3", "gs://b/1"]
    assert look.directions.tolist() == [[3, 4], [5, 6], [1, 2]]


def test_a_row_for_each_picture():
    random = np.random.default_rng(0)
    look = read(row(number, number, random.bytes(16)) for number in range(30))
    rows = draw(look, DRAWN_AT)
    assert [one["uri"] for one in rows] == [f"gs://b/{number}" for number in range(30)]
    assert {(one["x"], one["y"]) for one in rows} == {(number % 6, number // 6) for number in range(30)}
    assert {one["drawn_at"] for one in rows} == {"2026-11-22T13:00:00+00:00"}
    assert max(one["level"] for one in rows) == 3


def test_the_map_is_replaced(operator, bigquery):
    bigquery.answers["select_directions"] = [row(number, number) for number in range(5)]
    assert operator.execute(context()) == 5
    [(table, rows)] = bigquery.written.items()
    assert (table, len(rows)) == ("demo-project.bqml_tutorial.image_map", 5)


def test_without_a_picture_nothing_is_written(operator, bigquery):
    assert operator.execute(context()) == 0
    assert bigquery.written == {}


def test_a_missing_package_is_a_sentence_before_anything_is_read(operator, bigquery, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingPackageError, match=r"install airflow-vitrine\[map\] there"):
        operator.execute(context())
    assert bigquery.asked == []
