"""`make check-cloud`: what is missing on Google Cloud, for every collection or those that are named.

Exits with 1 if something is missing. After setup it also asks the model about one image and a few words,
which costs far less than a cent.
"""

from __future__ import annotations

import argparse
import os
import sys
import uuid
from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import GoogleAPIError

from vitrine.collection import Collection, load
from vitrine.embed import queries
from vitrine.embed.planning import Batch
from vitrine.errors import SettingsError
from vitrine.google.access import Access
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import RUN_ID, query_job, string, with_parameters
from vitrine.google.templates import render_statement
from vitrine.setup import preflight
from vitrine.setup.checks import Check, Outcome, as_table, bad, good

# Where Airflow has no connection of this name, Google's own default credentials serve.
CONNECTION = "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"


def ask_model(collection: Collection) -> list[Check]:
    """Let the model embed an image, if one needs it, and words."""
    run_id = f"check-cloud-{uuid.uuid4().hex[:8]}"
    batch = Batch(work_order=run_id, batch_number=0, planned_at=str(datetime.now(UTC)), images=1, bytes=0)
    image = with_parameters(queries.ask_one_image(collection, was_embedded=False), *queries.of_batch(batch))
    return [
        asked(collection, "one image", image, run_id),
        asked(collection, "a few words", query_job("setup/ask_words.sql"), run_id),
    ]


def asked(collection: Collection, subject: str, job: dict[str, Any], run_id: str) -> Check:
    """The check of one call of the model."""
    query = job["query"]
    parameters = [string("run_id", run_id) if one == RUN_ID else one for one in query["queryParameters"]]
    rendered = query_job(render_statement(collection, query["query"]), *parameters)
    try:
        rows = BigQuery.of(collection).rows(rendered)
    except GoogleAPIError as error:
        return bad(subject, str(error))
    if statuses := [row["status"] for row in rows if row["status"]]:
        return bad(subject, f"the model says: {statuses[0]}", Access(collection).advice())
    return good(subject, "embedded" if rows else "none needs the model, or embed_images is running")


def check(collection: Collection) -> bool:
    """Print the table of a collection; whether nothing is missing."""
    is_set_up = preflight.is_set_up(collection)
    checks = preflight.check(collection, is_set_up=is_set_up)
    if is_set_up and not any(one.outcome is Outcome.BAD for one in checks):
        checks += ask_model(collection)
    print(f"{collection.name} ({collection.model.id})\n{as_table(checks)}\n")
    return not any(one.outcome is Outcome.BAD for one in checks)


def main(arguments: list[str]) -> int:
    """Check the collections whose names are given, or all."""
    os.environ.setdefault(CONNECTION, "google-cloud-platform://")
    try:
        every = load().every_model
    except SettingsError as error:
        print(error)
        return 1
    parser = argparse.ArgumentParser(prog="make check-cloud")
    parser.add_argument("collection", nargs="*")
    wanted = parser.parse_args(arguments).collection or [one.name for one in every]
    if unknown := set(wanted) - {one.name for one in every}:
        print(f"There is no collection {', '.join(sorted(unknown))}.")
        return 1
    is_good = [check(one) for one in every if one.name in wanted]
    return 0 if all(is_good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
