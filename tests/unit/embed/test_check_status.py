"""The end of a pass: the branch of the repair loop, and the brake on quarantine."""

from datetime import UTC, datetime

import pytest
from airflow.providers.google.cloud.triggers.bigquery import BigQueryInsertJobTrigger
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, DownstreamTasksSkipped, TaskDeferred
from google.api_core.exceptions import BadRequest

from tests.unit.fakes import collection_with, context, parameters, statement
from vitrine.embed import lease
from vitrine.embed.check_status import CheckStatusOperator
from vitrine.errors import ModelBrokenError, TurnLostError
from vitrine.limits import RETRYABLE_STATUS_PREFIX

pytestmark = pytest.mark.usefixtures("own_turn")

DENIED = "PERMISSION_DENIED: no"
CHECKED = {
    "planned": 50,
    "pending": 5,
    "is_braked": False,
    "answers": 50,
    "terminal_answers": 0,
    "terminal_status": None,
}
BRAKED = CHECKED | {"is_braked": True, "terminal_answers": 20, "terminal_status": DENIED}


@pytest.fixture
def check() -> CheckStatusOperator:
    """The check of a first pass after which two more could follow."""
    with DAG("a_dag", schedule=None):
        names = ("plan2", "embed2", "check2", "plan3", "sync", "report")
        tasks = {name: EmptyOperator(task_id=name) for name in names}
        operator = CheckStatusOperator(
            task_id="check1",
            collection=collection_with(max_passes=3, retry_wait_seconds=60),
            plan="plan",
            earlier_checks=[],
            next_pass="plan2",
            done="sync",
        )
    operator >> [tasks["plan2"], tasks["sync"]]
    tasks["plan2"] >> tasks["embed2"] >> tasks["check2"] >> [tasks["plan3"], tasks["sync"]]
    tasks["plan3"] >> tasks["sync"] >> tasks["report"]
    return operator


@pytest.fixture
def given(check) -> dict:
    """The context of the check."""
    given = context(plan__work_order="order-1")
    given["ti"].task = check
    return given


def asked(jobs, name: str) -> list[dict]:
    """Parameters of the statements of this name that were sent."""
    return [parameters(configuration) for configuration in jobs.asked if statement(configuration) == name]


def test_images_left_wait_for_the_next_pass_without_a_worker(check, given, jobs):
    jobs.answers["check_pass"] = [CHECKED]
    with pytest.raises(TaskDeferred) as deferred:
        check.execute(given)
    pause = deferred.value.trigger.moment - datetime.now(UTC)
    assert 55 < pause.total_seconds() <= 60
    assert deferred.value.method_name == "repair"
    assert given["ti"].pushed["pending"] == 5
    assert given["ti"].pushed["reason"].startswith("5 images left after pass 1")
    [sent] = asked(jobs, "check_pass")
    assert (sent["is_released"], sent["lease_id"]) == ("false", "ours")


def test_after_the_pause_the_next_pass_follows(check, given, jobs):
    check.repair(given)
    assert "plan2" in given["ti"].pushed["skipmixin_key"]["followed"]


def test_a_job_that_is_left_running_is_waited_for_before_the_next_pass(check, given, jobs):
    jobs.running = ["vitrine_embed-another-x", "vitrine_embed-bqml_tutorial-pass1-batch7-1"]
    with pytest.raises(TaskDeferred) as deferred:
        check.repair(given)
    trigger = deferred.value.trigger
    assert isinstance(trigger, BigQueryInsertJobTrigger)
    assert trigger.job_id == "vitrine_embed-bqml_tutorial-pass1-batch7-1"
    assert not trigger.cancel_on_kill, "its calls are paid for"
    assert deferred.value.method_name == "repair", "it looks again, for the next one"


def test_nothing_left_skips_every_later_pass_at_once_and_nothing_else(check, given, jobs):
    jobs.answers["check_pass"] = [CHECKED | {"pending": 0}]
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        check.execute(given)
    assert set(skipped.value.tasks) == {"plan2", "embed2", "check2", "plan3"}


def test_the_collection_bounds_the_passes(check, given, jobs):
    jobs.answers["check_pass"] = [CHECKED]
    check.collection = collection_with(max_passes=1)
    with pytest.raises(DownstreamTasksSkipped):
        check.execute(given)


