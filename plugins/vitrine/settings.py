"""The settings of one deployment: the only reader of the environment.

Every setting is an environment variable `VITRINE_<FIELD>`. On Google Cloud three are enough: VITRINE_PROJECT,
VITRINE_OBJECT_URIS and VITRINE_GALLERY; the rest have the tutorial's names as defaults.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from math import inf
from pathlib import Path

from vitrine import limits
from vitrine.errors import SettingsError
from vitrine.planning import Rates

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Settings:
    """One deployment. Errors: SettingsError naming the variable, when one is missing or cannot work."""

    project: str
    object_uris: tuple[str, ...]  # what the object table lists, e.g. gs://gcs-public-data--met/*
    gallery: str  # a folder or a gs:// prefix, where search_images writes its pages
    location: str = "US"
    dataset: str = "bqml_tutorial"
    connection: str = "vitrine"
    manage_iam: bool = True  # False where the connection's roles are granted elsewhere (Terraform)
    embedding_function: str = "ML.GENERATE_EMBEDDING"
    profile: str = ""  # suffix of our tables: a second model fills its own beside the first's
    endpoint: str = "multimodalembedding@001"
    dimension: int = 1408
    content_types: tuple[str, ...] = ("image/jpeg", "image/png")
    schedule: str = "0 2 * * *"
    max_parallel_batches: int = 3
    max_passes: int = 5
    max_cost_usd: float = 10.0  # a plan that costs more waits for a person
    approval_hours: float = 24.0  # how long it waits; then it is rejected
    monthly_budget_usd: float | None = None  # for images, all runs of a calendar month (UTC) together
    image_price_usd: float = limits.IMAGE_PRICE_USD
    requests_per_minute: int | None = None  # the project's quota for the model; by default the region's
    images_per_minute_per_job: int = limits.IMAGES_PER_MINUTE_PER_JOB
    retry_wait_seconds: int = (
        60  # before the second pass or try; doubles with every further one that is needed
    )
    max_retry_wait_seconds: int = 900  # before any pass
    poll_seconds: float = 10.0  # between two looks at a running job
    index_poll_seconds: float = 60.0  # between two looks at a filling index; each bills 10 MiB
    max_removed_share: float = (
        0.1  # of the published images, that may leave at once when gone from the bucket
    )
    index_coverage: int = (
        95  # percent; the rows beyond are searched exactly, so waiting for the last ones gains nothing
    )
    index_timeout_seconds: int = 6 * 3600
    maintenance_schedule: str = "0 12 * * 0"  # when the index is measured: Sunday noon, UTC
    min_recall: float = 0.9  # share of the nearest images that a search with the index must find
    fraction_lists_to_search: float | None = None  # of the index, by every search; None: BigQuery decides
    notifier: str = ""  # import path of an Airflow notifier that is told of runs that failed
    notifier_arguments: str = ""  # JSON object of its arguments; Airflow fills in their templates
    saved_queries: str = str(REPOSITORY / "include" / "saved_queries.txt")  # one search a line
    sql_dir: str = str(REPOSITORY / "include" / "sql")
    gcp_conn_id: str = "google_cloud_default"

    def __post_init__(self) -> None:
        """Refuse what cannot work before anything runs."""
        for ok, name, rule in (*self._rules(), *self._rules_of_the_index(), *self._rules_of_money()):
            if not ok:
                raise SettingsError(
                    f"{variable(name)}={getattr(self, name)!r} cannot work: it must be {rule}."
                )

    def _rules(self) -> tuple[tuple[object, str, str], ...]:
        """Whether each setting can work, its name, and what it must be."""
        return (
            (
                self.endpoint in limits.EMBEDDING_DIMENSIONS,
                "endpoint",
                f"one of {tuple(limits.EMBEDDING_DIMENSIONS)}",
            ),
            (
                self.dimension in limits.EMBEDDING_DIMENSIONS.get(self.endpoint, ()),
                "dimension",
                f"in {limits.EMBEDDING_DIMENSIONS.get(self.endpoint)} for {self.endpoint}",
            ),
            (re.fullmatch(r"\w*", self.profile, re.ASCII), "profile", "letters, digits and underscores"),
            (self.embedding_function in FUNCTIONS, "embedding_function", f"one of {tuple(FUNCTIONS)}"),
            (
                self.object_uris and all(re.fullmatch(r"gs://[^'\\]+", uri) for uri in self.object_uris),
                "object_uris",
                "gs:// URIs, comma-separated, without quotes and backslashes",
            ),
            (
                0 < self.retry_wait_seconds <= self.max_retry_wait_seconds,
                "retry_wait_seconds",
                f"more than 0, at most the {self.max_retry_wait_seconds} of VITRINE_MAX_RETRY_WAIT_SECONDS",
            ),
            (
                set(self.content_types) <= set(limits.IMAGE_CONTENT_TYPES),
                "content_types",
                f"among {limits.IMAGE_CONTENT_TYPES}",
            ),
            (
                1 <= self.max_parallel_batches <= limits.MAX_CONCURRENT_EMBEDDING_JOBS,
                "max_parallel_batches",
                f"1 to {limits.MAX_CONCURRENT_EMBEDDING_JOBS}, BigQuery's limit of concurrent embedding jobs",
            ),
            (self.max_passes >= 1, "max_passes", "at least 1"),
            (0 <= self.max_removed_share <= 1, "max_removed_share", "a share, 0 to 1"),
        )

    def _rules_of_the_index(self) -> tuple[tuple[object, str, str], ...]:
        return (
            (1 <= self.index_coverage <= 100, "index_coverage", "a percentage, 1 to 100"),
            (0 <= self.min_recall <= 1, "min_recall", "a share, 0 to 1"),
            (
                self.fraction_lists_to_search is None or 0 < self.fraction_lists_to_search < 1,
                "fraction_lists_to_search",
                "a share between 0 and 1, both excluded, or not set",
            ),
        )

    def _rules_of_money(self) -> tuple[tuple[object, str, str], ...]:
        return (
            (self.max_cost_usd >= 0, "max_cost_usd", "0 USD or more"),
            (0 < self.approval_hours < inf, "approval_hours", "more than 0 hours"),
            (0 < self.image_price_usd < inf, "image_price_usd", "more than 0 USD"),
            (
                self.monthly_budget_usd is None or self.image_price_usd <= self.monthly_budget_usd < inf,
                "monthly_budget_usd",
                f"at least the {self.image_price_usd} USD of one image, or not set",
            ),
            (self.images_per_minute >= 1, "requests_per_minute", "at least 1"),
            (self.images_per_minute_per_job >= 1, "images_per_minute_per_job", "at least 1"),
        )

    @property
    def images_per_minute(self) -> int:
        """Quota of the model that all jobs share: one request an image."""
        if self.requests_per_minute is not None:
            return self.requests_per_minute
        if self.location.lower().startswith("europe-"):
            return limits.EMBEDDING_REQUESTS_PER_MINUTE_EUROPE
        return limits.EMBEDDING_REQUESTS_PER_MINUTE

    @property
    def lanes(self) -> int:
        """Batches that run side by side: no more than can all finish, by quota, within one query's time."""
        finishing = self.images_per_minute * limits.MAX_QUERY_MINUTES // limits.MAX_ROWS_PER_EMBEDDING_JOB
        return max(1, min(self.max_parallel_batches, finishing))

    @property
    def rates(self) -> Rates:
        """Price and pace of the model."""
        return Rates(self.image_price_usd, self.images_per_minute, self.images_per_minute_per_job, self.lanes)

    @property
    def budget_images(self) -> int | None:
        """Images that the monthly budget pays, or None without a budget."""
        if self.monthly_budget_usd is None:
            return None
        return int(Decimal(str(self.monthly_budget_usd)) / Decimal(str(self.image_price_usd)))

    def table(self, name: str) -> str:
        """Name of a table or model of the dataset, quoted for SQL."""
        return f"`{self.table_id(name)}`"

    def table_id(self, name: str) -> str:
        """Name of a table or model of the dataset, as the API takes it."""
        return f"{self.project}.{self.dataset}.{self.in_profile(name)}"

    def in_profile(self, name: str) -> str:
        """Name of a table, model or index in the active profile; all share the listing of the bucket."""
        return f"{name}_{self.profile}" if self.profile and name != "met_images" else name

    @property
    def namespace(self) -> str:
        """What job ids begin with: two profiles never wait for, or rejoin, each other's jobs."""
        return f"{self.dataset}__{self.profile}" if self.profile else self.dataset

    @property
    def model(self) -> str:
        """The vector space of the deployment, as every embedding row names it: endpoint and dimension."""
        return f"{self.endpoint}/{self.dimension}"

    @property
    def connection_name(self) -> str:
        """Name of the Cloud resource connection as DDL wants it, unquoted."""
        return f"{self.project}.{self.location.lower()}.{self.connection}"

    @property
    def function(self) -> EmbeddingFunction:
        """Column names and options of the embedding function in use."""
        return FUNCTIONS[self.embedding_function]


