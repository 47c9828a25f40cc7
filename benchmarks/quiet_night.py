"""A night with nothing new: its jobs, listings and bytes. The images are filled in by SQL, not by runs."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from google.cloud.bigquery import QueryJob, QueryJobConfig

from benchmarks.figures import Figure, at_most
from benchmarks.worlds import DIMENSION, LISTINGS, SETTINGS, Jobs, now, put_images, task_of
from tests.conftest import STATE
from tests.support.emulator import Emulator
from tests.support.fixtures import new_world
from tests.support.world import World
from vitrine.collection import load
from vitrine.embed import lease, queries
from vitrine.embed.planning import Batch
from vitrine.embed.turns import Turn
from vitrine.google.jobs import with_parameters
from vitrine.google.templates import render_statement

SMALL, MEDIUM, LARGE, HUGE = 1_000, 10_000, 100_000, 600_000  # images
COPIES = SMALL // 10  # contents with a second name
BATCH = 1_000  # images of the batch whose publication is measured
MOST_JOBS, MOST_JOBS_WITH_INDEX = 6, 8
BYTES_PER_NUMBER = 8  # FLOAT64
TURN = Turn(dag_id="", run_id="", lease_id="benchmark", earlier_lease_id="")

# What runs leave behind. The vectors are noise: a constant would make an index of one list.
VECTOR = f"ARRAY(SELECT RAND() + 0 * LENGTH(uri) FROM UNNEST(GENERATE_ARRAY(1, {DIMENSION})))"
ATTEMPT = """
INSERT INTO embedding_attempts
  (run_id, work_order, batch_number, model, uri, content_hash, generation, content_type, size, updated,
   ml_generate_embedding_result, ml_generate_embedding_status, attempted_at)
SELECT
  'filled', '{order}', 0, '{model}', uri, md5_hash, generation, content_type, size, updated,
  {vector}, '', CURRENT_TIMESTAMP()
FROM {images}"""
PLAN = """
INSERT INTO embedding_batches
  (run_id, pass_number, work_order, batch_number, uri, content_hash, generation, size, updated,
   replaces, planned_at)
SELECT
  'filled', 1, '{order}', 0, uri, md5_hash, generation, size, updated, FALSE, CURRENT_TIMESTAMP()
FROM {images}"""
PUBLISH = """
INSERT INTO met_image_embeddings
  (uri, content_hash, generation, content_type, size, updated, model,
   ml_generate_embedding_result, ml_generate_embedding_status, run_id, embedded_at)
SELECT
  uri, content_hash, generation, content_type, size, updated, model,
  ml_generate_embedding_result, '', run_id, attempted_at
