"""The embedded BigQuery as the tests see it: clients, ledger, faults, fast uploads."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from urllib.parse import quote

import requests
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

UPLOAD_THREADS = 8
LEDGER_PAGE = 10_000
POLL_SECONDS = 0.02


class Emulator:
    """A running emulator at `url`, with its object storage at `storage_url`."""

    def __init__(self, url: str, storage_url: str, project: str) -> None:
        """Make the official clients for it; nothing is sent yet."""
        self.url, self.storage_url, self.project = url, storage_url, project
        self.bigquery = bigquery.Client(
            project=project,
            credentials=AnonymousCredentials(),
            client_options=ClientOptions(api_endpoint=url),
        )
        self.storage = storage.Client(
            project=project,
            credentials=AnonymousCredentials(),
            client_options=ClientOptions(api_endpoint=storage_url),
        )

    def ledger(self, after: int = 0) -> list[dict]:
        """Answer every model call with an id above `after`, oldest first."""
        calls: list[dict] = []
        position: int | None = after
        while position is not None:
            page = self._get(f"/emulator/ledger?after={position}&limit={LEDGER_PAGE}")
            calls += page["calls"]
            position = page["next"]
        return calls

    def last_call(self) -> int:
        """Answer the id of the newest model call, for `ledger(after=...)` later; 0 before the first."""
        # Calls are numbered from 1 without gaps; reading tens of thousands to find the last takes seconds.
        return self._get("/emulator/ledger/summary")["calls"]

    def wait_for_call(self, number: int, seconds: float = 120) -> None:
        """Return once there is a model call with this id; fail at the deadline."""
        deadline = time.monotonic() + seconds
        while not self._get(f"/emulator/ledger?after={number - 1}&limit=1")["calls"]:
            assert time.monotonic() < deadline, f"there is no model call {number} after {seconds} s"
            time.sleep(POLL_SECONDS)

    def faults(self, **changes: object) -> dict:
        """Change the given faults and answer all of them as they are now."""
        response = requests.put(f"{self.url}/emulator/faults", json=changes, timeout=30)
        response.raise_for_status()
        return response.json()

    def upload(self, bucket: str, objects: dict[str, bytes], content_type: str = "image/jpeg") -> None:
        """Put objects by name into a bucket, which is made when it does not exist; thousands take seconds."""
        if not self.storage.bucket(bucket).exists():
            self.storage.create_bucket(bucket)
        share = -(-len(objects) // UPLOAD_THREADS) or 1
        with ThreadPoolExecutor(UPLOAD_THREADS) as pool:
            parts = [dict(part) for part in batched(objects.items(), share, strict=False)]
            list(pool.map(lambda part: self._upload_part(bucket, part, content_type), parts))

    def load(self, table_id: str, rows: list[dict]) -> None:
        """Append rows to a table, in a job of its own."""
        job = self.bigquery.load_table_from_json(rows, table_id)
        while not job.done():  # result() alone looks once a second
            time.sleep(POLL_SECONDS)
        job.result()

    def _upload_part(self, bucket: str, objects: dict[str, bytes], content_type: str) -> None:
        url = f"{self.storage_url}/upload/storage/v1/b/{bucket}/o?uploadType=media&name="
        with requests.Session() as session:
            for name, content in objects.items():
                target = url + quote(name, safe="")
                session.post(target, content, headers={"Content-Type": content_type}).raise_for_status()

    def _get(self, path: str) -> dict:
        response = requests.get(self.url + path, timeout=30)
        response.raise_for_status()
        return response.json()
