"""Vectors for the tests: clusters on a sphere, as embeddings are, and how they get into a table."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery

CLUSTERS = 20


def vectors(rows: int, dimension: int, seed: int = 1) -> np.ndarray:
    """FLOAT64 [rows, dimension] of length 1, in clusters that are the same for every seed."""
    centres = np.random.default_rng(0).standard_normal((CLUSTERS, dimension))
    random = np.random.default_rng(seed)
    found = centres[random.integers(0, CLUSTERS, rows)] + 0.7 * random.standard_normal((rows, dimension))
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def load(client: bigquery.Client, table: str, values: np.ndarray, first: int = 0):
    """Append rows (n INT64, kind STRING, embedding ARRAY<FLOAT64>) numbered from `first`."""
    offsets = np.arange(0, values.size + 1, values.shape[1], dtype=np.int32)
    columns = {
        "n": pa.array(np.arange(first, first + len(values))),
        "kind": pa.array([f"k{n % 4}" for n in range(first, first + len(values))]),
        "embedding": pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.ravel())),
    }
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    buffer.seek(0)
    config = bigquery.LoadJobConfig(source_format="PARQUET", write_disposition="WRITE_APPEND")
    client.load_table_from_file(buffer, table, job_config=config).result()
