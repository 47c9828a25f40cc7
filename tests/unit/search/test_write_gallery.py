"""The end of a search."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk import ObjectStoragePath

from tests.faults.images import photo
from tests.unit.fakes import collection_with, context
from vitrine.google.jobs import query_job
from vitrine.search.addresses import page_name
from vitrine.search.write_gallery import WriteGalleryOperator, gallery_path


def run(bigquery, gallery: str, rows: list[dict]) -> dict:
    """Write a gallery of these results."""
    bigquery.answers["select_results"] = rows
    operator = WriteGalleryOperator(
        task_id="write_gallery",
        collection=collection_with(gallery=gallery),
        configuration=query_job("search/select_results.sql"),
        queries=["a red car"],
        search={},
    )
    run = SimpleNamespace(
        dag_id="search_images", run_id="manual__1", run_after=datetime(2026, 11, 22, 9, tzinfo=UTC)
    )
    return operator.execute(context() | {"dag_run": run})


@pytest.mark.parametrize("bucket", [False, True])
def test_the_page_is_written_to_a_folder_or_a_bucket(emulator, bigquery, tmp_path, bucket, monkeypatch):
    emulator.upload("gallery-test", {"car.jpg": photo(1)})
    if bucket:

        def deny(*_, **__):
            raise PermissionError("storage.buckets.create denied")

        monkeypatch.setattr(ObjectStoragePath, "mkdir", deny)
    gallery = "gs://gallery-test/pages" if bucket else str(tmp_path / "new" / "folder")
    row = {"query": "a red car", "change": ""}
    rows = [
        row | {"rank": 1, "gcs_uri": "gs://gallery-test/car.jpg", "distance": 0.5},
        row | {"rank": 2, "gcs_uri": "gs://gallery-test/gone.jpg", "distance": 0.6},
        row | {"rank": 3, "gcs_uri": "gs://b/x.jpg", "distance": 0.7, "change": "gone"},
    ]

    found = run(bigquery, gallery, rows)

    name = page_name("search_images", "manual__1")
    page = (gallery_path(collection_with(gallery=gallery)) / name).read_text()
    assert found["results"] == rows
    assert found["gallery"].endswith(f"/{name}")
    assert page.count("data:image/jpeg;base64,") == 1
    assert page.count("gone from the bucket") == 1
    assert "Gone: gs://b/x.jpg" in page
    assert "multimodalembedding@001/1408" in page
