"""Vectors for the tests: clusters on a sphere, as embeddings are, and how they get into a table."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud import bigquery

CLUSTERS = 20
ANIMALS = """
CREATE TABLE {ds}.base AS SELECT * FROM UNNEST([
  STRUCT('dog' AS id, [1.0, 2.0] AS embedding), ('wolf', [2.0, 4.0]), ('snake', [-2.0, 3.0]),
  ('lion', [2.0, -2.5]), ('tiger', [3.0, -2.0]), ('otter', [-3.0, -1.0]), ('whale', [-5.0, -1.0])]);
CREATE TABLE {ds}.queries AS SELECT * FROM UNNEST([
  STRUCT('dog' AS query_id, [1.0, 2.0] AS embedding), ('cat', [1.0, -1.0])]);
"""  # the example of the reference of VECTOR_SEARCH


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
    config.parquet_options = bigquery.ParquetOptions()
    config.parquet_options.enable_list_inference = True  # else BigQuery makes lists STRUCTs of STRUCTs
    client.load_table_from_file(buffer, table, job_config=config).result()
