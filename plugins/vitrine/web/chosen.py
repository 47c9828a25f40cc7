"""The collection that an address names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException

from vitrine.collection import Collection, load


def chosen(name: str) -> Collection:
    """The collection of an address such as /vitrine/met/health. Errors: SettingsError; 404 where none is."""
    deployment = load()
    try:
        return deployment[name]
    except KeyError:
        names = ", ".join(collection.name for collection in deployment.collections)
        raise HTTPException(404, f"There is no collection {name!r}. These are there: {names}.") from None


ChosenCollection = Annotated[Collection, Depends(chosen)]
