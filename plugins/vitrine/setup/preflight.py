"""Looks for what the DAGs of a collection need on Google Cloud, before anything is paid for.

Every failure names the permission or the setting, who lacks it, and a line to paste. All that is asked here
is free: testIamPermissions, metadata, and dry runs.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from google.api_core.exceptions import BadRequest, Forbidden, GoogleAPIError, NotFound

from vitrine import limits
from vitrine.collection import Collection, bucket_of
from vitrine.google import grants, storage
from vitrine.google.access import Access
from vitrine.google.bigquery import BigQuery
from vitrine.setup import statements
from vitrine.setup.checks import Check, Outcome, bad, good, not_checked

if TYPE_CHECKING:
    from google.cloud.storage import Bucket

# Names of objects that are compared with a pattern; what begins like it and does not match is rare.
MOST_NAMES: Final = 1_000
DRY_RUNS_AT_ONCE: Final = 8
# Folders of the statements of setup_image_search.
MAKING: Final = ("setup/", "schema/")
# A dry run of a script stops at these, and supports no temporary tables.
# https://docs.cloud.google.com/bigquery/docs/multi-statement-queries#dry-run_a_multi-statement_query
NOT_BEYOND: Final = re.compile(r"^ *(?:IF(?! *\()|FOR(?! SYSTEM)|WHILE|CALL)\b", re.MULTILINE)
NO_DRY_RUN: Final = re.compile(r"^ *CREATE (?:OR REPLACE )?TEMP TABLE\b", re.MULTILINE)
CREATE_INDEX: Final = "index/create_vector_index.sql"
PERMISSION: Final = re.compile(r"\b(?:bigquery|storage|aiplatform|resourcemanager)\.\w+\.\w+")
# BigQuery does not tell who may not know whether something exists.
MAYBE_MISSING: Final = re.compile(r"\bor (?:perhaps it does|it may) not exist")

AFTER_SETUP: Final = "only setup_image_search needs it, which has made everything"


class Place(StrEnum):
    """On what a role is granted."""

    PROJECT = "project"
    DATASET = "dataset"
    BUCKET = "bucket"


@dataclass(frozen=True)
class Need:
    """A permission, the least role that has it, what for, and where it is granted."""

    permission: str
    role: str
    purpose: str
    place: Place = Place.PROJECT


# The table of least privilege: docs/dags/setup_image_search.md.
JOBS: Final = Need("bigquery.jobs.create", "roles/bigquery.jobUser", "runs statements")
NEW_DATASET: Final = Need("bigquery.datasets.create", "roles/bigquery.user", "makes the dataset")
GRANTS: Final = Need(
    "resourcemanager.projects.setIamPolicy",
    "roles/resourcemanager.projectIamAdmin",
    "grants the connection its roles; not needed with manage_iam: false",
)
DELEGATE: Final = Need(
    "bigquery.connections.delegate", "roles/bigquery.connectionAdmin", "makes object table and model"
)
CONNECTION: Final = (
    Need("bigquery.connections.use", "roles/bigquery.connectionUser", "reads the bucket, calls the model"),
    DELEGATE,
)
ONLY_SETUP: Final = (GRANTS.permission, DELEGATE.permission)
NEW_CONNECTION: Final = (
    Need("bigquery.connections.create", "roles/bigquery.connectionAdmin", "makes the connection"),
    *CONNECTION,
)
TABLES: Final = tuple(
    Need(f"bigquery.tables.{verb}", "roles/bigquery.dataEditor", purpose, Place.DATASET)
    for verb, purpose in {
        "get": "sees tables",
        "getData": "reads tables",
        "updateData": "writes tables",
        "update": "changes tables",
        "delete": "drops tables",
    }.items()
)
# Only dry runs tell about these.
NEW_TABLES: Final = tuple(
    Need(f"bigquery.{kind}.create", "roles/bigquery.dataEditor", f"makes {kind}", Place.DATASET)
    for kind in ("tables", "models")
)
# `_connection` asks for these; BigQuery says the same of a connection that does not exist.
OF_CONNECTIONS: Final = tuple(need.permission for need in NEW_CONNECTION)
# What a dry run may miss, and where it is granted is known without looking at the statement.
OF_STATEMENTS: Final = (JOBS, NEW_DATASET, GRANTS, *NEW_CONNECTION, *TABLES, *NEW_TABLES)
IMAGES: Final = tuple(
    Need(f"storage.objects.{verb}", "roles/storage.objectViewer", "shows pictures", Place.BUCKET)
    for verb in ("get", "list")
)
GALLERIES: Final = tuple(
    Need(f"storage.objects.{verb}", "roles/storage.objectAdmin", "writes galleries", Place.BUCKET)
    for verb in ("create", "delete", "get", "list")
)
# What people search with: the table of docs/search-page.md.
UPLOADS: Final = tuple(
    Need(permission, "roles/storage.legacyBucketWriter", "people's own pictures", Place.BUCKET)
    for permission in storage.FOR_UPLOADS
)
OBJECT_REFS: Final = Need(
    "bigquery.objectRefs.read", "roles/bigquery.objectRefReader", "embeds people's own pictures"
)


def check(collection: Collection, *, is_set_up: bool) -> list[Check]:
    """All that can be checked without paying. See `check_statements`."""
    checks = check_access(collection, is_set_up=is_set_up)
    if any(one.outcome is Outcome.BAD and one.subject.startswith(JOBS.permission) for one in checks):
        return [*checks, not_checked("dry runs of all statements", f"take {JOBS.permission}")]
    return [*checks, *check_statements(collection, is_set_up=is_set_up)]


def check_access(collection: Collection, *, is_set_up: bool) -> list[Check]:
    """Services, permissions, locations, the model, buckets and galleries.

    :param is_set_up: whether setup has made everything, so that nobody needs what only setup does.
    """
    access, bigquery = Access(collection), BigQuery.of(collection)
    checks = [
        *_asked("services", lambda: _services(access)),
        *_needs_on_project(access, [JOBS, *([GRANTS] if collection.manage_iam else [])]),
        *_asked(f"dataset {collection.dataset}", lambda: _dataset(access, bigquery)),
        *_asked(f"connection {collection.connection_name}", lambda: _connection(access)),
        check_model(collection, datetime.now(UTC).date()),
        *(check for bucket in collection.buckets for check in _bucket(access, bucket)),
        *_gallery(access),
        *_uploads(access),
    ]
    return [_unless_only_setup(one) for one in checks] if is_set_up else checks


def _unless_only_setup(check: Check) -> Check:
    if check.outcome is Outcome.BAD and check.subject.startswith(ONLY_SETUP):
        return not_checked(check.subject, f"{AFTER_SETUP}: {check.found}")
    return check


def _asked(subject: str, check: Callable[[], list[Check]]) -> list[Check]:
    """The checks, or the one that says why Google did not answer them."""
    try:
        return check()
    except GoogleAPIError as error:
        return [not_checked(subject, _words(error))]


def _words(error: GoogleAPIError) -> str:
    """What Google says, without the request."""
    said = next((one["message"] for one in getattr(error, "errors", ()) if "message" in one), str(error))
    return " ".join(said.split())


def _who(access: Access) -> str:
    conn_id = access.collection.gcp_conn_id
    return access.account or f"the account of the Airflow connection {conn_id}"


def _member(access: Access) -> str:
    return f"serviceAccount:{access.account or 'ACCOUNT'}"


def _needs(
    access: Access, place: str, granted: set[str], needs: Iterable[Need], bucket: str = ""
) -> list[Check]:
    """A check for each permission on what `place` names; `bucket` is its name, if it is one."""
    checks = []
    for need in needs:
        subject = f"{need.permission} on {place}"
        if need.permission in granted:
            checks.append(good(subject, need.purpose))
        else:
            found = f"{_who(access)} lacks {need.role} ({need.purpose})"
            checks.append(bad(subject, found, _grant(access, need, bucket)))
    return checks


def _grant(access: Access, need: Need, bucket: str = "") -> str:
    """The line to paste that grants the role of a need."""
    collection, member = access.collection, _member(access)
    if need.place is Place.BUCKET:
        return grants.on_bucket(bucket, member, need.role)
    if need.place is Place.DATASET:
        return grants.on_dataset(collection, member, need.role)
    return grants.on_project(collection.project, member, need.role)


def _services(access: Access) -> list[Check]:
    disabled = access.disabled(limits.REQUIRED_SERVICES)
    project = access.collection.project
    return [
        bad(
            service,
            f"is not enabled in {project}",
            f"gcloud services enable {service} --project={project}",
        )
        if service in disabled
        else good(service, "enabled")
        for service in limits.REQUIRED_SERVICES
    ]


def _dataset(access: Access, bigquery: BigQuery) -> list[Check]:
    collection = access.collection
    dataset = bigquery.dataset(f"{collection.project}.{collection.dataset}")
    subject = f"dataset {collection.dataset}"
    if dataset is None:
        unknown = not_checked(subject, "does not exist yet: setup_image_search makes it")
        return [*_needs_on_project(access, [NEW_DATASET]), unknown]
    if dataset.location.lower() != collection.location.lower():
        found = f"is in {dataset.location}, and the setting location is {collection.location}"
        where = bad(subject, found, f"location: {dataset.location}")
    else:
        where = good(subject, f"in {dataset.location}")
    table = collection.table_name("image_embeddings")
    if table not in dataset.tables:
        # A dataset has no testIamPermissions: BigQuery tells with the dry runs of the statements.
        return [where, not_checked(f"table {table}", "does not exist yet: setup_image_search makes it")]

    def permissions() -> list[Check]:
        granted = access.to_table("image_embeddings", [need.permission for need in TABLES])
        return _needs(access, f"table {table}", granted, TABLES)

    return [where, *_asked(f"permissions on table {table}", permissions)]


def _needs_on_project(access: Access, needs: Iterable[Need]) -> list[Check]:
    needs, place = list(needs), f"project {access.collection.project}"

    def permissions() -> list[Check]:
        return _needs(access, place, access.to_project(need.permission for need in needs), needs)

    return _asked(f"permissions on {place}", permissions)


def _connection(access: Access) -> list[Check]:
    collection = access.collection
    subject = f"connection {collection.connection_name}"
    account = access.connection_account()
    if account is None:
        return [
            not_checked(subject, "does not exist yet: setup_image_search makes it"),
            *_needs_on_project(access, NEW_CONNECTION),
        ]
    place = f"connection {collection.connection}"

    def permissions() -> list[Check]:
        needs = [*CONNECTION, *([OBJECT_REFS] if collection.uploads else [])]
        return _needs(access, place, access.to_connection(need.permission for need in needs), needs)

    return [
        good(subject, f"in {collection.location}, its account is {account}"),
        *_asked(f"permissions on {place}", permissions),
    ]


def check_model(collection: Collection, today: date) -> Check:
    """Whether the endpoint is served in the collection's location on a day."""
    endpoint, location = collection.model.endpoint, collection.location
    subject = f"model {endpoint}"
    retirement = limits.RETIREMENTS.get(endpoint)
    if retirement and retirement <= today:
        return bad(
            subject, f"has been retired on {retirement}: see docs/models.md", "endpoint: gemini-embedding-2"
        )
    if endpoint.startswith("gemini-"):
        is_served = location.lower() in map(str.lower, limits.GEMINI_LOCATIONS)
        offered = " and ".join(limits.GEMINI_LOCATIONS)
    else:
        is_served = location.upper() not in limits.MULTI_REGIONS_WITHOUT_EMBEDDING_MODELS
        offered = "US and single regions"
    if not is_served:
        found = f"is not served in {location}, but in {offered}: choose another location or endpoint"
        return bad(subject, found, "location: US")
    return good(subject, f"served in {location}" + (f", retires on {retirement}" if retirement else ""))


