"""What the embedded BigQuery costs besides DuckDB, faiss and its model, as one table: `make bench-search`.

    PYTHONPATH=emulator:emulator/tests:. emulator/.venv/bin/python -m benchmarks.search [--rows 10000 50000]

Ratios of medians, each to a baseline that takes turns with it; benchmarks/README.md says what they mean.
The exit code says whether all of them are as wanted. State goes to a folder below $TMPDIR that is removed.
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import faiss
import numpy as np
import pictures
import pyarrow as pa
from emulator_process import EmulatorProcess, wait_until
from google.cloud.bigquery import ArrayQueryParameter, Client, QueryJobConfig
from PIL import Image
from vector_data import load, vectors

from benchmarks.figures import Figure, at_most
from bqml_emulator import model
from bqml_emulator.core.config import Config

DIMENSION = 1408
ROUNDS, WARM_UP = 9, 2
TOP = 10
IMAGES = 200
SIDES = (300, 400)  # of the images: as in the demo
ANALYZER = "EMULATOR_ANALYZER"
EXACT_MOST = {10_000: 1.5, 50_000: 1.3}
INDEXED_MOST, EMBEDDING_MOST, READY_MOST_SECONDS = 0.3, 1.15, 4.0
SEARCH = (
    "SELECT base.n, distance FROM VECTOR_SEARCH(TABLE ds.t{rows}, 'embedding', query_value => @v, "
    "top_k => {top}, distance_type => 'COSINE'{options}) ORDER BY distance"
)
BRUTE_FORCE = """, options => '{"use_brute_force": true}'"""
COVERAGE = "SELECT coverage_percentage FROM ds.INFORMATION_SCHEMA.VECTOR_INDEXES WHERE table_name = 't{rows}'"
INDEX = (
    "CREATE VECTOR INDEX ix ON ds.t{rows}(embedding) OPTIONS(index_type = 'IVF', distance_type = 'COSINE')"
)
EMBED = "SELECT COUNT(*), COUNTIF(status = '') FROM AI.GENERATE_EMBEDDING(MODEL ds.model, TABLE ds.images)"


def medians(*things: Callable[[], object]) -> list[float]:
    """The median milliseconds of each, in turns, so that what else the machine does falls on all of them."""
    taken: list[list[float]] = [[] for _ in things]
    for number in range(WARM_UP + ROUNDS):
        for thing, times in zip(things, taken, strict=True):
            start = time.perf_counter()
            thing()
            if number >= WARM_UP:
                times.append(1000 * (time.perf_counter() - start))
    return [statistics.median(times) for times in taken]


class Bench:
    """An emulator, and bare DuckDB on a file of its own beside it."""

    def __init__(self, process: EmulatorProcess, folder: Path):
        self.process = process
        self.client: Client = process.bigquery()
        self.bare = duckdb.connect()
        self.bare.execute("SET memory_limit = '2GiB'")
        self.bare.execute(f"ATTACH '{folder / 'bare.duckdb'}' AS bare")
        self.query = vectors(1, DIMENSION, seed=5)[0]

    def ask(self, sql: str) -> list[tuple]:
        """The rows of a query, whose parameter @v is the vector that is searched."""
        parameters = [ArrayQueryParameter("v", "FLOAT64", self.query.tolist())] if "@v" in sql else []
        config = QueryJobConfig(query_parameters=parameters)
        return [tuple(row.values()) for row in self.client.query_and_wait(sql, job_config=config)]

    def measure(self, sizes: list[int]) -> Iterator[Figure]:
        """All figures of this emulator."""
        self.ask("CREATE SCHEMA ds")
        one, bare = medians(lambda: self.ask("SELECT 1"), lambda: self.bare.execute("SELECT 1").fetchall())
        yield Figure("SELECT 1 against bare DuckDB", "-", f"{one:.1f} ms against {bare:.2f}")
        self.process.faults(index_build_seconds=0)
        for rows in sizes:
            yield from self.searches(rows)
        yield self.embedding()
        yield Figure("memory of the process at the end (RSS)", "-", f"{self.memory_mib():,.0f} MiB")

    def searches(self, rows: int) -> Iterator[Figure]:
        """One table, without and with an index."""
        values = vectors(rows, DIMENSION)
        load(self.client, f"ds.t{rows}", values)
        self.fill_bare(rows, values)
        exact_sql = SEARCH.format(rows=rows, top=TOP, options=BRUTE_FORCE)
        bare_sql = (
            "SELECT n, list_cosine_distance(embedding, CAST(? AS DOUBLE[])) AS distance "
            f"FROM bare.t{rows} ORDER BY distance LIMIT {TOP}"
        )

        def bare() -> list[tuple]:
            return self.bare.execute(bare_sql, [self.query.tolist()]).fetchall()

        assert self.ask(exact_sql) == bare()  # the same rows and distances, bit by bit
        exact_ms, bare_ms = medians(lambda: self.ask(exact_sql), bare)
        name = f"exact search in {rows:,} × {DIMENSION:,} against bare DuckDB"
        words = f"({exact_ms:.0f} ms against {bare_ms:.0f})"
        yield at_most(name, EXACT_MOST.get(rows, 1.5), round(exact_ms / bare_ms, 2), words)
        self.ask(INDEX.format(rows=rows))
        wait_until(lambda: self.ask(COVERAGE.format(rows=rows)) == [(100,)], 600)
        indexed_sql = SEARCH.format(rows=rows, top=TOP, options="")
        lists = self.faiss_index(values)
        indexed_ms, exact_ms, faiss_ms = medians(
            lambda: self.ask(indexed_sql), lambda: self.ask(exact_sql), lambda: self.search_faiss(lists)
        )
        recall = len(set(self.ask(indexed_sql)) & set(self.ask(exact_sql)))
        words = f"({indexed_ms:.0f} ms against {exact_ms:.0f}, faiss {faiss_ms:.1f}; {recall} of {TOP} found)"
        name = f"search by index in {rows:,} against the exact one"
        ratio = round(indexed_ms / exact_ms, 2)
        if rows >= max(EXACT_MOST):
            yield at_most(name, INDEXED_MOST, ratio, words)
        else:
            yield Figure(name, "-", f"{ratio} {words}")

    def fill_bare(self, rows: int, values: np.ndarray) -> None:
        """The same table for bare DuckDB."""
        offsets = pa.array(np.arange(0, values.size + 1, DIMENSION, dtype=np.int32))
        column = pa.ListArray.from_arrays(offsets, pa.array(values.ravel()))
        self.bare.register("given", pa.table({"n": pa.array(np.arange(rows)), "embedding": column}))
        self.bare.execute(f"CREATE TABLE bare.t{rows} AS FROM given")
        self.bare.unregister("given")
        self.bare.execute("CHECKPOINT bare")

    def faiss_index(self, values: np.ndarray) -> faiss.Index:
        """An IVF index with as many lists, of which as many are searched."""
        copies = values.astype(np.float32)
        lists = int(len(values) ** 0.5)
        index = faiss.IndexIVFFlat(faiss.IndexFlatIP(DIMENSION), DIMENSION, lists, faiss.METRIC_INNER_PRODUCT)
        index.train(copies[: 64 * lists])
        index.add(copies)
        index.nprobe = -(-lists // 10)
        return index

    def search_faiss(self, index: faiss.Index) -> None:
        """One search."""
        index.search(self.query.astype(np.float32).reshape(1, -1), TOP)

    def embedding(self) -> Figure:
        """CPU time of an image, of the emulator's process and of the model alone in this one."""
        images = {f"{number:03d}.jpg": photo(number) for number in range(IMAGES)}
        pictures.setup(self.process, "ds", "bench", images, "image/jpeg")
        alone = model.load()
        expected = [(IMAGES, IMAGES)]
        assert self.ask(EMBED) == expected  # also warms up
        ratios, bare, whole = [], [], []
        for _ in range(5):
            start = time.process_time()
            for data in images.values():
                alone.embed_image(data)
            bare.append(1000 * (time.process_time() - start) / IMAGES)
            before = self.cpu_seconds()
            assert self.ask(EMBED) == expected
            whole.append(1000 * (self.cpu_seconds() - before) / IMAGES)
            ratios.append(whole[-1] / bare[-1])
        words = f"({statistics.median(whole):.1f} ms against {statistics.median(bare):.1f})"
        ratio = round(statistics.median(ratios), 2)
        return at_most("CPU of an embedded image against the bare model", EMBEDDING_MOST, ratio, words)

    def cpu_seconds(self) -> float:
        """CPU time of the emulator until now; its storage is another process, through which no image goes."""
        if sys.platform == "linux":  # where `ps` has whole seconds
            stat = Path(f"/proc/{self.process.process.pid}/stat").read_text()
            return sum(map(int, stat.rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")
        minutes, _, seconds = self._ps("time").rpartition(":")
        return 60 * int(minutes) + float(seconds)

    def memory_mib(self) -> float:
        """Resident memory of the emulator, the storage's process not counted."""
        return int(self._ps("rss")) / 1024

    def _ps(self, field: str) -> str:
        command = ["ps", "-o", f"{field}=", "-p", str(self.process.process.pid)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def photo(number: int) -> bytes:
    """A JPEG that differs for every number, about as hard to read as a photograph."""
    random = np.random.default_rng(number)
    small = Image.fromarray(random.integers(0, 255, (24, 32, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    small.resize(SIDES, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def run(sizes: list[int], **environment: str) -> list[Figure]:
    """The figures of an emulator with these settings."""
    with tempfile.TemporaryDirectory() as name:
        folder, start = Path(name), time.perf_counter()
        with EmulatorProcess(folder / "emulator", **environment) as process:
            seconds = round(time.perf_counter() - start, 1)
            ready = at_most("seconds until it is ready", READY_MOST_SECONDS, seconds)
            figures = [ready]
            for figure in Bench(process, folder).measure(sizes):
                figures.append(figure)
                print(f"{figure.name}: {figure.measured}", file=sys.stderr, flush=True)
        return figures


def as_columns(runs: dict[str, list[Figure]]) -> str:
    """The figures of several runs side by side, as a Markdown table; what misses is marked."""
    lines = [f"| figure | wanted | {' | '.join(runs)} |", "|---" * (2 + len(runs)) + "|"]
    for row in zip(*runs.values(), strict=True):
        cells = [f"{'**misses** ' if figure.good is False else ''}{figure.measured}" for figure in row]
        lines.append(f"| {row[0].name} | {row[0].wanted} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Measure, print, judge; without Google's analyzer and with it, where the emulator has one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=list(EXACT_MOST))
    given = parser.parse_args(arguments)
    settings = [{ANALYZER: "off"}, {ANALYZER: "on"}] if "analyzer" in Config.__dataclass_fields__ else [{}]
    runs = {", ".join(map("=".join, one.items())) or "measured": run(given.rows, **one) for one in settings}
    loads = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {loads}\n\n{as_columns(runs)}")
    return int(any(figure.good is False for figures in runs.values() for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
