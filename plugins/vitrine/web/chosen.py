"""The collection that a URL names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException

from vitrine.collection import Collection, load


def chosen(name: str) -> Collection:
    """The collection of a URL such as /vitrine/met/health. Errors: SettingsError; 404 if there is none."""
    deployment = load()
    try:
        return deployment[name]
    except KeyError:
        names = ", ".join(collection.name for collection in deployment.collections)
        raise HTTPException(404, f"There is no collection {name!r}. The collections are: {names}.") from None


ChosenCollection = Annotated[Collection, Depends(chosen)]
