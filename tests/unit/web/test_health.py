"""The health page, against the embedded BigQuery."""

from contextlib import contextmanager
from html import unescape
from urllib.parse import urlencode

import pytest

from tests.unit.web.conftest import BUCKET, HOSTILE, PICTURES
from vitrine import limits
from vitrine.google.templates import render_statement
from vitrine.index.state import IndexKind
from vitrine.web.health import backlog, look

REFUSED = "INVALID_ARGUMENT: the image was refused."
HOSTILE_STATUS = """INVALID_ARGUMENT: <img src=x onerror="alert(1)">"""
BROKEN = {
    f"gs://{BUCKET}/a.jpg": REFUSED,
    f"gs://{BUCKET}/b.jpg": REFUSED,
    f"gs://{BUCKET}/{HOSTILE}": HOSTILE_STATUS,
}


@pytest.fixture
def get(client, collection, login_as):
    """Ask for the page as somebody with this role; answer the response."""

    def get(path="health", role="viewer", **fields):
        headers = login_as(role) | {"Accept": "text/html"}
        return client.get(f"/vitrine/met/{path}?{urlencode(fields)}", headers=headers)

    return get


@pytest.fixture
def quarantine(collection, emulator):
    """Three broken images, one of them with a hostile name and status, and one that was replayed."""
    table = collection.table("embedding_quarantine")
    emulator.bigquery.query_and_wait(f"TRUNCATE TABLE {table}")
    row = {
        "model": collection.model.id,
        "attempts": 1,
        "run_id": "r",
        "quarantined_at": "2026-11-22T02:03:00Z",
    }
    rows = [
        row | {"uri": uri, "content_hash": "x", "ml_generate_embedding_status": status}
        for uri, status in BROKEN.items()
    ]
    replayed = rows[0] | {"uri": f"gs://{BUCKET}/replayed.jpg", "replayed_at": "2026-11-22T03:00:00Z"}
    emulator.bigquery.load_table_from_json([*rows, replayed], table.strip("`")).result()
    yield
    emulator.bigquery.query_and_wait(f"TRUNCATE TABLE {table}")


@pytest.fixture
def reports(collection, emulator):
    """One good run and one that is not complete."""
    table = collection.table("embedding_runs")
    figures = {"quarantined": 0, "vanished": 0, "removed": 0, "ignored": 0, "passes": 1}
    rows = [
        figures
        | {
            "run_id": f"manual__<{number}>",
            "planned": 1234,
            "published": 1234 - left,
            "pending": left,
            "complete": left == 0,
            "vector_index": "",
            "started_at": f"2026-11-2{number}T02:00:00Z",
            "reported_at": f"2026-11-2{number}T02:05:00Z",
            "cost_usd": 0.1234,
            "outcome": "incomplete",
        }
        for number, left in ((1, 0), (2, 34))
    ]
    emulator.bigquery.load_table_from_json(rows, table.strip("`")).result()
    yield
    emulator.bigquery.query_and_wait(f"TRUNCATE TABLE {table}")


def test_a_new_collection(get):
    answer = get()
    assert answer.status_code == 200
    assert f"Too small for an index: {len(PICTURES) + 1} of 5,000 rows; search is exact." in answer.text
    assert "No run has reported yet" in answer.text
    assert "no broken images" in answer.text


def test_the_quarantine_by_status(get, quarantine):
    text = unescape(get().text)
    assert f'<span class="rank">2</span> <bdi>{REFUSED}' in text
    assert all(uri in text for uri in BROKEN)
    assert "replayed.jpg" not in text
    assert "3 of 3 shown" in text


def test_hostile_names_and_statuses_stay_text(get, quarantine):
    text = get(status="INVALID_ARGUMENT: <img").text
    assert "<img src=x" not in text
    assert "<script>alert" not in text
    assert "1 of 1 shown" in text


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"status": REFUSED}, "2 of 2 shown"),
        ({"prefix": f"gs://{BUCKET}/b"}, "1 of 1 shown"),
        ({"status": "x"}, "No quarantined image matches this filter"),
        ({"status": "' OR 1=1 --"}, "No quarantined image matches this filter"),
    ],
)
def test_a_filter(get, quarantine, fields, shown):
    assert shown in get(**fields).text


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("user", True), ("admin", True)])
def test_only_those_who_may_run_the_dag_see_the_button(get, quarantine, role, may):
    assert ('id="replay"' in get(role=role).text) is may


def test_a_viewer_cannot_replay_by_the_address_of_the_button_either(client, login):
    answer = client.post("/api/v2/dags/embed_images__met/dagRuns", headers=login, json={"logical_date": None})
    assert answer.status_code == 403


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_another_site_cannot_replay_with_somebodys_cookie(client, login_as, content_type):
    # Without a preflight a browser sends only these types to another site, and none of them starts a run.
    headers = login_as("admin") | ({"Content-Type": content_type} if content_type else {})
    body = '{"logical_date": null}'
    answer = client.post("/api/v2/dags/embed_images__met/dagRuns", headers=headers, content=body)
    assert answer.status_code == 422


def test_the_last_runs(get, reports):
    text = unescape(get().text)
    assert (
        "Sun 22 Nov 2026 02:00 UTC: 1,234 planned, 1,200 published, 0 quarantined, 34 left, $0.1234" in text
    )
    assert text.index("2026-11-22 02:00</td>") < text.index("2026-11-21 02:00</td>")
    assert '<td class="bad">incomplete' in text
    assert 'href="../../dags/embed_images__met/runs/manual__%3C2%3E"' in text


