"""The Assets of a collection: bucket → listing → embeddings → vector index.

Tasks name them as inlets and outlets. Airflow draws its Asset graph from that, and OpenLineage takes it for
what no statement says, such as where a listing comes from.
https://airflow.apache.org/docs/apache-airflow/stable/authoring-and-scheduling/assets.html
"""

from __future__ import annotations

from airflow.sdk import Asset

from vitrine.collection import Collection


def bucket(collection: Collection) -> list[Asset]:
    """The objects that are kept searchable: an Asset for each folder."""
    return [Asset(uri.partition("*")[0].rstrip("/")) for uri in collection.objects]


def listing(collection: Collection) -> Asset:
    """The object table, as the bucket was last listed."""
    return _table(collection.table_id("images"))


def embeddings(collection: Collection) -> Asset:
    """The searchable embeddings, which each complete run of embed_images updates."""
    return _table(collection.table_id("image_embeddings"))


def vector_index(collection: Collection) -> Asset:
    """The vector index, once it is filled."""
    return _table(collection.table_id("images_index"))


def _table(table_id: str) -> Asset:
    return Asset(f"bigquery://{table_id.replace('.', '/')}")
