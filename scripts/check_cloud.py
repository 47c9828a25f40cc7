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

from airflow.sdk.exceptions import AirflowNotFoundException
from google.api_core.exceptions import Forbidden, GoogleAPIError
from google.auth.exceptions import GoogleAuthError

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

# Where nothing says what this connection is, Google's own default credentials serve.
CONNECTION = "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT"
DEFAULT_CREDENTIALS = "google-cloud-platform://"


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


def identity(collection: Collection) -> Check:
    """Who asks, and where that comes from. Errors: GoogleAuthError, AirflowNotFoundException."""
    variable = f"AIRFLOW_CONN_{collection.gcp_conn_id.upper()}"
    account = Access(collection).account or "an account that its credentials do not name"
    source = variable if variable in os.environ else "a secrets backend of Airflow"
    if os.environ.get(variable) == DEFAULT_CREDENTIALS:
        source = "Google's default credentials"
    return good("identity", f"{account}, from {source}")


def all_checks(collection: Collection) -> list[Check]:
    """All that is checked of a collection. Whoever cannot log in gets only that said."""
    try:
        checks = [identity(collection)]
    except GoogleAuthError as error:
        return [no_login(error)]
    except AirflowNotFoundException as error:
        line = f"export AIRFLOW_CONN_{collection.gcp_conn_id.upper()}={DEFAULT_CREDENTIALS}"
        return [bad("login", f"{error}; one in Airflow's database is not read here", line)]
    is_set_up = False
    try:
        try:
            is_set_up = preflight.is_set_up(collection)
        except Forbidden as error:
            checks.append(bad("remote model", str(error)))
        checks += preflight.check(collection, is_set_up=is_set_up)
        if is_set_up and not any(one.outcome is Outcome.BAD for one in checks):
            checks += ask_model(collection)
    except GoogleAuthError as error:
        checks.append(no_login(error))
    except GoogleAPIError as error:
        checks.append(bad("Google's answer", str(error)))
    return checks


def no_login(error: GoogleAuthError) -> Check:
    """The check of credentials that are missing, or refused when they are used."""
    return bad("login", " ".join(str(error).split()), "gcloud auth application-default login")


def check(collection: Collection) -> bool:
    """Print the table of a collection; whether nothing is missing."""
    checks = all_checks(collection)
    print(f"{collection.name} ({collection.model.id})\n{as_table(checks)}\n")
    return not any(one.outcome is Outcome.BAD for one in checks)


def main(arguments: list[str]) -> int:
    """Check the collections whose names are given, or all."""
    os.environ.setdefault(CONNECTION, DEFAULT_CREDENTIALS)
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
