"""Everything here is BigQuery's or Vertex AI's own word or number: limits, statuses, error texts.

Each constant gives its unit, source and the date of the source. BQ stands for
https://docs.cloud.google.com/bigquery/docs (read 2026-08-22) and VX for Vertex AI's reference (2026-08-22).
What no source states is marked "ours": do not rely on its exact text on Google Cloud.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

# --- embeddings ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EmbeddingModel:
    """What is documented of an embedding model."""

    endpoint: str
    dimensions: Sequence[int]  # that output_dimensionality may ask for; the last is the default
    image_bytes: int | None  # size of an image's file; None: no limit
    image_types: frozenset[str]  # content types
    text_bytes: int | None  # of UTF-8, beyond which a text is refused; None: no limit
    text_tokens: int  # beyond which a text is cut off; a token is a word here: ours
    requests_per_minute: int  # default quota of a project
    locations: Sequence[str] | None  # of the dataset of a remote model; None: all

    @property
    def offered(self) -> str:
        """The dimensions in words."""
        if isinstance(self.dimensions, range):
            return f"between {self.dimensions[0]} and {self.dimensions[-1]}"
        return f"one of {', '.join(map(str, self.dimensions))}"


MULTIMODAL_EMBEDDING = EmbeddingModel(
    endpoint="multimodalembedding@001",  # BQ/generate-multimodal-embeddings
    dimensions=(128, 256, 512, 1408),  # BQ/generate-visual-content-embedding; VX multimodal
    image_bytes=20 * 1024 * 1024,  # VX multimodal embeddings: "20MB (original file format)"
    image_types=frozenset(  # VX multimodal; webp accepted live though undocumented (archestra#7380)
        {"image/bmp", "image/x-ms-bmp", "image/gif", "image/jpeg", "image/jpg", "image/png", "image/webp"}
    ),
    text_bytes=1024,  # observed live, archestra-ai/archestra#7380, 2026-08-21
    text_tokens=32,  # VX: "32 tokens (~32 words)", longer input is shortened
    requests_per_minute=600,  # outside of European single regions; BQ/quotas
    locations=None,  # BQ/locations: wherever remote models are
)
GEMINI_EMBEDDING = EmbeddingModel(
    endpoint="gemini-embedding-2",  # BQ/multimodal-data-sql-tutorial
    dimensions=range(128, 3073),  # VX multimodal embeddings, "128 to 3072"
    image_bytes=None,  # VX models/gemini/embedding-2, from Cloud Storage: "No limit"
    image_types=frozenset(  # ibid.; gif is not among them
        {"image/png", "image/jpeg", "image/webp", "image/bmp", "image/heic", "image/heif", "image/avif"}
    ),
    text_bytes=None,  # no such limit is documented
    text_tokens=8192,  # VX multimodal embeddings: longer inputs "are silently truncated"
    # BQ/quotas and the function's page, both of the preview; of the final model they say nothing
    requests_per_minute=4_000,
    locations=("US", "us-central1"),
)
EMBEDDING_MODELS = {  # by what ENDPOINT may name; BQ's pages mostly name the preview
    model.endpoint: model
    for model in (
        MULTIMODAL_EMBEDDING,
        GEMINI_EMBEDDING,
        replace(GEMINI_EMBEDDING, endpoint="gemini-embedding-2-preview"),
    )
}
ROWS_PER_JOB_MINUTES = 360  # rows per job = requests per minute x 360, so 216,000 by default; BQ/quotas
CONCURRENT_EMBEDDING_JOBS = 5  # per project; BQ/quotas
UNKNOWN_CONTENT_TYPE = "application/octet-stream"  # BQ/object-table-introduction: objects without a type

STATUS_OK = ""  # BQ function page: "This value is empty if the operation was successful"
STATUS_RETRYABLE_PREFIX = "A retryable error occurred:"  # BQ function page, known issues
STATUS_RESOURCE_EXHAUSTED = (  # BQ/generate-multimodal-embeddings
    "A retryable error occurred: RESOURCE_EXHAUSTED error from remote service/endpoint."
)
STATUS_RESOURCE_EXHAUSTED_SPACED = (  # BQ function pages, known issues: the same with a space
    "A retryable error occurred: RESOURCE EXHAUSTED error from <remote endpoint>"
)
STATUS_ROWS_PER_JOB = (  # BQ/quotas, FAQ: rows beyond the rows per job; they are not called and not billed
    "A retryable error occurred: the maximum size quota per query has reached"
)
STATUSES_RETRYABLE = (  # every documented text
    STATUS_RESOURCE_EXHAUSTED,
    STATUS_RESOURCE_EXHAUSTED_SPACED,
    STATUS_ROWS_PER_JOB,
)
STATUS_UNAVAILABLE = "A retryable error occurred: UNAVAILABLE error from remote service/endpoint."  # ours
STATUS_NULL = "NULL value is not supported for embedding generation"  # BQ/autonomous-embedding-generation
STATUS_TEXT_TOO_LONG = (  # prefix shape inferred, message observed live (archestra#7380)
    "INVALID_ARGUMENT: Multimodal embedding failed with the following error: "
    "Text field must be smaller than 1024 characters."
)
IMAGE_FAILED = (
    "INVALID_ARGUMENT: Image embedding failed with the following error: "  # VX; its reasons are ours
)
STATUS_IMAGE_TOO_LARGE = IMAGE_FAILED + "Image size {size} bytes exceeds the limit of {limit} bytes."  # ours
STATUS_IMAGE_TYPE = IMAGE_FAILED + "Content type {content_type} is not supported."  # ours
STATUS_IMAGE_BROKEN = IMAGE_FAILED + "{reason}."  # ours
STATUS_IMAGE_REFUSED = IMAGE_FAILED + "The image was refused."  # ours: a fault asked for it
STATUS_OBJECT_UNREADABLE = "NOT_FOUND: {uri} cannot be read (HTTP {code})."  # ours
STATUS_VIDEO = "not emulated: embedding of a video"  # ours
STATUS_NOT_READ = "not emulated: embedding of {content_type}"  # ours

NO_CONTENT_COLUMN = (  # ours; BQ: "An error occurs if no `content` column is available"
    "Column `content` of type STRING was not found in the input of {function}. "
    "Name it with an alias, for example SELECT title AS content."
)
OBJECT_QUERY_CLAUSES = (  # ours; BQ: "You can only specify WHERE, ORDER BY, and LIMIT clauses in the query"
    "The query over the object table {table} in {function} can only use WHERE, ORDER BY and LIMIT clauses "
    "and select columns of the table, `uri` among them; found: {found}."
)

# --- object tables ------------------------------------------------------------------------------------
MAX_OBJECT_TABLE_URIS = 10_000  # source URIs; BQ/external-tables limits
CACHE_LIFETIME_MINUTES = 7 * 24 * 60  # minutes; BQ/metadata-caching-external-tables, limitations
CACHE_IN_REFRESH = (  # ours; ibid.: of "multiple concurrent manual refreshes, only one will succeed"
    "The metadata cache of table {table} is being refreshed by another job."
)
MAX_STALENESS_MINUTES = (30, 7 * 24 * 60)  # minutes; BQ/object-tables: "30 MINUTE..7 DAY", or 0
CACHE_NOT_MANUAL = (  # ours; BQ/system-procedures: "fails … against a table that has … AUTOMATIC"
    "{procedure} needs a table with metadata_cache_mode = 'MANUAL'; that of {table} is {mode}."
)
GLOBBING_DENIED = (  # observed live for external tables; the same code path for object tables is inferred
    "Access Denied: BigQuery BigQuery: Permission denied while globbing file pattern. {account} does not "
    "have storage.objects.list access to the Google Cloud Storage bucket. Permission 'storage.objects.list' "
    "denied on resource (or it may not exist). Please make sure {uri} is accessible via appropriate IAM "
    "roles, e.g. Storage Object Viewer or Storage Object Creator."
)
ACCESS_URL_SECONDS = (30 * 60.0, 6 * 60 * 60.0)  # least, most and default; BQ/objectref_functions
AUTHORIZER_DENIED = (  # ibid.
    "Connection credential for {connection} cannot be used. Either the connection does not exist, or the "
    "user does not have sufficient permissions to use it."
)
AUTHORIZER_MISSING = "The ObjectRef has no authorizer; a URL needs delegated access."  # ours
OBJECT_MISSING = "The object {uri} does not exist or cannot be read (version: {version})."  # ours
STATUS_NO_URL = (  # ours; BQ function page: both "elements of the JSON value" must be "populated"
    "INVALID_ARGUMENT: the content has no access_urls.read_url or no details.gcs_metadata.content_type."
)
STATUS_REF_DENIED = "permission denied"  # BQ/work-with-objectref: a row whose reference may not be read
OBJECT_TABLE_READ_ONLY = (  # ours; BQ: "You can't alter an object table or modify object table data"
    "{table} is an object table. Object tables are read-only: their data cannot be modified."
)

# --- connections and remote models ----------------------------------------------------------------------
DEFAULT_CONNECTION = "__default_cloudresource_connection__"  # BQ/default-connections
MODEL_ROLE = "roles/aiplatform.user"  # BQ/generate-multimodal-embeddings
OBJECT_ROLES = frozenset(  # any of them lets a connection list and read objects; BQ/object-tables
    {
        "roles/storage.objectViewer",
        "roles/storage.objectUser",
        "roles/storage.objectAdmin",
        "roles/storage.admin",
        "roles/storage.legacyObjectReader",
    }
)
DEFAULT_OBJECT_ROLES = (
    "roles/storage.legacyBucketReader",
    "roles/storage.legacyObjectReader",
)  # BQ/default-…
MODEL_DENIED = (  # GoogleCloudPlatform/marketing-analytics-jumpstart issues 192 and 211
    "{account} does not have the permission to access or use the endpoint. Please grant the Vertex AI user "
    "role to the service account following https://cloud.google.com/bigquery/docs/generate-text-tutorial"
    "#grant-permissions. If issue persists, contact bqml-feedback@google.com for help."
)
MODEL_NOT_HERE = (  # ours; BQ function page: "only supported in the US and us-central1 regions"
    "The model {endpoint} is not available in location {location}; it is in {available}."
)
CONNECTION_DENIED = (  # observed live for a caller without the permission; for a missing connection inferred
    "Access Denied: Connection {connection}: User does not have bigquery.connections.{permission} permission "
    "for connection {connection}."
)

# --- DML (BQ/data-manipulation-language, BQ/quotas, BQ/transactions, BQ/troubleshoot-queries; 2026-08-22) ---
DML_RUNNING = 2  # UPDATE, DELETE and MERGE statements that run at a time on one table
DML_QUEUED = 20  # further such statements of a table that wait as PENDING
DML_RERUNS = 3  # how often a conflicting statement is run again
DML_QUEUE_FULL = (
    "Resources exceeded during query execution: Too many DML statements outstanding against table {table}, "
    "limit is 20."
)
NOT_SERIALIZABLE = "Could not serialize access to table {table} due to concurrent update"
TRANSACTION_ABORTED = "Transaction is aborted due to concurrent update against table {table}"
SEVERAL_MATCHES = (
    "UPDATE/MERGE must match at most one source row for each target row"  # observed live, several
)
WHERE_MISSING = "{verb} must have a WHERE clause at [{position}]"  # observed live, dbimp

# --- time travel (BQ/access-historical-data, BQ/time-travel, GoogleSQL query syntax; 2026-08-22) ----------
TIME_TRAVEL_HOURS = 7 * 24  # hours
TIME_TRAVEL_ZONE = "America/Los_Angeles"  # of a timestamp written without a zone
SNAPSHOT_TOO_OLD = "Invalid snapshot time {time} for table {table}@{time}. Cannot read before {oldest}."
SNAPSHOT_IN_FUTURE = "Invalid snapshot time {time} for table {table}@{time}. It is in the future."  # ours
SNAPSHOT_EXTERNAL = "Table {table} is external: FOR SYSTEM_TIME AS OF needs a table in BigQuery."  # ours
SNAPSHOT_AMBIGUOUS = "Table {table} cannot be read at more than one point in time in a statement."  # ours
NO_EARLIER_VERSION = (  # ours
    "not emulated: FOR SYSTEM_TIME AS OF a time before the last change of table {table}, or before the start "
    "of the emulator. Earlier versions are not kept."
)

# --- jobs -----------------------------------------------------------------------------------------------
REQUEST_ID_LIFETIME_SECONDS = 15 * 60  # seconds; BQ REST reference, QueryRequest.requestId
RESULT_LIFETIME_SECONDS = 24 * 60 * 60  # seconds a query's result is kept; BQ/cached-results
BILLING_MIN_BYTES = 10 * 1024 * 1024  # bytes for each table a query reads; BQ/best-practices-costs
BILLING_STEP_BYTES = 1024 * 1024  # bytes; charges are rounded up to the MB; BQ pricing
BYTES_BILLED = (  # observed: exmergo/dex#320, 2026-08-16; it fails uncharged: BQ/best-practices-costs
    "Query exceeded limit for bytes billed: {limit}. {needed} or higher required."
)
SERVICES_PER_REQUEST = 30  # names; service-usage/docs/reference/rest/v1/services/batchGet (2026-08-22)
HTTP_UNCLEAR = (
    503  # BQ/error-messages: after it "it's unclear if the job was created"; as ours decides, it was
)
HTTP_ERRORS = {  # HTTP status: reason, status, text; reasons BQ/error-messages, texts ours
    429: (
        "rateLimitExceeded",
        "RESOURCE_EXHAUSTED",
        "Exceeded rate limits: too many requests. Try again later.",
    ),
    500: ("internalError", "INTERNAL", "An internal error occurred and the request could not be completed."),
    503: (
        "backendError",
        "UNAVAILABLE",
        "Error encountered during execution. Retrying may solve the problem.",
    ),
}
JOB_DIED = (
    "The job encountered an internal error during execution: a fault asked for it. Use a new job ID."  # ours
)
INTERRUPTED = "The job encountered an internal error during execution: the emulator was stopped."  # ours

# --- scripts ------------------------------------------------------------------------------------------
PROCEDURE_DEPTH = 50  # calls inside of calls; BQ/quotas, "Maximum nested procedure calls"
NOT_TRANSLATED = (  # ours
    "not emulated: the statement is not valid, or cannot be translated. The emulator's log says more."
)
TRANSACTION_OUTSIDE_SCRIPT = (  # observed live in many sources
    "Transaction control statements are supported only in scripts or sessions"
)
TRANSACTION_NESTED = "Nested transactions are not supported: a transaction is open already."  # ours
NO_TRANSACTION = "There is no active transaction: BEGIN TRANSACTION first."  # ours
DDL_IN_TRANSACTION = (  # ours; BQ/transactions: only temporary tables and functions may be created or dropped
    "DDL statements on permanent entities are not supported inside of a transaction."
)
TRANSACTION_FAILED = (  # BigQuery lets a handler go on with the transaction; DuckDB does not
    "not emulated: going on with a transaction in which a statement failed. ROLLBACK TRANSACTION first."
)
VIEW_NO_QUERY = "The query of a view must be one query."  # ours

# --- defaults of columns (BQ/default-values, 2026-11-27; the texts are ours) -----------------------------
DEFAULT_NO_LITERAL = (
    "The default of column {column} must be a literal or CURRENT_DATE, CURRENT_DATETIME, CURRENT_TIME, "
    "CURRENT_TIMESTAMP, GENERATE_UUID, RAND, SESSION_USER or ST_GEOGPOINT, or a STRUCT or an array of these."
)
DEFAULT_NULL = "The default of column {column} is NULL, which a REQUIRED column cannot hold."
DEFAULT_NULL_IN_ARRAY = (
    "The default of column {column} must not be NULL or have a NULL element: it is an array."
)
DEFAULT_NESTED = "Field {column} cannot have a default: it is set for the whole STRUCT."
DEFAULT_ADDED = (
    "not emulated: a column that is added with a default. "
    "ADD COLUMN {column} without it, then ALTER COLUMN {column} SET DEFAULT."
)
DEFAULT_ONLY = "not emulated: a MERGE that inserts nothing but DEFAULT"

# --- vector search and vector indexes (BQ/vector-index, BQ/vector-search, GoogleSQL reference; 2026-08-22) --
DISTANCE_TYPES = ("EUCLIDEAN", "COSINE", "DOT_PRODUCT")  # the first is the default
DEFAULT_TOP_K = 10  # neighbours per query row
MAX_TOP_K = 999_999  # neighbours; ours: the most that DuckDB's min_by keeps
DEFAULT_FRACTION_LISTS_TO_SEARCH = 0.1  # share of the lists; ours: BigQuery's choice is not documented
INDEX_TYPES = ("IVF", "TREE_AH")
INDEX_MIN_ROWS = 5_000  # rows; BQ/quotas: "A table must have at least 5,000 rows to create a vector index"
INDEX_MIN_BYTES = 10 * 1024 * 1024  # logical bytes; BQ/vector-index: below 10 MB an index is not populated
INDEX_MAX_DIMENSIONS = 4_096  # array elements; BQ/quotas
TREE_AH_MIN_DIMENSIONS = 2  # array elements; BQ DDL reference
IVF_MAX_LISTS = 5_000  # num_lists; BQ DDL reference
TREE_AH_MIN_LEAF_COUNT = 500  # leaf_node_embedding_count; BQ DDL reference
TREE_AH_DEFAULT_LEAF_COUNT = 1_000  # leaf_node_embedding_count; BQ DDL reference
TOO_FEW_ROWS = (  # observed live in six independent sources
    "Total rows {rows} is smaller than min allowed 5000 for CREATE VECTOR INDEX query with the {index_type} "
    "index type. Please use VECTOR_SEARCH table-valued function directly to perform the similarity search."
)
INDEX_MAX_DDL_PER_TABLE = 10  # CREATE or DROP VECTOR INDEX statements per table and day; BQ/quotas
INDEX_MAX_CREATES_PER_PROJECT = 500  # CREATE VECTOR INDEX statements per project, region and day; BQ/quotas
INDEX_DDL_WINDOW_SECONDS = 24 * 60 * 60  # ours: a sliding day; BQ/quotas: "replenished … throughout the day"
INDEX_DDL_QUOTA_TABLE = (  # ours: shape of BQ/troubleshoot-quotas, "Your table exceeded quota for …"
    "Quota exceeded: Your table exceeded quota for CREATE VECTOR INDEX and DROP VECTOR INDEX statements per "
    "table."
)
INDEX_DDL_QUOTA_PROJECT = (  # ours: the same page's shape, "Your project exceeded quota for CREATE MODEL …"
    "Quota exceeded: Your project exceeded quota for CREATE VECTOR INDEX statements per project."
)
DRIFT_COLUMN = "tfdv_drift"  # VECTOR_INDEX.STATISTICS; observed live, statmike/vertex-ai-mlops 2026-09-03
DRIFT_ARGUMENTS = "Signature accepts at most 1 argument, found {found} arguments"  # same author
DRIFT_RELATION = "argument 1 must be a relation (i.e. table subquery)"  # same author
NO_BACKGROUND_RESERVATION = (  # observed live, statmike 2026-09-03
    "Cannot alter vector index on table {table} because there is no BACKGROUND reservation."
)
INDEX_COLUMN_UNSUPPORTED = "Vector index is not supported on column: '{column}'"  # same author
INDEX_KEY_EXPRESSION = (  # same author
    "CREATE VECTOR INDEX does not yet support expressions to define index keys, only column name is supported"
)
INDEX_VECTORS_UNEVEN = (  # ours; BQ DDL reference: no NULL elements, "the same array dimensions"
    "Column {column} cannot be indexed: all arrays must have the same number of elements, from {lowest} to "
    "4096, and no NULL among them; found {shortest} to {longest} elements and {nulls} arrays with NULL."
)
STORED_TWICE = "Column {column} found multiple times"  # same author
DIMENSION_MISMATCH = (  # langchain-ai/langchain-google#1297, 2025-11-08
    "Dimension of column `{column}` in the base table does not match the dimension of column "
    "`{query_column}` in the query data."
)
DIMENSION_MISMATCH_VALUE = (  # observed live for the query_value form
    "Dimension of column {column} in the base table does not match the dimension of the query data."
)
LENGTH_MISMATCH = "Array length mismatch: {} and {}."  # google/zetasql distance functions
ZERO_VECTOR = "Cannot compute cosine distance against zero vector"  # google/zetasql distance functions
DISABLED_TOO_SMALL = (  # ours: wording observed live for search indexes, with the vector index's threshold
    "The base table size is below the threshold of 10485760 bytes for indexing. The index does not provide "
    "noticeable search performance gains when the base table is too small."
)
DISABLED_TOO_LARGE = (  # ours; BQ/vector-index: over the organization's limit
    "The total size of indexed tables exceeds the limit of {limit} bytes of your organization."
)
DISABLED_SCHEMA = (  # ours; BQ/information-schema-vector-indexes: "an incompatible schema change"
    "The indexed table has an incompatible schema change: column {column} is not ARRAY<FLOAT64> any more."
)
REBUILD_RUNNING = (  # ours; BQ DDL reference: one rebuild at a time
    "Vector index {name} on table {table} is being rebuilt already. Wait, or cancel with "
    "CALL BQ.CANCEL_INDEX_ALTERATION('{dataset}.{table}', '{name}')."
)
REBUILD_FAILED = "The vector index cannot be rebuilt while it is disabled: {reason}"  # ours
INDEX_NOT_USED = "No vector index was used for the base table `{table}` because {reason}."  # BQ/vector-index
NOT_USED_BRUTE_FORCE = (
    "use_brute_force option has been specified"  # BQ/vector-index; the reasons below are ours
)
NOT_USED_TOO_SMALL = "the base table is too small"
NOT_USED_PENDING = "the vector index is still being created"
NOT_USED_NO_INDEX = "it has no vector index on the column that is searched"
NOT_USED_PATTERN = (
    "the base query is more than a selection from one table that leaves the embedding column alone"
)
NOT_USED_DISABLED = "the vector index is disabled: {reason}"
STORED_COLUMNS_UNCOVERED = "The stored columns do not cover all columns that the query needs."  # ours
STORED_COLUMNS_TREE_AH = "Stored columns of a TREE_AH index only serve to filter before the search."  # ours
MAX_UNCOVERED_COLUMNS = 20  # names per reason; BQ REST reference, StoredColumnsUnusedReason

# --- tables -------------------------------------------------------------------------------------------
QUERIED_WITHOUT_SCHEMA = "Table {table} does not have a schema."  # observed: Backfill-GA4-to-BigQuery#5, 2024
STREAMED_WITHOUT_SCHEMA = "The destination table has no schema."  # observed: nodejs-bigquery#638, 2020
