"""What this deployment keeps searchable: the only reader of the collections file and of the environment.

The file has `collections`, and `defaults` that apply to all of them. The environment variable
`VITRINE_<FIELD>` overrides a default: on Google Cloud VITRINE_PROJECT, VITRINE_OBJECTS and VITRINE_GALLERY
are enough for one collection. docs/settings.md is generated from the models below.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Hashable, Iterable, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Self, TypeVar

import yaml
from croniter import CroniterBadDateError, croniter
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from vitrine import limits
from vitrine.errors import SettingsError

REPOSITORY: Final = Path(__file__).parents[2]
# A wheel brings the statements inside the package; in a checkout they are beside plugins/.
PACKAGED_SQL: Final = Path(__file__).parent / "sql"
SQL_DIR: Final = str(PACKAGED_SQL if PACKAGED_SQL.is_dir() else REPOSITORY / "include" / "sql")
COLLECTIONS_FILE: Final = REPOSITORY / "include" / "collections.yaml"  # in a checkout
# Names the file of collections; every other VITRINE_ variable overrides a default in it.
FILE_VARIABLE: Final = "VITRINE_COLLECTIONS"
# Its tables have no suffix, so their names are the tutorial's.
DEFAULT_MODEL: Final = "default"
# Percentage of the rows from which on a vector index counts as filled.
INDEX_COVERAGE: Final = 95
# Tables and indexes whose names begin with the collection's, as the tutorial's do.
NAMED_AFTER_THE_COLLECTION: Final = ("images", "image_embeddings", "images_index")
# Settings of the first edition and their successors. See docs/upgrading.md.
RENAMED: Final = {
    "VITRINE_OBJECT_URIS": "VITRINE_OBJECTS",
    "VITRINE_PROFILE": "a model of this name in the collections file",
    "VITRINE_EMBEDDING_FUNCTION": "VITRINE_FUNCTION",
}


def setting(default: Any, meaning: str, example: Any, *, unit: str = "", **constraints: Any) -> Any:
    """A field with everything docs/settings.md says about it. A default of `...` makes it required."""
    return Field(
        default, description=meaning, examples=[example], json_schema_extra={"unit": unit}, **constraints
    )


def _list_from_text(value: object) -> object:
    """Read a list from an environment variable: separated by commas, or JSON if items contain commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return _json(value)
    return [item.strip() for item in value.split(",") if item.strip()]


def _mapping_from_text(value: object) -> object:
    """Read a mapping from an environment variable: JSON."""
    return _json(value) if isinstance(value, str) else value


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from None


def _check_cron(schedule: str) -> str:
    if not croniter.is_valid(schedule) or len(croniter(schedule).expressions) != 5:
        raise ValueError("it must be a cron expression with five fields, such as 0 2 * * *")
    try:
        croniter(schedule).get_next()
    except CroniterBadDateError:
        raise ValueError("it must be a time that comes, such as 0 2 * * *") from None
    return schedule


def _check_object_uri(uri: str) -> str:
    # It becomes a string literal in CREATE EXTERNAL TABLE.
    if not re.fullmatch(r"gs://[^'\"`\\\s/]+/[^'\"`\\\n]+", uri):
        raise ValueError(
            "it must be like gs://bucket/* or gs://bucket/folder/*, without quotes and backslashes"
        )
    return uri


# Part of DAG ids, table names, URLs and labels. "__" is not allowed: it separates those parts.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=40)]
Cron = Annotated[str, AfterValidator(_check_cron)]
ObjectUri = Annotated[str, AfterValidator(_check_object_uri)]
LabelKey = Annotated[str, Field(pattern=limits.LABEL_KEY)]
LabelValue = Annotated[str, Field(pattern=limits.LABEL_VALUE)]
Seconds = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


def bucket_of(uri: str) -> str:
    """Name of the bucket of gs://bucket/name."""
    return uri.removeprefix("gs://").partition("/")[0]


