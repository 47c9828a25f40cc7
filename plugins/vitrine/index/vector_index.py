"""A vector index by its names in BigQuery, and the question for its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vitrine.collection import SQL_DIR, Collection
from vitrine.google.jobs import query_job, string
from vitrine.google.templates import render


@dataclass(frozen=True)
class VectorIndex:
    """A vector index, whoever made it; `table_id` is the table's name within the dataset."""

    project_id: str
    dataset_id: str
    table_id: str
    index_name: str

    @classmethod
    def of(cls, collection: Collection) -> VectorIndex:
        """The index of a collection's embeddings, for the model in use."""
        return cls(
            project_id=collection.project,
            dataset_id=collection.dataset,
            table_id=collection.table_name("image_embeddings"),
            index_name=collection.table_name("images_index"),
        )

    @property
    def table(self) -> str:
        """Name of the table with project and dataset, as the API takes it."""
        return f"{self.project_id}.{self.dataset_id}.{self.table_id}"

    def question(self) -> dict[str, Any]:
        """Configuration of the query job that reads its state, for `classify`; it bills 10 MiB."""
        # From the package: a DAG that knows nothing of collections has no folder with statements.
        sql = render(
            SQL_DIR,
            "index/select_vector_index.sql",
            {"project_id": self.project_id, "dataset_id": self.dataset_id},
        )
        return query_job(sql, string("table_name", self.table_id), string("index_name", self.index_name))
