"""Who is told when a run fails: any Airflow notifier, named by a setting."""

from __future__ import annotations

from importlib import import_module

from airflow.sdk import BaseNotifier

from vitrine.collection import Collection
from vitrine.errors import SettingsError


def on_failure(collection: Collection) -> BaseNotifier | None:
    """The collection's notifier, or None. Errors: SettingsError naming the setting that cannot work."""
    if not collection.notifier:
        return None
    notifier = _notifier_class(collection)
    try:
        return notifier(**collection.notifier_arguments)
    except Exception as error:
        raise _refused(collection, "notifier_arguments", str(error)) from error


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
    return SettingsError(f"{name}={value!r} of the collection {collection.name} cannot work: {reason}.")