class Frozen(BaseModel):
    """A group of settings: immutable; unknown keys, NaN and infinity are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=())


M = TypeVar("M", bound=Frozen)


class EmbeddingFunction(NamedTuple):
    """One of BigQuery's two embedding functions: its options and the names of its columns."""

    result: str
    status: str
    has_flatten_option: bool

    def options(self, dimension: int) -> str:
        """The STRUCT argument that asks for a vector of `dimension` numbers."""
        flatten = "TRUE AS flatten_json_output, " if self.has_flatten_option else ""
        return f"STRUCT({flatten}{dimension} AS output_dimensionality)"


# https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-generate-embedding
FUNCTIONS: Final = {
    "ML.GENERATE_EMBEDDING": EmbeddingFunction(
        "ml_generate_embedding_result", "ml_generate_embedding_status", has_flatten_option=True
    ),
    "AI.GENERATE_EMBEDDING": EmbeddingFunction("embedding", "status", has_flatten_option=False),
}


class Model(Frozen):
    """One vector space of a collection: an embedding model and the length of its vectors."""

    endpoint: str = setting(
        "multimodalembedding@001", "The embedding model on Vertex AI.", "gemini-embedding-2"
    )
    dimension: int = setting(1408, "Length of a vector.", 512, unit="numbers")
    function: Literal["ML.GENERATE_EMBEDDING", "AI.GENERATE_EMBEDDING"] = setting(
        "ML.GENERATE_EMBEDDING", "The BigQuery function that calls the model.", "AI.GENERATE_EMBEDDING"
    )
    image_price_usd: float = setting(
        limits.IMAGE_PRICE_USD, "Price of embedding one image.", 0.00012, unit="USD", gt=0
    )
    requests_per_minute: int | None = setting(
        None,
        "The project's quota for the model in its location. Default: the quota of a new project.",
        1200,
        unit="images a minute",
        gt=0,
    )
    images_per_minute_per_job: int = setting(
        limits.IMAGES_PER_MINUTE_PER_JOB,
        "Speed of one job, for estimates.",
        250,
        unit="images a minute",
        gt=0,
    )

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_known(cls, endpoint: str) -> str:
        if endpoint not in limits.EMBEDDING_DIMENSIONS:
            raise ValueError(f"it must be one of {', '.join(limits.EMBEDDING_DIMENSIONS)}")
        return endpoint

    @field_validator("dimension")
    @classmethod
    def _dimension_is_offered(cls, dimension: int, info: ValidationInfo) -> int:
        endpoint = info.data.get("endpoint")
        offered = limits.EMBEDDING_DIMENSIONS.get(endpoint or "", ())
        if endpoint and dimension not in offered:
            words = (
                f"{offered[0]} to {offered[-1]}"
                if isinstance(offered, range)
                else ", ".join(map(str, offered))
            )
            raise ValueError(f"{endpoint} offers {words}")
        return dimension

    @property
    def id(self) -> str:
        """The vector space, as every embedding row names it: endpoint and dimension."""
        return f"{self.endpoint}/{self.dimension}"

    @property
    def columns(self) -> EmbeddingFunction:
        """Column names and options of the embedding function."""
        return FUNCTIONS[self.function]


@dataclass(frozen=True)
class Rates:
    """Price and speed of a model in one project and location."""

    image_usd: float
    images_per_minute: int  # quota shared by all jobs
    images_per_minute_per_job: int
    lanes: int  # batches in parallel


def _misfit(key: str, reason: str) -> PydanticCustomError:
    """The error for a setting that contradicts another one."""
    return PydanticCustomError("misfit", "{reason}", {"key": key, "reason": reason})