def _bucket(access: Access, name: str) -> list[Check]:
    """The bucket of the images: the account may read it, it is where the dataset is, patterns match."""
    bucket = storage.client(access.collection.gcp_conn_id).bucket(name)
    missing = bad(f"bucket gs://{name}", "does not exist: correct the setting objects")
    checks = _bucket_that_bigquery_reads(access, bucket, IMAGES, missing)
    if missing in checks:
        return checks
    patterns = [uri for uri in access.collection.objects if bucket_of(uri) == name]
    return [
        *checks,
        *(check for uri in patterns for check in _asked(uri, partial(_pattern, bucket, uri))),
    ]


def _bucket_that_bigquery_reads(
    access: Access, bucket: Bucket, needs: tuple[Need, ...], missing: Check
) -> list[Check]:
    """Permissions on a bucket, and whether it is where the dataset is; or only that it is missing."""
    checks = _permissions_on_bucket(access, bucket, needs, missing)
    if missing in checks:
        return checks
    location = _asked(
        f"location of gs://{bucket.name}", lambda: [_bucket_location(access.collection, bucket)]
    )
    return [*checks, *location]


def _permissions_on_bucket(
    access: Access, bucket: Bucket, needs: tuple[Need, ...], missing: Check
) -> list[Check]:
    def check() -> list[Check]:
        try:
            granted = set(bucket.test_iam_permissions([need.permission for need in needs]))
        except NotFound:
            return [missing]
        return _needs(access, f"gs://{bucket.name}", granted, needs, bucket.name)

    return _asked(f"permissions on gs://{bucket.name}", check)