@dataclass(frozen=True)
class EmbeddingFunction:
    """How one of BigQuery's two embedding functions is called and what its columns are named."""

    result: str
    status: str
    has_flatten_option: bool

    def options(self, dimension: int) -> str:
        """The STRUCT argument that asks for a vector of `dimension` numbers."""
        flatten = "TRUE AS flatten_json_output, " if self.has_flatten_option else ""
        return f"STRUCT({flatten}{dimension} AS output_dimensionality)"


# https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-generate-embedding
FUNCTIONS: Mapping[str, EmbeddingFunction] = {
    "ML.GENERATE_EMBEDDING": EmbeddingFunction(
        "ml_generate_embedding_result", "ml_generate_embedding_status", has_flatten_option=True
    ),
    "AI.GENERATE_EMBEDDING": EmbeddingFunction("embedding", "status", has_flatten_option=False),
}


def variable(field_name: str) -> str:
    """Environment variable that holds a setting."""
    return f"VITRINE_{field_name.upper()}"


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from environment variables. Errors: SettingsError naming the first that is wrong."""
    values = {}
    for field in fields(Settings):
        text = environment.get(variable(field.name), "").strip()
        if text:
            values[field.name] = _parse(field.name, str(field.type), text)
        elif field.default is MISSING:
            raise SettingsError(
                f"{variable(field.name)} is missing and has no default: set it in the environment."
            )
    return Settings(**values)


def _parse(name: str, type_name: str, text: str) -> object:
    parsers = {
        "str": str,
        "int": int,
        "float": float,
        "bool": lambda word: {"true": True, "false": False}[word.lower()],
        "tuple[str, ...]": lambda words: tuple(word.strip() for word in words.split(",") if word.strip()),
    }
    try:
        return parsers[type_name.removesuffix(" | None")](text)
    except (ValueError, KeyError):
        raise SettingsError(f"{variable(name)}={text!r} cannot be read as {type_name}.") from None
