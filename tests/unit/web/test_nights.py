"""What the health page knows of runs: it is asked of Airflow's own API, as the person who looks."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from tests.support.world import parse_dags
from vitrine.embed import turns

DAG = "embed_images__met"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def dags(airflow_db, collection):
    """The DAGs, as Airflow's database has them, without the runs of other tests."""
    from airflow.dag_processing.dagbag import sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    with create_session() as session:
        session.merge(DagBundleModel(name="testing"))
        session.execute(delete(DagRun).where(DagRun.dag_id == DAG))
    sync_bag_to_db(parse_dags(), "testing", None)


@pytest.fixture
def pause(dags):
    """Pause the DAG, or let its runs begin."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    def pause(paused):
        with create_session() as session:
            session.get(DagModel, DAG).is_paused = paused

    pause(False)
    return pause


@pytest.fixture
def made(pause):
    """Make a run whose tasks are in these states; it is gone afterwards."""
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType
    from sqlalchemy import delete

    def make(run_id, state, states=None, at=NOW):
        with create_session() as session:
            dag = SerializedDagModel.get_dag(DAG, session=session)
            run = dag.create_dagrun(
                run_id=run_id,
                run_after=at,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state=DagRunState(state),
                session=session,
            )
            for task in run.task_instances:
                task.state = (states or {}).get(task.task_id)
                task.try_number, task.end_date = 2, at
        return run_id

    yield make
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.dag_id == DAG))


@pytest.fixture
def first(client, collection, login_as):
    """The lines of the verdict, as somebody with this role sees them."""

    def first(role="viewer", path="/vitrine/met/health"):
        headers = login_as(role) | {"Accept": "text/html"}
        answer = client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        text = unescape(answer.text)
        return text[text.index('class="verdict') :].split("</section>")[0]

    return first


def test_a_dag_that_airflow_does_not_have_yet(first, monkeypatch):
    from vitrine.web import health

    monkeypatch.setattr(health.nights, "EMBED_DAG", "not_there")
    assert "Airflow has no DAG that embeds this collection" in first()


def test_a_dag_that_nobody_has_run(first, pause):
    assert "Never run: nothing was embedded yet. The first run is" in first()
    pause(True)
    assert "The DAG is paused: unpause it." in first()


def test_a_run_that_failed_leads_to_the_log_of_the_task_that_did(first, made, client, login):
    made("manual__1+00:00", "failed", {"take_turn": "success", "refresh_listing": "failed"})
    said = first()
    assert "failed in refresh_listing. It wrote no report." in said
    link = "/vitrine/met/health/log?run=manual__1%2B00%3A00&task=refresh_listing&map=-1&try=2"
    assert f'href="{link}"' in said
    answer = client.get(link, headers=login, follow_redirects=False)
    assert answer.headers["location"].startswith(
        "/dags/embed_images__met/runs/manual__1%2B00%3A00/tasks/refresh_listing?try_number=2"
    )


def test_the_log_of_a_mapped_task_instance(client, login, collection):
    link = "/vitrine/met/health/log?run=r&task=pass_1.embed_batch&map=3&try=1"
    place = client.get(link, headers=login, follow_redirects=False).headers["location"]
    assert place == "/dags/embed_images__met/runs/r/tasks/pass_1.embed_batch/mapped/3?try_number=1"


def test_a_run_under_way_says_its_stage_and_is_looked_at_again(first, made):
    made("r1", "running", {"take_turn": "success", "refresh_listing": "running"})
    said = first()
    assert "listing the bucket" in said
    assert 'data-live="health/now"' in said


def test_looking_again_costs_no_query_and_ends_with_the_run(client, login, made, collection, monkeypatch):
    from vitrine.google.bigquery import BigQuery

    monkeypatch.setattr(BigQuery, "ask", lambda *_, **__: pytest.fail("a query was sent"))
    made("r1", "running", {"take_turn": "running"})
    answer = client.get("/vitrine/met/health/now", headers=login)
    assert "taking its turn" in answer.text
    made("r2", "queued", at=NOW + timedelta(minutes=1))
    assert "taking its turn" in client.get("/vitrine/met/health/now", headers=login).text


def test_nothing_is_under_way(client, login, pause, collection):
    assert client.get("/vitrine/met/health/now", headers=login).status_code == 204


def test_a_run_that_waits_for_its_turn_says_for_whom(first, made, monkeypatch):
    made("r1", "running", {"take_turn": "up_for_reschedule"})
    holder = turns.Turn(dag_id=DAG, run_id="r0", lease_id="", earlier_lease_id="")
    monkeypatch.setattr(turns, "last_holder", lambda turn: holder)
    assert "(its log says for whom)" in first(), "the run that had it last is over"
    made("r0", "running", {"take_turn": "success"}, at=NOW + timedelta(minutes=1))
    assert "Waiting for its turn since today" in first()
    assert "for run r0 of embed_images__met. It goes on by itself." in first()


def test_who_may_not_see_the_runs_sees_no_run_but_what_is_searchable(
    client, login, made, collection, monkeypatch
):
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity

    made("manual__secret", "failed", {"take_turn": "failed"})
    manager = get_auth_manager()
    allowed = manager.is_authorized_dag

    def refuse_runs(*, access_entity=None, **more):
        return access_entity is not DagAccessEntity.RUN and allowed(access_entity=access_entity, **more)

    monkeypatch.setattr(manager, "is_authorized_dag", refuse_runs)
    for page in ("/vitrine/met/health", "/vitrine/health"):
        answer = client.get(page, headers=login | {"Accept": "text/html"})
        assert "You may not see the runs of this collection in Airflow." in answer.text
        assert "manual__secret" not in answer.text
        assert "take_turn" not in answer.text
        assert "Costs by month" not in answer.text


def test_all_collections_on_one_page(first, made):
    made("r1", "running", {"take_turn": "success", "refresh_listing": "running"})
    said = first(path="/vitrine/health")
    assert '<a href="met/health">met</a>' in said
    assert "listing the bucket" in said
    assert 'data-live="met/health/now"' in said


@pytest.mark.parametrize(
    ("run", "place"),
    [
        ("search_images__met/manual__1", "/vitrine/met/galleries/search_images__met-manual__1-"),
        ("embed_images__met/scheduled__2026-11-27T02:00:00%2B00:00", "/vitrine/met/health"),
    ],
)
def test_the_tab_of_a_run_shows_what_it_has_made(client, login, run, place):
    answer = client.get(f"/vitrine/_runs/{run}", headers=login, follow_redirects=False)
    assert answer.headers["location"].startswith(place)


def test_the_tab_of_a_run_of_another_dag(client, login):
    answer = client.get("/vitrine/_runs/another/r1", headers=login)
    assert (answer.status_code, "another is no DAG of Vitrine's." in unescape(answer.text)) == (404, True)
