"""Small images for the tests, and one object that is wrong in each way that matters."""

import hashlib
import io

from PIL import Image

COUNT = "SELECT status, COUNT(*) AS n FROM AI.GENERATE_EMBEDDING(MODEL ds.model, TABLE ds.images) GROUP BY 1"
COLOURS = {"red": (200, 20, 20), "green": (20, 160, 40), "blue": (20, 40, 200), "white": (245, 245, 245)}


def png(colour: tuple[int, int, int], size: int = 16) -> bytes:
    """A square PNG of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "PNG")
    return buffer.getvalue()


def unlike(number: int) -> bytes:
    """A PNG that differs for every number below 16 million."""
    return png((number >> 16 & 255, number >> 8 & 255, number & 255), 2)


def setup(process, dataset: str, bucket: str, objects: dict[str, bytes], content_type: str = "image/png"):
    """Upload the objects; create the dataset with `images` (object table) and `model`."""
    process.upload(bucket, objects, content_type)
    process.bigquery().query_and_wait(
        f"""
        CREATE SCHEMA IF NOT EXISTS {dataset};
        CREATE OR REPLACE EXTERNAL TABLE {dataset}.images WITH CONNECTION DEFAULT
        OPTIONS (object_metadata = 'SIMPLE', uris = ['gs://{bucket}/*']);
        CREATE OR REPLACE MODEL {dataset}.model REMOTE WITH CONNECTION DEFAULT
        OPTIONS (ENDPOINT = 'multimodalembedding@001');
        """
    )


def sha256(data: bytes) -> str:
    """The hash by which the ledger knows a content."""
    return hashlib.sha256(data).hexdigest()


def statuses(service) -> dict[str, int]:
    """Embed every image of ds.images once; how many rows got which status."""
    return {row.status: row.n for row in service.bigquery().query_and_wait(COUNT)}
