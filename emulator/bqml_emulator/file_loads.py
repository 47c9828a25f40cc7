"""Load jobs from gs:// read the storage's own files: DuckDB's httpfs would have to be downloaded."""

from pathlib import Path

from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import load

from bqml_emulator import gcs


def install(storage_dir: Path):
    """fake-gcs-server keeps every object as a plain file bucket/name under its root."""
    original = load.paths

    def paths(cur, uri: str) -> list[str]:
        if not uri.startswith("gs://"):
            return original(cur, uri)
        bucket, _ = gcs.split(uri)
        found = [str(storage_dir / bucket / item["name"]) for item in gcs.objects(uri)]
        if not found:
            raise BigQueryError("notFound", f"Not found: URI {uri}")
        return found

    load.paths = paths
