"""What all DAGs share: for which collections they are built, and their arguments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from inspect import getdoc
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import (
    BaseOperator,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    get_parsing_context,
)
from airflow.sdk.configuration import conf
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from vitrine import notifications
from vitrine.collection import Collection, Deployment, load, nearest
from vitrine.errors import InputError, SettingsError, VitrineError
from vitrine.google.templates import macros
from vitrine.schedule import longest_gap

if TYPE_CHECKING:
    from airflow.sdk import DAG, Context

# A retry does not change what Vitrine itself has found to be wrong. Everything else is retried.
OWN_ERRORS_ARE_FINAL = ExceptionRetryPolicy(
    rules=[RetryRule(exception=VitrineError, action=RetryAction.FAIL)]
)


# How late Airflow may be for the very first run of a schedule. It looks every second, but every parse of the
# DAG sets that run anew: without any grace, a parse just after the time would move it to the next day.
FIRST_RUN_GRACE: Final = timedelta(minutes=1)


def collections_of(dag: str) -> Iterator[Collection]:
    """The collections for which a DAG file builds its DAG: each of them once per model.

    Airflow parses the file again for every task, which needs only its own DAG.
    https://airflow.apache.org/docs/apache-airflow/stable/howto/dynamic-dag-generation.html
    Errors: SettingsError.
    """
    deployment = load()
    refuse_folders_nobody_shares(deployment, conf.get_mandatory_value("core", "executor"))
    wanted = get_parsing_context().dag_id
    for collection in deployment.every_model:
        if wanted is None or wanted == collection.dag_id(dag):
            yield collection


def refuse_folders_nobody_shares(deployment: Deployment, executors: str) -> None:
    """Refuse a gallery in a local folder where tasks run on other machines than the web server: its pages
    would be on a worker's disk, where nobody finds them. Errors: SettingsError naming each collection.

    :param executors: `[core] executor`: one or more, separated by commas.
    """
    elsewhere = [name.strip() for name in executors.split(",") if not name.strip().endswith("LocalExecutor")]
    local = [collection for collection in deployment.collections if "://" not in collection.gallery]
    if elsewhere and local:
        raise SettingsError(
            "\n".join(
                f"collections.{collection.name}.gallery={collection.gallery!r} is a folder, and with "
                f"{elsewhere[0]} each worker has its own: use a prefix in a bucket, such as gs://my-pages/galleries."
                for collection in local
            )
        )


def runs_at(cron: str) -> CronTriggerTimetable:
    """The schedule of a DAG without `start_date`: a run at each time of a cron expression, in UTC.

    Unpausing waits for the next time, so that a run that a person triggers does the work of the night before.
    The data intervals overlap rather than leave a gap: Airflow's Backfill misses no image between two runs.
    """
    return CronTriggerTimetable(
        cron,
        timezone="UTC",
        interval=longest_gap(cron),
        run_immediately=FIRST_RUN_GRACE,  # False would start any run that is less late than a tenth of a day
    )


def deadline(collection: Collection) -> DeadlineAlert | None:
    """The deadline of the collection's scheduled runs of embed_images, None if it has none.

    Airflow sets it when the time of a run has come, so a run that never starts misses it, too. It counts from
    the logical date, which for a scheduled run is `longest_gap` before its time. A run that a person triggers
    has its deadline as much later, or none.
    """
    if collection.complete_within_minutes is None:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_LOGICAL_DATE,
        interval=longest_gap(collection.schedule) + timedelta(minutes=collection.complete_within_minutes),
        callback=SyncCallback(
            notifications.deadline_missed,
            kwargs={"collection": collection.name, "model": collection.model_name},
        ),
    )


def dag_arguments(collection: Collection, **more_macros: Any) -> dict[str, Any]:
    """Arguments shared by every DAG of a collection; `more_macros` are extra names for the SQL of one DAG."""
    return {
        "catchup": False,
        "tags": ["vitrine", collection.name],
        "template_searchpath": collection.sql_dir,
        "user_defined_macros": macros(collection) | more_macros,
    }


def default_args(collection: Collection) -> dict[str, Any]:
    """Owner and retries of every task of a collection. Required arguments are passed explicitly, not here."""
    return {
        "owner": "vitrine",
        "retries": 2,
        "retry_delay": timedelta(seconds=collection.retry_wait_seconds),
        "retry_exponential_backoff": 2.0,
        "retry_policy": OWN_ERRORS_ARE_FINAL,
    }


def describe_tasks(dag: DAG) -> None:
    """Show in Airflow's UI what each task does: the first paragraph about its operator, unless it says so
    itself."""
    for task in dag.tasks:
        if isinstance(task, BaseOperator):
            task.doc_md = task.doc_md or (getdoc(type(task)) or "").partition("\n\n")[0]


def refuse_unknown_params(context: Context) -> None:
    """`pre_execute` of a DAG's first task: Airflow ignores a Param that the DAG does not have, and a misspelt
    `dry_run` would be paid for. Errors: InputError naming each, and the nearest that there is."""
    known = list(context["dag"].params)
    given = context["dag_run"].conf or {}
    unknown = {name: nearest(name, known) for name in given if name not in known}
    if unknown:
        hints = (f"{name} (use {hint})" if hint else name for name, hint in unknown.items())
        raise InputError(
            f"There is no such Param: {', '.join(hints)}. These are there: {', '.join(known) or 'none'}. "
            "Nothing was done."
        )
