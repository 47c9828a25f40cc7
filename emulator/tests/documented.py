"""What BigQuery is documented to do, as marks on the tests that prove it; fidelity.py lists them."""

import pytest

SECTIONS = (
    "SQL",
    "Object tables",
    "ObjectRef",
    "Connections",
    "Remote models",
    "Model calls",
    "Vector index",
    "Vector search",
    "Jobs",
    "Changes of tables",
    "Cloud Storage",
    "Access",
)
READ = "2026-08-22"  # the day on which the documentation says what is written here

DOCS = "https://docs.cloud.google.com/bigquery/docs/"
SQL = DOCS + "reference/standard-sql/"
REST = DOCS + "reference/rest/v2/"
AUTONOMOUS = DOCS + "autonomous-embedding-generation"
COSTS = DOCS + "best-practices-costs"
CREATE_MODEL = SQL + "bigqueryml-syntax-create-remote-model-embedding-maas"
DDL = SQL + "data-definition-language"
DEFAULT_CONNECTION = DOCS + "default-connections"
DML = DOCS + "data-manipulation-language"
EMBED = SQL + "bigqueryml-syntax-ai-embed"
ERRORS = DOCS + "error-messages"
GEMINI = "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/gemini/embedding-2"
GENERATE = SQL + "bigqueryml-syntax-generate-embedding"
HISTORY = DOCS + "access-historical-data"
INDEX_VIEW = DOCS + "information-schema-vector-indexes"
JOB = REST + "Job"
LOADING = DOCS + "loading-data-cloud-storage-csv"
MULTIMODAL = DOCS + "generate-multimodal-embeddings"
OBJECT_REF = DOCS + "work-with-objectref"
OBJECT_REF_FUNCTIONS = SQL + "objectref_functions"
OBJECT_TABLE = DOCS + "object-table-introduction"
OBJECT_TABLE_DDL = DOCS + "object-tables"
METADATA_CACHE = DOCS + "metadata-caching-external-tables"
PRICING = "https://docs.cloud.google.com/bigquery/pricing"
PROCEDURES = DOCS + "reference/system-procedures"
QUERY_SYNTAX = SQL + "query-syntax"
QUOTAS = "https://docs.cloud.google.com/bigquery/quotas"
SEARCH = SQL + "search_functions"
STATISTICS = SQL + "vectorindex_functions"
STORAGE = "https://docs.cloud.google.com/storage/docs/"
TYPES = SQL + "data-types"
VECTOR_INDEX = DOCS + "vector-index"
VERTEX = (
    "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/embeddings/"
    "get-multimodal-embeddings"
)
VISUAL = DOCS + "generate-visual-content-embedding"


def documented(section: str, behaviour: str, source: str, read: str = READ) -> pytest.MarkDecorator:
    """The test proves that the emulator does what `source`, on the day `read`, says in one sentence.

    A source is an address, or "observed: who" for what others saw the service do where no page states it.
    """
    return _mark(section, behaviour, source, read, emulated=True)


def not_emulated(section: str, behaviour: str, source: str, read: str = READ) -> pytest.MarkDecorator:
    """The test proves that the emulator does not do what the source says, and does not pretend to."""
    return _mark(section, behaviour, source, read, emulated=False)


def _mark(section: str, behaviour: str, source: str, read: str, emulated: bool) -> pytest.MarkDecorator:
    assert section in SECTIONS, f"{section}: one of {SECTIONS}"
    assert source.startswith(("https://", "observed: ")), source
    return pytest.mark.documented(section, behaviour, source, read, emulated)


def emulator_only(reason: str) -> pytest.MarkDecorator:
    """A boundary test that cannot run against BigQuery itself."""
    return pytest.mark.emulator_only(reason)
