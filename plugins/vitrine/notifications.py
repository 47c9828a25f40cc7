"""Who is told when a run fails: any Airflow notifier, named by a setting."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from airflow.sdk import BaseNotifier

from vitrine.errors import SettingsError
from vitrine.settings import Settings, variable


def on_failure(settings: Settings) -> BaseNotifier | None:
    """The deployment's notifier, or None. Errors: SettingsError naming the variable that cannot work."""
    if not settings.notifier:
        return None
    notifier, arguments = _notifier_class(settings.notifier), _arguments(settings.notifier_arguments)
    try:
        return notifier(**arguments)
    except Exception as error:
        raise _refused("notifier_arguments", settings.notifier_arguments, str(error)) from error


def _notifier_class(path: str) -> type[BaseNotifier]:
    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise _refused("notifier", path, f"{error}. Is its provider installed?") from error
    if not (isinstance(found, type) and issubclass(found, BaseNotifier)):
        raise _refused("notifier", path, "it is not a subclass of airflow.sdk.BaseNotifier")
    return found


def _arguments(text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise _refused("notifier_arguments", text, f"it is not JSON: {error}") from error
    if not isinstance(arguments, dict):
        raise _refused("notifier_arguments", text, "it is not a JSON object")
    return arguments


def _refused(name: str, value: str, reason: str) -> SettingsError:
    return SettingsError(f"{variable(name)}={value!r} cannot work: {reason}.")
