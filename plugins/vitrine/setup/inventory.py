"""What there is of a collection and model on Google Cloud, and what of it a teardown drops."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from vitrine.collection import Collection, load
from vitrine.google.access import Access
from vitrine.google.bigquery import BigQuery
from vitrine.setup.tables import CONNECTION_DESCRIPTION, DATASET_LABEL, TABLES


class Part(StrEnum):
    """What a teardown drops, in this order."""

    INDEX = "vector index"
    TABLES = "tables"
    MODEL = "remote model"
    IMAGES = "listing of the bucket"
    CONNECTION = "connection"
    DATASET = "dataset"


@dataclass(frozen=True)
class Inventory:
    """`goes`: names of what is dropped, by part. `stays`: why something stays, by its name."""

    goes: dict[Part, list[str]]
    stays: dict[str, str]
    vectors: int


def take(collection: Collection, *, drop_connection: bool) -> Inventory:
    """Look at what there is now. Errors: google.api_core.exceptions.GoogleAPIError.

    :param drop_connection: whether somebody has asked for the connection to go.
    """
    bigquery = BigQuery.of(collection)
    dataset = bigquery.dataset(f"{collection.project}.{collection.dataset}")
    if dataset is None:
        return Inventory(*_connection(collection, [], is_wanted=drop_connection), vectors=0)
    own = [name for name in map(collection.table_name, TABLES) if name in dataset.tables]
    searched, images = collection.table_name("image_embeddings"), collection.table_name("images")
    model = collection.table_name("multimodal_embedding_model")
    others = _other_models(collection, dataset.tables)
    goes = {
        Part.INDEX: [f"{collection.table_name('images_index')}, if there is one"] if searched in own else [],
        Part.TABLES: own,
        Part.MODEL: [model] if model in dataset.models else [],
        Part.IMAGES: [images] if images in dataset.tables and not others else [],
    }
    names = {name for part in goes.values() for name in part}
    foreign = sorted({*dataset.tables, *dataset.models, *dataset.routines} - names)
    stays = dict.fromkeys(foreign, "not of this collection and model")
    if images in foreign:
        stays[images] = f"the models {', '.join(others)} use it"
    users = ["what stays in the dataset"] if foreign else []
    connection, kept = _connection(collection, users, is_wanted=drop_connection)
    goes, stays = goes | connection, stays | kept
    if dataset.labels.get(DATASET_LABEL[0]) != DATASET_LABEL[1]:
        stays[collection.dataset] = "setup has not made this dataset, or has done so before it left a mark"
    elif foreign:
        stays[collection.dataset] = "it is not empty"
    else:
        goes[Part.DATASET] = [collection.dataset]
    vectors = bigquery.table_size(collection.table_id("image_embeddings")).rows if searched in own else 0
    return Inventory({part: names for part, names in goes.items() if names}, stays, vectors)


def _other_models(collection: Collection, tables: set[str]) -> list[str]:
    """The other models of the collection that have tables."""
    return [
        name
        for name in collection.models
        if name != collection.model_name and collection.using(name).table_name("image_embeddings") in tables
    ]


def _connection(
    collection: Collection, users: list[str], *, is_wanted: bool
) -> tuple[dict[Part, list[str]], dict[str, str]]:
    """What goes and what stays: the connection goes only if somebody wants it to, setup has made it, and no
    other user is known. What another deployment uses cannot be seen."""
    name = collection.connection_name
    found = Access(collection).connection()
    sharing = [
        f"the collection {other.name}"
        for other in load().collections
        if other.name != collection.name and other.connection_name == name
    ]
    if found is None:
        return {}, {}
    if users := [*users, *sharing]:
        return {}, {name: f"{', '.join(users)} may use it"}
    if found.get("description") != CONNECTION_DESCRIPTION:
        return {}, {name: "setup has not made this connection, or has done so before it left a mark"}
    if not is_wanted:
        return {}, {name: "drop_connection is not set; whether others use it cannot be seen"}
    return {Part.CONNECTION: [name]}, {}


def as_markdown(collection: Collection, inventory: Inventory, galleries: int) -> str:
    """What goes, what stays, and what it would cost to make again."""
    rates, vectors = collection.rates, inventory.vectors
    minutes = ceil(vectors / min(rates.images_per_minute, rates.lanes * rates.images_per_minute_per_job))
    price = f"{vectors:,} vectors, about ${vectors * rates.image_usd:,.2f} and {minutes:,} min on BigQuery"
    rows = [(str(part), ", ".join(names)) for part, names in inventory.goes.items()]
    if galleries:
        rows.append(("galleries", f"{galleries:,} pages in {collection.gallery}"))
    if Part.CONNECTION in inventory.goes:
        rows.append(("before you approve", "whether others use the connection cannot be seen: ask them"))
    rows += [
        ("to make again", price),
        ("nobody makes again", "reports, quarantine, measurements, results of searches"),
        *((f"stays: {name}", why) for name, why in inventory.stays.items()),
        ("stays: the images", f"nothing in {', '.join(collection.objects)} is touched"),
    ]
    return "\n".join(["| goes | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])
