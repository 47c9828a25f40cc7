"""Notifications of runs that failed, are late or wait for a person, by any Airflow notifier."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import DAG, BaseNotifier

from vitrine import metrics
from vitrine.collection import Collection, load
from vitrine.errors import DeadlineMissedError, SettingsError

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


def on_failure(collection: Collection) -> BaseNotifier | None:
    """The collection's notifier, or None. Errors: SettingsError naming the invalid setting."""
    if not collection.notifier:
        return None
    notifier = _notifier_class(collection)
    try:
        return notifier(**collection.notifier_arguments)
    except Exception as error:
        raise _refused(collection, "notifier_arguments", str(error)) from error


class Question(BaseNotifier):
    """A notifier for a task that waits for a person: templates find the question where they find an error.

    Without it, one that says `{{ exception }}` could not be rendered, and Airflow would fail the task.
    """

    def __init__(self, notifier: BaseNotifier) -> None:
        super().__init__()
        self.notifier = notifier

    def __call__(self, *args: Any) -> None:
        """Send the subject of the task that asks, which is rendered by then."""
        [context] = args
        self.notifier({**context, "exception": context["task"].subject})


def on_question(collection: Collection) -> BaseNotifier | None:
    """The collection's notifier for a task that waits for a person, or None. Errors: see on_failure."""
    notifier = on_failure(collection)
    return notifier and Question(notifier)


def deadline_missed(collection: str, model: str, context: dict[str, Any]) -> None:
    """Say that a scheduled run is not complete in time: in the log, by the gauge `vitrine.run.late`, and by
    the notifier, which gets a DeadlineMissedError as the `exception` of its context.

    Airflow calls it in a worker, once for a run. See `dag_defaults.deadline`.

    :param context: `dag_run` as the REST API has it, and `deadline`.
    """
    late, run = load()[collection].using(model), context["dag_run"]
    error = DeadlineMissedError(
        f"{run['dag_id']}: the run {run['dag_run_id']} is {run['state']} and was to be complete by "
        f"{context['deadline']['deadline_time']:%Y-%m-%d %H:%M} UTC. See its tasks, or the page Image health."
    )
    log.error("%s", error)
    metrics.gauge(late, "run.late", 1)
    if notifier := on_failure(late):
        said = {"dag": DAG(run["dag_id"], schedule=None), "run_id": run["dag_run_id"], "exception": error}
        notifier(cast("Context", context | said))


def _notifier_class(collection: Collection) -> type[BaseNotifier]:
    module, _, name = collection.notifier.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise _refused(collection, "notifier", f"{error}. Is its provider installed?") from error
    if not (isinstance(found, type) and issubclass(found, BaseNotifier)):
        raise _refused(collection, "notifier", "it is not a subclass of airflow.sdk.BaseNotifier")
    return found


def _refused(collection: Collection, name: str, reason: str) -> SettingsError:
    value = getattr(collection, name)
    return SettingsError(f"{name}={value!r} of the collection {collection.name} is invalid: {reason}.")