def _bucket_location(collection: Collection, bucket: Bucket) -> Check:
    subject = f"location of gs://{bucket.name}"
    try:
        bucket.reload()
    except Forbidden:
        return not_checked(subject, "takes storage.buckets.get, which nothing else needs")
    if is_near(collection.location, bucket.location, bucket.location_type):
        return good(subject, f"{bucket.location}, near the dataset's {collection.location}")
    found = (
        f"is {bucket.location}, and the dataset is in {collection.location}: BigQuery reads only buckets in "
        "the location of the dataset"
    )
    return bad(subject, found, f"location: {bucket.location}")


def is_near(dataset: str, bucket: str, bucket_type: str) -> bool:
    """Whether BigQuery reads a bucket from a dataset in this location.

    A region of the same multi-region is near it; what a dual-region consists of its name does not always say.
    https://docs.cloud.google.com/bigquery/docs/locations

    >>> is_near("US", "US-CENTRAL1", "region"), is_near("EU", "US", "multi-region")
    (True, False)
    """
    dataset, bucket = dataset.upper(), bucket.upper()
    if dataset == bucket or bucket_type == "dual-region":
        return True
    continent = {"US": "US-", "EU": "EUROPE-"}.get(dataset)
    return continent is not None and bucket.startswith(continent)