class Collection(Frozen):
    """A set of objects kept searchable in its own BigQuery dataset.

    One of its models is in use: the active one, unless `using` has chosen another.
    """

    name: Name
    project: str = setting(
        ...,
        "Google Cloud project that owns the dataset and pays.",
        "my-project",
        pattern=r"^[A-Za-z0-9.:_-]+$",
    )
    objects: Annotated[tuple[ObjectUri, ...], BeforeValidator(_list_from_text)] = setting(
        ..., "The objects to keep searchable, as Cloud Storage URIs.", ["gs://my-bucket/*"], min_length=1
    )
    gallery: str = setting(
        ...,
        "Folder or gs:// prefix to which the galleries of searches are written.",
        "gs://my-pages/galleries",
    )
    uploads: str = setting(
        "",
        "Where a picture that somebody searches with lies for the seconds of the search: a prefix in a "
        "bucket of no collection. Not set: nobody can search with a picture of their own.",
        "gs://my-uploads/",
        pattern=r"^(gs://[^/\s'\"`\\]+/([^\s'\"`\\]*/)?)?$",
    )
    browser_storage: str = setting(
        "",
        "Address at which browsers reach the objects. Not set: Google's, or that of the storage which runs "
        "instead of it.",
        "http://localhost:4443",
        pattern=r"^(https?://[^\s/]+)?$",
    )
    location: str = setting(
        "US", "Location of dataset, connection and bucket.", "europe-west1", pattern=r"^[A-Za-z0-9-]+$"
    )
    dataset: str = setting(
        "bqml_tutorial",
        "BigQuery dataset; each collection needs its own.",
        "fashion",
        pattern=r"^[A-Za-z0-9_]+$",
    )
    connection: str = setting(
        "vitrine",
        "BigQuery connection that reads the bucket and calls the model.",
        "vitrine",
        pattern=r"^[A-Za-z0-9_-]+$",
    )
    gcp_conn_id: str = setting(
        "google_cloud_default", "Airflow connection to Google Cloud.", "google_cloud_curators"
    )
    manage_iam: bool = setting(
        True, "Whether setup grants the connection its roles; false where Terraform does.", False
    )
    models: Annotated[dict[Name, Model], BeforeValidator(_mapping_from_text)] = setting(
        {},
        "The models by name. The tables of `default` have the tutorial's names; those of any other model end "
        "in its name.",
        {"default": {"dimension": 1408}},
    )
    active_model: Name = setting(DEFAULT_MODEL, "The model used by searches and pages.", "gemini")
    content_types: Annotated[tuple[limits.ImageContentType, ...], BeforeValidator(_list_from_text)] = setting(
        ("image/jpeg", "image/png"), "Content types that are embedded.", ["image/jpeg"], min_length=1
    )
    schedule: Cron = setting(
        "0 2 * * *", "When new images are embedded, in UTC.", "30 3 * * 1-5", unit="cron"
    )
    maintenance_schedule: Cron = setting(
        "0 12 * * 0",
        "When the vector index is measured and the map is drawn, in UTC.",
        "0 12 1 * *",
        unit="cron",
    )
    max_cost_usd: float = setting(10.0, "A run that costs more waits for approval.", 2.5, unit="USD", ge=0)
    approval_hours: float = setting(
        24.0, "How long a run waits for approval before it is rejected.", 8, unit="hours", gt=0
    )
    monthly_budget_usd: float | None = setting(
        None,
        "Maximum spent on images per calendar month (UTC), over all runs. Not set: no limit.",
        50,
        unit="USD",
    )
    maximum_bytes_billed: int | None = setting(
        None,
        "Maximum that a BigQuery job may bill: one that would bill more fails before it costs anything. Each "
        "table that is read bills 10 MiB or more. Not set: the project's own limits.",
        10**12,
        unit="bytes",
        ge=limits.MIN_BYTES_BILLED,
        le=limits.MAX_INT64,
    )
    max_images_per_run: int | None = setting(
        None,
        "Images that one run (wave) takes on. Default: what the quota of the model does in six hours.",
        50_000,
        unit="images",
        ge=1,
        le=limits.MAX_INT64,
    )
    max_parallel_batches: int = setting(
        3,
        "Batches embedded in parallel.",
        5,
        unit="BigQuery jobs",
        ge=1,
        le=limits.MAX_CONCURRENT_EMBEDDING_JOBS,
    )
    max_passes: int = setting(
        5,
        "Maximum number of passes per run: the first, and repair passes for what failed.",
        3,
        unit="passes",
        ge=1,
    )
    max_terminal_share: Share = setting(
        0.2,
        "Share of a pass's answers that may be terminal (images that no retry can cure) before one image "
        "that was embedded before is asked again, to tell broken images from a broken model.",
        0.5,
        unit="0 to 1",
    )
    max_removed_share: Share = setting(
        0.1, "Share of the published images that one run may remove.", 0.5, unit="0 to 1"
    )
    retry_wait_seconds: Seconds = setting(
        60, "Pause before the first repair pass or retry; it doubles each time.", 30, unit="seconds"
    )
    max_retry_wait_seconds: Seconds = setting(
        900, "Longest pause before a repair pass.", 1800, unit="seconds"
    )
    poll_seconds: float = setting(10.0, "Interval at which a running job is polled.", 5, unit="seconds", gt=0)
    lease_minutes: int = setting(
        limits.MAX_QUERY_MINUTES + 30,  # outlives the longest job that the run may have left behind
        "How long the lease of a run that died keeps another Airflow waiting.",
        60,
        unit="minutes",
        ge=1,
    )
    index_type: Literal["IVF", "TREE_AH"] = setting(
        "IVF", "Type of the vector index; applies when the index is created.", "TREE_AH"
    )
    index_coverage: int = setting(
        INDEX_COVERAGE,
        "Coverage at which the index counts as filled; the remaining rows are searched exactly.",
        80,
        unit="percent",
        ge=1,
        le=100,
    )
    index_poll_seconds: float = setting(
        60.0, "Interval at which a filling index is polled; each poll bills 10 MiB.", 30, unit="seconds", gt=0
    )
    index_timeout_seconds: Seconds = setting(
        6 * 3600, "How long a run waits for the index to be filled.", 3600, unit="seconds"
    )
    min_recall: Share = setting(
        0.9, "Recall below which maintenance of the index fails.", 0.95, unit="0 to 1"
    )
    fraction_lists_to_search: float | None = setting(
        None,
        "Share of the index's lists that each search scans. Not set: BigQuery decides.",
        0.1,
        unit="0 to 1",
        gt=0,
        lt=1,
    )
    duplicate_distance: float = setting(
        0.01,
        "Distance up to which two pictures are near-duplicates: 0 is the same direction, 1 unrelated. With 0 "
        "they are not looked for.",
        0.02,
        unit="cosine distance",
        ge=0,
        lt=1,
    )
    saved_queries: Annotated[tuple[str, ...], BeforeValidator(_list_from_text)] = setting(
        (), "Searches repeated after each night's run.", ["a red car"]
    )
    complete_within_minutes: Annotated[int, Field(gt=0)] | None = setting(
        None,
        "How long after its time a scheduled run should be complete: 300 for a run at 02:00 that should be "
        "complete by 07:00. If it is not, the notifier is called. Not set: no deadline.",
        300,
        unit="minutes",
    )
    notifier: str = setting(
        "",
        "Import path of an Airflow notifier to call for failed runs, and for those that miss their deadline.",
        "airflow.providers.slack.notifications.slack.SlackNotifier",
    )
    notifier_arguments: Annotated[dict[str, Any], BeforeValidator(_mapping_from_text)] = setting(
        {},
        "Arguments of the notifier; Airflow renders templates in them.",
        {"text": "{{ dag.dag_id }} failed."},
    )
    labels: Annotated[dict[LabelKey, LabelValue], BeforeValidator(_mapping_from_text)] = setting(
        {}, "Labels added to every BigQuery job, for billing reports.", {"team": "curators"}
    )
    sql_dir: str = setting(
        SQL_DIR, "Folder with the SQL statements, to use statements of your own.", "/opt/airflow/include/sql"
    )

    _in_use: str | None = PrivateAttr(None)

    @field_validator("saved_queries")
    @classmethod
    def _queries_fit_the_model(cls, queries: tuple[str, ...]) -> tuple[str, ...]:
        for query in queries:
            if not query.strip() or len(query.encode()) > limits.MAX_QUERY_BYTES:
                raise ValueError(
                    f"{query[:40]!r} must have 1 to {limits.MAX_QUERY_BYTES:,} bytes, the limit of the model"
                )
        return tuple(dict.fromkeys(queries))

    @model_validator(mode="after")
    def _parts_fit_together(self) -> Self:
        if self.active_model not in self.models:
            raise _misfit("active_model", f"it must be one of the models: {', '.join(self.models)}")
        if self.max_retry_wait_seconds < self.retry_wait_seconds:
            longest = self.max_retry_wait_seconds
            raise _misfit("retry_wait_seconds", f"it must be at most the {longest} of max_retry_wait_seconds")
        price = self.model.image_price_usd
        if self.monthly_budget_usd is not None and self.monthly_budget_usd < price:
            raise _misfit("monthly_budget_usd", f"it must be at least the {price} USD of one image")
        return self

    def using(self, model: str) -> Self:
        """This collection with another of its models in use."""
        other = self.model_copy()
        other._in_use = model
        return other

    @property
    def model_name(self) -> str:
        """Name of the model in use."""
        return self._in_use or self.active_model

    @property
    def model(self) -> Model:
        """The model in use."""
        return self.models[self.model_name]

    def dag_id(self, dag: str) -> str:
        """Id of one of this collection's DAGs, e.g. embed_images__met. For a model that is not the active one
        it ends in the model's name, e.g. embed_images__met__gemini."""
        suffix = [] if self.model_name == self.active_model else [self.model_name]
        return "__".join([dag, self.name, *suffix])

    def table_name(self, name: str) -> str:
        """Name in the dataset of a table, model or index that include/sql refers to by a short name."""
        if name in NAMED_AFTER_THE_COLLECTION:
            name = f"{self.name}_{name}"
        # All models share the listing of the bucket.
        has_suffix = self.model_name != DEFAULT_MODEL and name != f"{self.name}_images"
        return f"{name}_{self.model_name}" if has_suffix else name

    def table_id(self, name: str) -> str:
        """The same name with project and dataset, as the API takes it."""
        return f"{self.project}.{self.dataset}.{self.table_name(name)}"

    def table(self, name: str) -> str:
        """The same name with project and dataset, quoted for SQL."""
        return f"`{self.table_id(name)}`"

    @property
    def namespace(self) -> str:
        """Part of all job ids, so that two models never wait for, or rejoin, each other's jobs."""
        suffix = "" if self.model_name == DEFAULT_MODEL else f"__{self.model_name}"
        return f"{self.dataset}{suffix}"

    @property
    def buckets(self) -> tuple[str, ...]:
        """Names of the buckets that the objects are in."""
        return tuple(dict.fromkeys(map(bucket_of, self.objects)))

    @property
    def connection_name(self) -> str:
        """Name of the BigQuery connection as DDL wants it, unquoted."""
        return f"{self.project}.{self.location.lower()}.{self.connection}"

    @property
    def job_labels(self) -> dict[str, str]:
        """Labels of every BigQuery job for this collection."""
        return {**self.labels, "vitrine_collection": self.name, "vitrine_model": self.model_name}

    @property
    def quota(self) -> str:
        """Name of the quota shared by all runs for the same model in the same project and location."""
        return f"{self.project}/{self.location.lower()}/{self.model.endpoint}"

    @property
    def rates(self) -> Rates:
        """Price and speed of the model in use."""
        model = self.model
        return Rates(
            model.image_price_usd, self.images_per_minute, model.images_per_minute_per_job, self.lanes
        )

    @property
    def images_per_minute(self) -> int:
        """Quota of the model, shared by all jobs: one request per image."""
        if self.model.requests_per_minute is not None:
            return self.model.requests_per_minute
        if self.model.endpoint.startswith("gemini-"):
            return limits.GEMINI_REQUESTS_PER_MINUTE
        if self.location.lower().startswith("europe-"):
            return limits.EMBEDDING_REQUESTS_PER_MINUTE_EUROPE
        return limits.EMBEDDING_REQUESTS_PER_MINUTE

    @property
    def images_per_run(self) -> int:
        """Images that one run takes on: no more than the quota does before BigQuery ends a query."""
        return self.max_images_per_run or self.images_per_minute * limits.MAX_QUERY_MINUTES

    @property
    def lanes(self) -> int:
        """Batches to run in parallel: no more than the quota can finish before BigQuery ends a query."""
        finishing = self.images_per_minute * limits.MAX_QUERY_MINUTES // limits.MAX_ROWS_PER_EMBEDDING_JOB
        return max(1, min(self.max_parallel_batches, finishing))

    @property
    def budget_images(self) -> int | None:
        """Images that the monthly budget pays for, or None without a budget."""
        if self.monthly_budget_usd is None:
            return None
        return int(Decimal(str(self.monthly_budget_usd)) / Decimal(str(self.model.image_price_usd)))