FROM embedding_attempts
WHERE work_order = '{order}'"""
# Images that no bucket has: a publication never looks at one.
INVENTED = """(
  SELECT FORMAT('gs://invented/%07d.png', number) AS uri, TO_BASE64(MD5(CAST(number AS STRING))) AS md5_hash,
    number AS generation, 'image/png' AS content_type, 80 AS size, CURRENT_TIMESTAMP() AS updated
  FROM UNNEST(GENERATE_ARRAY({first}, {last})) AS number)"""
TAKE_LEASE = "UPDATE embedding_lease SET lease_id = 'benchmark' WHERE TRUE"


@dataclass(frozen=True)
class Night:
    """What a run with nothing to do has cost."""

    images: int
    asked: Jobs
    listings: int
    calls: int

    @property
    def processed(self) -> int:
        """Bytes that its statements have read."""
        return sum(each.total_bytes_processed or 0 for each in self.asked.statements)

    @property
    def unlabelled(self) -> int:
        """Jobs that nobody could add up by run."""
        return sum("vitrine_run" not in job.labels for job in self.asked.jobs)

    @property
    def readers(self) -> list:
        """Statements that have read as much as a column of vectors has."""
        column = self.images * DIMENSION * BYTES_PER_NUMBER
        return [each for each in self.asked.statements if (each.total_bytes_processed or 0) >= column]


def measure(emulator: Emulator) -> Iterator[Figure]:
    """Everything about a night with nothing new."""
    with embedded_world(emulator) as world:
        small = quiet_night(world, SMALL + COPIES)
    with filled_world(emulator, MEDIUM) as world:
        medium = quiet_night(world, MEDIUM)
    with filled_world(emulator, LARGE) as world:
        large = quiet_night(world, LARGE)
    for most, night in ((MOST_JOBS, small), (MOST_JOBS_WITH_INDEX, medium)):
        index = "an" if night is medium else "no"
        words = f"({jobs_in_words(night)})"
        yield at_most(f"jobs of a night with nothing new, {index} index", most, len(night.asked.jobs), words)
    unlabelled = small.unlabelled + medium.unlabelled
    yield at_most("of these, without the label of the run", 0, unlabelled)
    for night in (small, medium):
        yield at_most(f"listings of the bucket, {night.images:,} images", 1, night.listings)
    exponent = math.log(large.processed / medium.processed, LARGE / MEDIUM)
    yield Figure(
        "bytes processed by that night",
        "-",
        f"{medium.processed:,} at {MEDIUM:,} images, {large.processed:,} at {LARGE:,}: "
        f"they grow with the {exponent:.2f}th power",
    )
    yield at_most("statements of it that read vectors", 0, len(large.readers), largest_in_words(large))
    yield at_most("calls of the model by it", 0, small.calls + medium.calls + large.calls)


@contextmanager
def embedded_world(emulator: Emulator) -> Iterator[World]:
    """Few images, some contents twice, that a run has embedded."""
    with new_world(emulator, STATE, SETTINGS) as world:
        names = [*range(SMALL), *range(COPIES)]
        put_images(world.bucket, ((f"{place:07}", number) for place, number in enumerate(names)))
        world.prepare()
        assert world.run("embed_images").state == "success"
        yield world


@contextmanager
def filled_world(emulator: Emulator, images: int) -> Iterator[World]:
    """Images that are known, in the bucket and in all tables."""
    with new_world(emulator, STATE, SETTINGS) as world:
        put_images(world.bucket, ((f"{number:07}", number) for number in range(images)))
        world.prepare()
        fill(world, "known", "met_images")
        # The night after, which confirms the vectors and makes the index.
        assert world.run("embed_images").state == "success"
        yield world


def fill(world: World, order: str, images: str) -> None:
    """Put images into the tables as if a run had embedded and published them."""
    for sql in (PLAN, ATTEMPT, PUBLISH):
        fill_one(world, sql, order, images)


def fill_and_expire(world: World, images: str) -> None:
    """As fill, and let the month pass after which plans and answers are gone: they would count as read, since
    the emulator does not know that BigQuery skips the days before a plan."""
    fill(world, "old", images)
    for table in ("embedding_batches", "embedding_attempts"):
        world.rows(f"TRUNCATE TABLE {table}")


def fill_one(world: World, sql: str, order: str, images: str) -> None:
    """Run one of the statements that fill the tables."""
    world.rows(sql.format(order=order, images=images, vector=VECTOR, model=load()["met"].model.id))


def quiet_night(world: World, images: int) -> Night:
    """Run embed_images when nothing has changed."""
    listed, called, start = LISTINGS.stat().st_size, world.emulator.last_call(), now()
    run = world.run("embed_images")
    assert run.state == "success"
    asked = Jobs.since(world.emulator, start)
    listings, calls = LISTINGS.stat().st_size - listed, world.emulator.last_call() - called
    return Night(images, asked, listings, calls)


def jobs_in_words(night: Night) -> str:
    """Which tasks sent the jobs of a night."""
    return ", ".join(map(task_of, reversed(night.asked.jobs)))


def largest_in_words(night: Night) -> str:
    """The statements that read most, compared with a column of vectors."""
    column = night.images * DIMENSION * BYTES_PER_NUMBER
    sizes = {each.job_id: each.total_bytes_processed or 0 for each in night.asked.statements}
    largest = sorted(night.asked.statements, key=lambda each: sizes[each.job_id], reverse=True)[:3]
    words = "; ".join(f"{sizes[each.job_id] / column:.0%} {night.asked.name(each)}" for each in largest)
    return f"(of {night.images:,} vectors, {column:,} bytes; the largest: {words})"


def measure_publication(emulator: Emulator) -> Iterator[Figure]:
    """What publishing the same batch bills, as more and more is published already."""
    with new_world(emulator, STATE, SETTINGS) as world:
        put_images(world.bucket, [("0", 0)])
        world.prepare()
        world.rows(TAKE_LEASE)
        fill_and_expire(world, INVENTED.format(first=1, last=MEDIUM))
        few = settle(world, "first", MEDIUM)
        fill_and_expire(world, INVENTED.format(first=MEDIUM + BATCH + 1, last=HUGE))
        many = settle(world, "second", HUGE)
    yield Figure(
        f"bytes billed by publishing a batch of {BATCH:,}",
        "the same",
        f"{few.total_bytes_billed:,} at {MEDIUM:,} known images, {many.total_bytes_billed:,} at {HUGE:,} "
        f"(processed: {few.total_bytes_processed:,}, {many.total_bytes_processed:,})",
        few.total_bytes_billed == many.total_bytes_billed,
    )


def settle(world: World, order: str, known: int) -> QueryJob:
    """Publish a batch of new images as settle_batch does, and answer its job."""
    images = INVENTED.format(first=known + 1, last=known + BATCH)
    [before] = world.rows("SELECT STRING(CURRENT_TIMESTAMP()) AS time")
    for sql in (PLAN, ATTEMPT):
        fill_one(world, sql, order, images)
    batch = Batch(work_order=order, batch_number=0, planned_at=before["time"], images=BATCH, bytes=0)
    collection = load()["met"]
    configuration = with_parameters(
        queries.settle(), *queries.of_batch(batch), *lease.parameters(collection, TURN)
    )
    query = configuration["query"] | {"query": render_statement(collection, configuration["query"]["query"])}
    sql = query.pop("query")
    job = world.emulator.bigquery.query(sql, job_config=QueryJobConfig.from_api_repr({"query": query}))
    [progress] = job.result()
    assert progress["done"] == BATCH, progress
    [published] = world.rows("SELECT COUNT(*) AS images FROM met_image_embeddings WHERE run_id = 'filled'")
    assert published["images"] == known + BATCH
    return job
