"""Who is told when a run fails."""

import pytest
from airflow.sdk import BaseNotifier

from tests.unit.test_collection import NEEDED
from vitrine.collection import load
from vitrine.errors import SettingsError
from vitrine.notifications import on_failure


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
    with pytest.raises(SettingsError, match=f"notifier='{path}' of the collection met cannot work"):
        notifier(path)


@pytest.mark.parametrize("arguments", ['{"from": "me"}'])
def test_arguments_that_cannot_work_are_named(arguments):
    with pytest.raises(SettingsError, match=r"notifier_arguments=.* of the collection met cannot work"):
        notifier(f"{__name__}.Letter", arguments)