@dataclass(frozen=True)
class Deployment:
    """All collections of one Airflow, in the order of the file."""

    collections: tuple[Collection, ...]

    def __getitem__(self, name: str) -> Collection:
        """The collection of this name. Errors: KeyError."""
        return {collection.name: collection for collection in self.collections}[name]

    @property
    def every_model(self) -> tuple[Collection, ...]:
        """Each collection once per model, with that model in use; the active model first."""
        return tuple(
            collection.using(model)
            for collection in self.collections
            for model in sorted(collection.models, key=lambda name: name != collection.active_model)
        )

    def sharing_quota(self, collection: Collection) -> tuple[Collection, ...]:
        """The members of every_model that share this collection's quota, including itself."""
        return tuple(other for other in self.every_model if other.quota == collection.quota)


def load(environment: Mapping[str, str] = os.environ) -> Deployment:
    """Read the file and the environment. Errors: SettingsError with one line per mistake."""
    return _Reader(environment).deployment()


def default_file() -> Path:
    """The collections file where the environment names none: the checkout's, or one beside the DAGs folder.

    Errors: SettingsError if there is neither.
    """
    if COLLECTIONS_FILE.exists():
        return COLLECTIONS_FILE
    from airflow.configuration import conf  # not needed in a checkout

    file = Path(conf.get_mandatory_value("core", "dags_folder")).parent / COLLECTIONS_FILE.name
    if file.exists():
        return file
    raise SettingsError(
        f"There is no collections file: write {file} (docs/settings.md says what is in it), or let "
        f"{FILE_VARIABLE} name another."
    )