@pytest.fixture
def measurements(collection, emulator):
    """Two weeks, a hostile text, the second after a rebuild; and another model's."""
    table = collection.table("index_health")
    row = {
        "model": collection.model.id,
        "top_k": 10,
        "image_queries": 100,
        "image_recall": 0.985,
        "drift": 0.31,
        "word_queries": 12,
        "word_recall": 0.61,
        "rebuilt": False,
        "vector_index": "Ready: <b>100 %</b>",
    }
    rows = [
        row | {"run_id": "manual__<1>", "measured_at": "2026-11-15T12:00:00Z"},
        row
        | {
            "run_id": "manual__<2>",
            "measured_at": "2026-11-22T12:00:00Z",
            "rebuilt": True,
            "word_recall": None,
            "drift": 0.0,
        },
        row | {"run_id": "another", "measured_at": "2026-11-22T13:00:00Z", "model": "other/1"},
    ]
    emulator.bigquery.load_table_from_json(rows, table.strip("`")).result()
    yield
    emulator.bigquery.query_and_wait(f"TRUNCATE TABLE {table}")


def test_the_trend_of_the_recall(get, measurements):
    text = get().text
    assert "<b>100 %" not in text
    text = unescape(text)
    assert "2026-11-15 12:00 UTC: 98.5 % by image, 61.0 % by words" in text
    assert "98.5 % by image, – by words, after a rebuild" in text
    assert text.index("2026-11-22 12:00</td>") < text.index("2026-11-15 12:00</td>")
    assert '<td class="n bad">61.0 %' in text
    assert text.count("<polyline") == 2
    assert text.count('<path class="rebuilt" d="M') == 2  # the mark and the legend
    assert 'href="../../dags/maintain_vector_index__met/runs/manual__%3C2%3E"' in text
    assert "another" not in text


def test_a_collection_that_was_never_measured(get):
    assert "Not measured yet. Once there is an index, the DAG maintain_vector_index" in get().text


def test_a_collection_of_an_earlier_version_is_shown_without_the_trend(get, collection, emulator):
    emulator.bigquery.query_and_wait(f"DROP TABLE {collection.table('index_health')}")
    try:
        answer = get()
    finally:
        emulator.bigquery.query_and_wait(render_statement(collection, "schema/create_index_health.sql"))
    assert answer.status_code == 200
    assert "Run the DAG setup_image_search again" in answer.text
    assert "no broken images" in answer.text


@contextmanager
def one_more_listed(emulator, collection):
    """An image that is not embedded yet, in the bucket and in its listing."""
    refresh = render_statement(collection, "setup/refresh_listing.sql")
    emulator.upload(BUCKET, {"new.jpg": b"not embedded yet"})
    emulator.bigquery.query_and_wait(refresh)
    try:
        yield
    finally:
        emulator.storage.bucket(BUCKET).blob("new.jpg").delete()
        emulator.bigquery.query_and_wait(refresh)


def test_the_backlog_is_what_the_next_run_would_plan(collection, emulator):
    with one_more_listed(emulator, collection):
        plan = backlog(collection)
    assert (plan.images, plan.minutes) == (1, 1)
    assert plan.cost_usd == pytest.approx(limits.IMAGE_PRICE_USD)
    assert backlog(collection).images == 0


def test_the_part_for_the_backlog(get):
    assert "every image is processed" in get("health/backlog").text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "about 1 min and $0.00 in total</p>"),
        ({"VITRINE_MAX_COST_USD": "0"}, "in total; a run above $0.00 waits for approval</p>"),
        ({"VITRINE_MONTHLY_BUDGET_USD": "2"}, "in total; budget $2.00 a month</p>"),
    ],
)
def test_a_backlog_says_what_it_costs_and_what_bounds_it(
    get, emulator, collection, monkeypatch, settings, words
):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with one_more_listed(emulator, collection):
        text = get("health/backlog").text
    assert '<p class="figure">1</p>' in text
    assert words in text


def test_an_index_that_is_listed_says_how_far_it_is(collection, monkeypatch):
    from vitrine.google.bigquery import Answer, BigQuery
    from vitrine.web import health

    listed = [
        {
            "index_status": "ACTIVE",
            "coverage_percentage": 62,
            "unindexed_row_count": 9120,
            "last_refresh_time": 1,
            "disable_reason": None,
            "last_model_build_time": None,
            "rebuild_status": None,
            "rebuild_coverage": None,
            "rebuild_message": None,
        }
    ]
    real = BigQuery.ask
    monkeypatch.setattr(
        BigQuery,
        "ask",
        lambda self, configuration, label: (
            Answer(listed, {}) if label == "select_vector_index" else real(self, configuration, label)
        ),
    )
    state = look(collection, health.Filter()).index
    assert (state.kind, state.message) == (IndexKind.BUILDING, "Building: 62 %, 9,120 rows left.")


def test_a_missing_table_is_a_sentence(get, monkeypatch):
    monkeypatch.setenv("VITRINE_DATASET", "never_set_up")
    answer = get()
    assert answer.status_code == 404
    assert "Run the DAG setup_image_search first" in answer.text
    part = get("health/backlog")
    assert (part.status_code, "setup_image_search" in part.text) == (404, True)