def _pattern(bucket: Bucket, uri: str) -> list[Check]:
    pattern = uri.removeprefix(f"gs://{bucket.name}/")
    expression = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
    blobs = bucket.client.list_blobs(bucket, prefix=pattern.partition("*")[0], max_results=MOST_NAMES)
    names = [blob.name for blob in blobs]
    if first := next((name for name in names if expression.fullmatch(name)), None):
        return [good(uri, f"matches {first}")]
    if len(names) == MOST_NAMES:
        return [not_checked(uri, f"matches none of the first {MOST_NAMES:,} names; the others were not read")]
    return [bad(uri, "matches no object: correct the setting objects, or upload an image")]


def _gallery(access: Access) -> list[Check]:
    gallery, collection = access.collection.gallery, access.collection
    if not gallery.startswith("gs://"):
        return [_folder(Path(gallery))]
    name = bucket_of(gallery)
    bucket = storage.client(collection.gcp_conn_id).bucket(name)
    create = f"gcloud storage buckets create gs://{name} --location={collection.location}"
    missing = bad(f"bucket gs://{name}", "does not exist: the setting gallery names it", create)
    return _permissions_on_bucket(access, bucket, GALLERIES, missing)


def _uploads(access: Access) -> list[Check]:
    """The bucket of the pictures that people search with, if there is one."""
    collection = access.collection
    if not collection.uploads:
        return []
    name = bucket_of(collection.uploads)
    bucket = storage.client(collection.gcp_conn_id).bucket(name)
    create = (
        f"gcloud storage buckets create gs://{name} --location={collection.location} --soft-delete-duration=0"
    )
    missing = bad(f"bucket gs://{name}", "does not exist: the setting uploads names it", create)
    return _bucket_that_bigquery_reads(access, bucket, UPLOADS, missing)