def file_of_collections(environment: Mapping[str, str] = os.environ) -> str:
    """The collections file that is read. Errors: SettingsError if there is none."""
    return environment.get(FILE_VARIABLE, "").strip() or str(default_file())


class _Reader:
    """Merges the settings, and remembers where each value was written for the error messages."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.file = file_of_collections(environment)
        self.problems: list[str] = []
        document = self._mapping(_read_yaml(self.file), self.file, known={"defaults", "collections"})
        self.defaults = self._written(document.get("defaults"), "defaults", known=DEFAULTS)
        self.defaults |= self._variables(environment)
        self.collections = self._mapping(document.get("collections"), "collections")

    def deployment(self) -> Deployment:
        if not self.collections:
            self.problems.append(f"{self.file} has no collections: add one below `collections:`.")
        made = [self._collection(name, said) for name, said in self.collections.items()]
        collections = tuple(collection for collection in made if collection)
        self._check_datasets(collections)
        self._check_uploads(collections)
        if self.problems:
            raise SettingsError("\n".join(self.problems))
        return Deployment(collections)

    def _variables(self, environment: Mapping[str, str]) -> dict[str, _Written]:
        """Defaults set by the environment. Empty variables are ignored."""
        found = {}
        for variable, text in environment.items():
            if not variable.startswith("VITRINE_") or variable == FILE_VARIABLE or not text.strip():
                continue
            name = variable.removeprefix("VITRINE_").lower()
            if name in DEFAULTS and variable == variable_of(name):
                found[name] = _Written(text.strip(), variable)
            else:
                known = [FILE_VARIABLE, *map(variable_of, DEFAULTS)]
                hint = RENAMED.get(variable) or nearest(variable, known)
                self.problems.append(f"{variable}={text!r} is not a setting. {_use(hint)}")
        return found

    def _collection(self, name: str, said: object) -> Collection | None:
        place = f"collections.{name}"
        own = self._written(said, place, known=set(Collection.model_fields) - {"name"})
        models = own.pop("models", None) or self.defaults.get("models")
        values = {key: value for key, value in self.defaults.items() if key in Collection.model_fields} | own
        values["models"] = self._models(models, place)
        return self._made(Collection, values | {"name": _Written(name, place)}, place)

    def _models(self, said: _Written | None, place: str) -> _Written:
        where = said.where if said else f"{place}.models"
        models = _mapping_from_text(said.value) if said else {DEFAULT_MODEL: {}}
        shared = {key: value for key, value in self.defaults.items() if key in Model.model_fields}
        made = {}
        for name, fields in self._mapping(models, where).items():
            own = self._written(fields, f"{where}.{name}", known=set(Model.model_fields))
            made[name] = self._made(Model, shared | own, f"{where}.{name}") or Model()
        return _Written(made, where)

    def _made(self, model: type[M], written: Mapping[str, _Written], place: str) -> M | None:
        try:
            return model.model_validate({key: value.value for key, value in written.items()})
        except ValidationError as error:
            self.problems += [self._explained(found, written, place) for found in error.errors()]
            return None

    def _explained(self, error: ErrorDetails, written: Mapping[str, _Written], place: str) -> str:
        key = str(error["loc"][0]) if error["loc"] else str(error["ctx"]["key"])
        if error["type"] == "missing":
            where = f"{self.file} or as {variable_of(key)}"
            return f"{place}.{key} is missing and has no default: set it in {where}."
        reason = error["msg"].removeprefix("Value error, ").replace("Input should", "it should")
        if key not in written:  # it has its default
            return f"{place}.{key} is invalid: {reason}."
        return f"{written[key].where}={written[key].value!r} is invalid: {reason}."

    def _written(self, said: object, place: str, known: Set[str]) -> dict[str, _Written]:
        return {
            key: _Written(value, f"{place}.{key}")
            for key, value in self._mapping(said, place, known=known).items()
        }

    def _mapping(self, said: object, place: str, known: Set[str] | None = None) -> dict[str, Any]:
        """The mapping at a place in the file, without unknown keys."""
        if said is None:
            return {}
        if not isinstance(said, Mapping):
            self.problems.append(f"{place}={said!r} is invalid: it must have keys and values.")
            return {}
        for key in said:
            if known is not None and key not in known:
                hint = _use(nearest(str(key), known))
                self.problems.append(f"{place}.{key}={said[key]!r} is not a setting. {hint}")
        return {str(key): value for key, value in said.items() if known is None or key in known}

    def _check_datasets(self, collections: tuple[Collection, ...]) -> None:
        owners: dict[str, str] = {}
        for collection in collections:
            dataset = f"{collection.project}.{collection.dataset}".lower()
            if other := owners.get(dataset):
                self.problems.append(
                    f"collections.{collection.name}.dataset={collection.dataset!r} is the dataset of "
                    f"{other}, too: give it one of its own, for example dataset: {collection.name}."
                )
            owners.setdefault(dataset, collection.name)

    def _check_uploads(self, collections: tuple[Collection, ...]) -> None:
        """What somebody searches with must never be listed as an image of a collection."""
        owners = {bucket: collection.name for collection in collections for bucket in collection.buckets}
        self.problems += [
            f"collections.{collection.name}.uploads={collection.uploads!r} is in a bucket of {owner}: give "
            "pictures that people search with a bucket of their own."
            for collection in collections
            if (owner := owners.get(bucket_of(collection.uploads)))
        ]


class _Written(NamedTuple):
    """A value, and where it was written."""

    value: Any
    where: str


# What `defaults` and the environment may set.
DEFAULTS: Final = (set(Collection.model_fields) - {"name"}) | set(Model.model_fields)


def variable_of(name: str) -> str:
    """Environment variable that sets the default of a setting."""
    return f"VITRINE_{name.upper()}"


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that somebody most likely meant; "" when none is near."""
    by_letters = {name.lower(): name for name in known}
    return next((by_letters[name] for name in get_close_matches(word.lower(), by_letters, n=1)), "")


def _use(hint: str) -> str:
    return f"Use {hint}." if hint else "docs/settings.md lists them all."


class _UniqueKeys(yaml.SafeLoader):
    """Refuses duplicate keys, of which PyYAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        if twice := [key for key in keys if keys.count(key) > 1]:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {twice[0]!r} appears twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _read_yaml(file: str) -> object:
    try:
        return yaml.load(Path(file).read_text(encoding="utf-8"), _UniqueKeys)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # YAML's own message has line and column, over several lines.
        raise SettingsError(f"{file} cannot be read: {' '.join(str(error).split())}") from None
