"""BigQuery and Cloud Storage as the boundary tests see them: official clients, a bucket, own datasets."""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from emulator_process import EmulatorProcess
from google.api_core.exceptions import BadRequest
from google.cloud import bigquery, storage

POLL_SECONDS = 0.05


class Service:
    """What both have: two clients and the name of a bucket."""

    patience: float  # seconds that an asynchronous change may take

    def __init__(self, client: bigquery.Client, storage_client: storage.Client, bucket: str):
        self.bigquery, self.storage, self.bucket = client, storage_client, bucket

    @contextlib.contextmanager
    def dataset(self) -> Iterator[str]:
        """The id of a fresh dataset whose tables expire, should nobody be left to drop it."""
        name = f"vitrine_boundary_{uuid.uuid4().hex[:12]}"
        self.bigquery.query_and_wait(
            f"CREATE SCHEMA {name} OPTIONS (location = 'US', default_table_expiration_days = 1)"
        )
        yield name
        self.bigquery.query_and_wait(f"DROP SCHEMA {name} CASCADE")

    @contextlib.contextmanager
    def folder(self) -> Iterator["Folder"]:
        """An empty folder, emptied afterwards."""
        folder = Folder(self.storage.bucket(self.bucket), f"vitrine-boundary/{uuid.uuid4().hex[:12]}")
        yield folder
        folder.clear()

    def accepts(self, sql: str, refusal: str) -> bool:
        """Whether a statement runs; False when it is refused with this text."""
        try:
            self.ask(sql)
        except BadRequest as error:
            if refusal not in str(error):
                raise
            return False
        return True

    def ask(self, sql: str, *parameters: Any, **config: Any) -> list[tuple]:
        """Run a query with these parameters and options; its rows."""
        options = bigquery.QueryJobConfig(query_parameters=list(parameters), **config)
        return [tuple(row.values()) for row in self.bigquery.query_and_wait(sql, job_config=options)]

    def statistics(self, sql: str) -> dict:
        """Run a query; what jobs.get tells of it under statistics.query."""
        job = self.bigquery.query(sql)
        job.result()
        return self.bigquery.get_job(job.job_id)._properties["statistics"]["query"]

    def wait_until(self, condition: Callable[[], Any]) -> Any:
        """Poll until `condition()` is true and return its value; fail after the service's patience."""
        deadline = time.monotonic() + self.patience
        while not (value := condition()):
            assert time.monotonic() < deadline, f"not true within {self.patience} s"
            time.sleep(POLL_SECONDS * self.patience / Emulator.patience)
        return value


class Emulator(Service):
    """The embedded BigQuery."""

    patience = 20.0

    def __init__(self, process: EmulatorProcess):
        super().__init__(process.bigquery(), process.storage(), "boundary")
        if not self.storage.bucket(self.bucket).exists():
            self.storage.create_bucket(self.bucket)


class BigQuery(Service):
    """Google's own, with the default credentials of whoever runs the tests."""

    patience = 900.0

    def __init__(self, project: str, bucket: str):
        super().__init__(bigquery.Client(project), storage.Client(project), bucket)


class Folder:
    """A folder of a bucket."""

    def __init__(self, bucket: storage.Bucket, prefix: str):
        self.bucket, self.prefix, self.uri = bucket, prefix, f"gs://{bucket.name}/{prefix}"

    def put(self, name: str, data: bytes = b"x", content_type: str = "image/png", **metadata: str):
        """Write an object."""
        blob = self.bucket.blob(f"{self.prefix}/{name}")
        blob.metadata = metadata or None
        blob.upload_from_string(data, content_type)

    def delete(self, name: str):
        """Delete an object."""
        self.bucket.blob(f"{self.prefix}/{name}").delete()

    def clear(self):
        """Delete everything."""
        for blob in self.bucket.list_blobs(prefix=f"{self.prefix}/"):
            blob.delete()