def _folder(folder: Path) -> Check:
    """Whether galleries can be written to a local folder; it is made if need be, as by a search."""
    subject = f"galleries in {folder}"
    probe = folder / f".preflight-{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        return bad(subject, f"cannot be written: {error.strerror}", f"sudo chown -R {_user()} {folder}")
    return good(subject, "writable here; every worker and the web server need the same folder")


def _user() -> str:
    import getpass

    return getpass.getuser()


def check_statements(collection: Collection, *, is_set_up: bool) -> list[Check]:
    """A dry run of every statement.

    :param is_set_up: whether setup has made all tables, in this version's form. Before, only the statements
        that make something can be looked at, and not all of them: some refer to what is not there yet.
    """
    access, bigquery = Access(collection), BigQuery.of(collection)

    def check(name: str) -> Check:
        if not is_set_up and not name.startswith(MAKING):
            return not_checked(name, "not checkable before setup")
        job = statements.statement(collection, name)
        try:
            bigquery.dry_run(job)
        except BadRequest as error:
            if NO_DRY_RUN.search(job["query"]["query"]):
                return not_checked(
                    name, f"BigQuery supports no dry run of CREATE TEMP TABLE: {_words(error)}"
                )
            return _refused(access, name, error, is_set_up)
        except GoogleAPIError as error:
            return _refused(access, name, error, is_set_up)
        is_partly = NOT_BEYOND.search(job["query"]["query"])
        return good(name, f"accepted up to its first {is_partly[0].strip()}" if is_partly else "accepted")

    with ThreadPoolExecutor(DRY_RUNS_AT_ONCE) as pool:
        return list(pool.map(check, statements.names(collection)))


def _refused(access: Access, name: str, error: GoogleAPIError, is_set_up: bool) -> Check:
    words = _words(error)
    missing = PERMISSION.search(words) if isinstance(error, Forbidden) else None
    if name.startswith("teardown/"):
        return not_checked(name, f"only teardown_image_search needs it: {words}")
    if is_set_up and name.startswith("setup/"):
        return not_checked(name, f"{AFTER_SETUP}: {words}")
    if not is_set_up and (
        missing is None or MAYBE_MISSING.search(words) or missing.group() in OF_CONNECTIONS
    ):
        return not_checked(name, f"not checkable before setup: {words}")
    if missing is None and name == CREATE_INDEX and not _has_rows_for_an_index(access.collection):
        return not_checked(name, f"not checkable below {limits.MIN_VECTOR_INDEX_ROWS:,} images: {words}")
    if missing is None:
        return bad(name, words)
    need = next((need for need in OF_STATEMENTS if need.permission == missing.group()), None)
    if need is None:
        return bad(name, f"{_who(access)} lacks {missing.group()}: {words}")
    found = f"{_who(access)} lacks {need.role}, which has {need.permission}: {words}"
    return bad(name, found, _grant(access, need))


def _has_rows_for_an_index(collection: Collection) -> bool:
    size = BigQuery.of(collection).table_size(collection.table_id("image_embeddings"))
    return size.rows >= limits.MIN_VECTOR_INDEX_ROWS


def is_set_up(collection: Collection) -> bool:
    """Whether setup_image_search has made everything: the model comes last."""
    return BigQuery.of(collection).has_model(collection.table_id("multimodal_embedding_model"))
