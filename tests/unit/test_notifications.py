"""Notifications of runs that failed or are late."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk import BaseNotifier

from tests.faults import letters
from tests.unit.fakes import NEEDED
from vitrine import metrics
from vitrine.collection import load
from vitrine.errors import SettingsError
from vitrine.notifications import deadline_missed, on_failure, on_question


class Letter(BaseNotifier):
    """A notifier with one argument."""

    def __init__(self, to: str) -> None:
        super().__init__()
        self.to = to


def notifier(path: str, arguments: str = ""):
    """The notifier of these settings."""
    settings = {"VITRINE_NOTIFIER": path, "VITRINE_NOTIFIER_ARGUMENTS": arguments}
    return on_failure(load({**NEEDED, **settings})["met"])


def test_nobody_is_told_by_default():
    assert on_failure(load(NEEDED)["met"]) is None


def test_a_notifier_gets_its_arguments():
    assert notifier(f"{__name__}.Letter", '{"to": "night@example.org"}').to == "night@example.org"


@pytest.mark.parametrize(
    "path", ["Letter", "no.such.Notifier", f"{__name__}.Nobody", "json.loads", "json.JSONDecoder"]
)
def test_a_path_that_cannot_work_is_named(path):
    with pytest.raises(SettingsError, match=f"notifier='{path}' of the collection met is invalid"):
        notifier(path)


@pytest.mark.parametrize("arguments", ['{"from": "me"}'])
def test_arguments_that_cannot_work_are_named(arguments):
    with pytest.raises(SettingsError, match=r"notifier_arguments=.* of the collection met is invalid"):
        notifier(f"{__name__}.Letter", arguments)


def test_who_is_told_of_failures_is_told_of_a_run_that_is_late(monkeypatch, tmp_path):
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    letter = letters.subscribe(monkeypatch, tmp_path / "letter", "{{ dag.dag_id }} {{ exception }}")
    sent = {}
    monkeypatch.setattr(metrics, "gauge", lambda collection, name, value: sent.update({name: value}))
    run = {"dag_id": "embed_images__met", "dag_run_id": "scheduled__2026-11-27", "state": "queued"}
    missed = {"id": "1", "deadline_time": datetime(2026, 11, 27, 7, tzinfo=UTC)}
    deadline_missed("met", "default", {"dag_run": run, "deadline": missed})
    assert letter.read_text() == (
        "embed_images__met embed_images__met: the run scheduled__2026-11-27 is queued and was to be complete by "
        "2026-11-27 07:00 UTC. See its tasks, or the page Image health."
    )
    assert sent == {"run.late": 1}


def test_a_question_is_where_templates_find_an_error(monkeypatch, tmp_path):
    letter = letters.subscribe(monkeypatch, tmp_path / "letter", "{{ run_id }}: {{ exception }}")
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    on_question(load()["met"])({"run_id": "manual__1", "task": SimpleNamespace(subject="Approve?")})
    assert letter.read_text() == "manual__1: Approve?"


def test_nobody_is_asked_by_default():
    assert on_question(load(NEEDED)["met"]) is None
