"""What a search asks of DuckDB, counted in a process of its own, as JSON on stdout.

Each search is the list of the SQL texts that were run for it; `compared` is how many rows of the lists a
search by index has compared, `unlisted` how many others; `batch` how often DuckDB
computed distances in a search by index for 3,000 vectors. The environment is the emulator's.
"""

import json
import os
import uuid

import numpy as np
import pyarrow as pa
from emulator_process import wait_until
from local_bigquery.api import jobs
from local_bigquery.engine import database
from local_bigquery.models import QueryRequest
from vector_data import vectors

from bqml_emulator import hooks
from bqml_emulator.core import config, faults
from bqml_emulator.vector import candidates, catalog, nearby, state

ROWS, DIMENSION = 6_000, 256  # 12 MB: an index is built
SEARCH = (
    "SELECT base.n, distance FROM VECTOR_SEARCH(TABLE ds.t, 'embedding', query_value => (SELECT v FROM ds.q)"
    ", top_k => 5, distance_type => 'COSINE'{options}) ORDER BY distance"
)
EXACT = SEARCH.format(options=""", options => '{"use_brute_force": true}'""")
BATCH = (
    "SELECT COUNT(*) FROM VECTOR_SEARCH(TABLE ds.t, 'embedding', "
    "(SELECT embedding FROM ds.t WHERE n < 3000), top_k => 5, distance_type => 'COSINE')"
)
asked: list[str] = []


class Cursor:
    """A DuckDB cursor that notes what it is asked."""

    def __init__(self, cursor):
        self._cursor = cursor

    def __getattr__(self, name):
        found = getattr(self._cursor, name)
        if name == "cursor":
            return lambda: Cursor(found())
        return (
            (lambda *given, **named: self._noted(found, *given, **named))
            if name in ("execute", "sql")
            else found
        )

    def _noted(self, call, sql, *given, **named):
        parameters = [item for item in given if isinstance(item, list)]
        asked.append(f"{' '.join(sql.split())} {parameters or ''}".strip())
        found = call(sql, *given, **named)
        return self if found is self._cursor else found


def ask(sql: str):
    """Run a query job to its end."""
    request = {"query": sql, "useLegacySql": False, "requestId": uuid.uuid4().hex}
    return jobs.run_query("demo-project", QueryRequest.model_validate(request))


def noted(sql: str) -> list[str]:
    """What DuckDB is asked for one query."""
    asked.clear()
    ask(sql)
    return list(asked)


def fill(rows: np.ndarray):
    """Make ds.t of rows, and ds.q of one of them."""
    offsets = pa.array(np.arange(0, rows.size + 1, DIMENSION, dtype=np.int32))
    column = pa.ListArray.from_arrays(offsets, pa.array(rows.ravel()))
    with database.cursor() as cursor:
        cursor.register("given", pa.table({"n": pa.array(np.arange(len(rows))), "embedding": column}))
        cursor.execute('CREATE TABLE "demo-project".ds.t AS FROM given')
    ask("CREATE TABLE ds.q AS SELECT embedding AS v FROM ds.t WHERE n = 7")


def main() -> dict:
    """Search, change the table, search again; then with an index."""
    hooks.install(config.load())
    ask("CREATE SCHEMA ds")
    fill(vectors(ROWS, DIMENSION))
    opened = database.connection
    database.connection = lambda: Cursor(opened())
    ask(EXACT)
    result = {"again": noted(EXACT)}
    ask(f"INSERT INTO ds.t SELECT {ROWS}, v FROM ds.q")
    result |= {"changed": noted(EXACT), "unchanged": noted(EXACT)}
    database.connection = opened
    faults.update({"index_build_seconds": 0})
    ask("CREATE VECTOR INDEX ix ON ds.t(embedding) OPTIONS (index_type = 'IVF', distance_type = 'COSINE')")
    index = catalog.on_table("demo-project", "ds", "t")
    wait_until(lambda: state.status(index).coverage_percentage == 100)
    compared, seen = candidates.of_list, nearby._seen
    counts = {"compared": [], "unlisted": []}

    def count_compared(rows, *arguments):
        counts["compared"].append(len(rows))
        return compared(rows, *arguments)

    def count_unlisted(*arguments):
        found = seen(*arguments)
        counts["unlisted"].append(len(found["others"]) if found["others"] is not nearby.NO_ROW else 0)
        return found

    candidates.of_list, nearby._seen = count_compared, count_unlisted
    ask(SEARCH.format(options=""))
    result |= {name: sum(numbers) for name, numbers in counts.items()}
    database.connection = lambda: Cursor(opened())
    return result | {"batch": len([sql for sql in noted(BATCH) if "AS d FROM _vector" in sql])}


if __name__ == "__main__":
    print(json.dumps(main()), flush=True)
    os._exit(0)  # the threads of the emulator are no concern any more