def test_the_last_pass_has_nothing_to_skip(given, jobs):
    jobs.answers["check_pass"] = [CHECKED]
    with DAG("a_dag", schedule=None):
        check = CheckStatusOperator(
            task_id="check2",
            collection=collection_with(max_passes=2),
            plan="plan",
            earlier_checks=["check1"],
            next_pass=None,
            done="sync",
        )
        check >> EmptyOperator(task_id="sync")
    given["ti"].xcoms["check1", "pending"] = 20
    assert check.execute(given) is None
    assert given["ti"].pushed["reason"] == "Stop: 5 images left after all 2 passes."


def test_a_braked_pass_is_released_once_the_model_embeds_what_it_has_embedded_before(check, given, jobs):
    jobs.answers |= {"check_pass": [BRAKED], "ask_one_image": [{"uri": "gs://b/known", "status": ""}]}
    plain = jobs.rows

    def rows(configuration):
        jobs.answers["check_pass"] = [CHECKED | {"pending": 0}]
        return plain(configuration)

    jobs.rows = rows
    with pytest.raises(DownstreamTasksSkipped):
        check.execute(given)
    [ask] = asked(jobs, "ask_one_image")
    assert ask["was_embedded"] == "true"
    assert (ask["work_order"], ask["batch_number"], ask["lease_id"]) == ("order-1-known", "0", "ours")
    released = [sent["is_released"] for sent in asked(jobs, "check_pass")]
    assert released == ["false", "true"]
    assert given["ti"].pushed["pending"] == 0, "of the second check"
    assert given["ti"].pushed["released"].startswith("20 of 50 answers of a pass were terminal")
    assert "broken" not in given["ti"].pushed


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ([], "no image has been embedded before"),
        (
            [{"uri": "gs://b/known", "status": DENIED}],
            f"embedded before is now answered: {DENIED}",
        ),
    ],
    ids=["no known image", "known image fails"],
)
def test_a_braked_pass_fails_where_the_model_is_broken(check, given, jobs, answer, words):
    jobs.answers |= {"check_pass": [BRAKED], "ask_one_image": answer}
    with pytest.raises(ModelBrokenError, match=words) as failed:
        check.execute(given)
    assert str(failed.value).startswith(f"{DENIED}: 20 of 50 answers of this pass were terminal"), (
        "the cause comes first"
    )
    assert given["ti"].pushed["broken"] == str(failed.value)
    assert len(asked(jobs, "check_pass")) == 1, "nothing is set aside"


def test_a_model_that_is_busy_decides_nothing_and_is_asked_again_by_a_retry(check, given, jobs):
    busy = f"{RETRYABLE_STATUS_PREFIX} RESOURCE_EXHAUSTED"
    jobs.answers |= {"check_pass": [BRAKED], "ask_one_image": [{"uri": "gs://b/known", "status": busy}]}
    with pytest.raises(AirflowException, match=r"could not be asked again: .*RESOURCE_EXHAUSTED") as failed:
        check.execute(given)
    assert not isinstance(failed.value, ModelBrokenError)
    assert "broken" not in given["ti"].pushed


def test_a_pass_is_checked_again_with_the_same_parameters_after_a_deferral(check, given, jobs, monkeypatch):
    """The process that resumes has the configuration as it was rendered."""
    jobs.answers["ask_one_image"] = [{"uri": "gs://b/known", "status": ""}]
    monkeypatch.setattr(
        "vitrine.google.statement.BigQueryRowsOperator.execute_complete",
        lambda operator, context, event: operator.on_rows(context, [BRAKED]),
    )
    jobs.answers["check_pass"] = [CHECKED | {"pending": 0}]
    with pytest.raises(DownstreamTasksSkipped):
        check.execute_complete(given, {"status": "success", "job_id": "a-job"})
    [again] = asked(jobs, "check_pass")
    assert (again["is_released"], again["lease_id"]) == ("true", "ours")
    names = [one["name"] for one in jobs.asked[-1]["query"]["queryParameters"]]
    assert len(names) == len(set(names))


def test_nothing_is_checked_out_of_turn(check, given, jobs, variables):
    variables.clear()
    with pytest.raises(TurnLostError):
        check.execute(given)
    assert jobs.asked == []


def test_a_lease_that_was_lost_before_the_release_is_final(check, given, jobs):
    jobs.answers |= {"check_pass": [BRAKED], "ask_one_image": [{"uri": "gs://b/known", "status": ""}]}
    plain = jobs.rows

    def rows(configuration):
        if statement(configuration) == "check_pass":
            raise BadRequest(f"{lease.LOST} Run 7 has it.")
        return plain(configuration)

    jobs.rows = rows
    with pytest.raises(TurnLostError, match="Run 7 has it"):
        check.execute(given)
