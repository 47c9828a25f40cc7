"""A resource of which a key is changed takes over the others as they are, without reading them again.

A job is changed ten times while it runs, and one with a vector as its parameter has 1,408 values.
"""

from typing import Any

from local_bigquery.resource import Resource


def _given(resource: Resource) -> dict[str, Any]:
    """What `dump` says, but whole resources below it."""
    fields = type(resource).model_fields
    return {
        (name in fields and fields[name].alias) or name: value
        for name, value in resource
        if value is not None
    }


def _replace(self: Resource, **changes: Any) -> Resource:
    return self.model_validate(_given(self) | changes)


def _without(self: Resource, *keys: str) -> Resource:
    return self.model_validate({key: value for key, value in _given(self).items() if key not in keys})


def install():
    """Change resources one level deep."""
    Resource.replace, Resource.without = _replace, _without
