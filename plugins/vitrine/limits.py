"""Limits, prices and texts of BigQuery and Vertex AI. Read on 2026-11-22 from pages dated 2026-08-22.

Constants only, each with its unit in the name or a comment and its source above it.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

# https://docs.cloud.google.com/bigquery/docs/generate-multimodal-embeddings
# The tutorial's maximum. The quota page now derives rows per job from the quota (600 x 360 = 216,000); we use
# the lower one.
MAX_ROWS_PER_EMBEDDING_JOB: Final = 25_000

# https://docs.cloud.google.com/bigquery/quotas#cloud_ai_service_functions
MAX_CONCURRENT_EMBEDDING_JOBS: Final = 5  # per project; more would only share the same requests per minute
EMBEDDING_REQUESTS_PER_MINUTE: Final = 600  # multimodalembedding, all other regions
EMBEDDING_REQUESTS_PER_MINUTE_EUROPE: Final = 120  # European single regions
GEMINI_REQUESTS_PER_MINUTE: Final = 4_000  # gemini-embedding-2-preview, in US and us-central1
MAX_QUERY_MINUTES: Final = 360  # a query ends after six hours

# https://docs.cloud.google.com/bigquery/docs/generate-multimodal-embeddings ("10,000 images ... approximately
# 40 minutes")
IMAGES_PER_MINUTE_PER_JOB: Final = 250

# https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-generate-embedding
# Three spellings are documented. All begin with this prefix, so match nothing beyond it.
RETRYABLE_STATUS_PREFIX: Final = "A retryable error occurred:"

# https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/embeddings/get-multimodal-embeddings
# https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/bigqueryml-syntax-generate-embedding
# Length of a vector, by endpoint. Those of gemini-embedding-2: https://openrouter.ai/google/gemini-embedding-2/api.
# BigQuery's pages name its preview alone (locations US and us-central1); Vertex AI serves both.
EMBEDDING_DIMENSIONS: Final = {
    "multimodalembedding@001": (128, 256, 512, 1408),
    "gemini-embedding-2-preview": range(128, 3073),
    "gemini-embedding-2": range(128, 3073),
}
# https://docs.cloud.google.com/bigquery/docs/locations
# Embedding models are listed for the multi-region US and for single regions, not for EU.
MULTI_REGIONS_WITHOUT_EMBEDDING_MODELS: Final = ("EU",)
# https://docs.cloud.google.com/bigquery/docs/multimodal-data-sql-tutorial
GEMINI_LOCATIONS: Final = ("US", "us-central1")
# https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/model-versions (copy of 2026-08-22)
# The first day on which an endpoint answers no more.
RETIREMENTS: Final = {"multimodalembedding@001": date(2027, 4, 1)}

# https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/embeddings/get-multimodal-embeddings
# What many programs call it, though https://www.iana.org/assignments/media-types has image/jpeg alone.
MEDIA_TYPE_ALIASES: Final = {"image/jpeg": "image/jpg"}
ImageContentType = Literal["image/jpeg", "image/png", "image/bmp", "image/gif"]
# The model ignores text beyond 32 tokens, and refuses a call with more UTF-8 bytes than this ("must be
# smaller than 1024 characters", which are bytes: archestra-ai/archestra PR #7380).
MAX_QUERY_BYTES: Final = 1023

# 20 MB: https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/embeddings/get-multimodal-embeddings
MAX_IMAGE_BYTES: Final = 20 * 1024 * 1024
# The same page: "English only". Nothing was found on the languages of gemini-embedding-2.
ENGLISH_ONLY: Final = ("multimodalembedding@001",)

# Price of one image, USD. BerriAI/litellm model_prices_and_context_window.json, since Google's own page could
# not be read.
IMAGE_PRICE_USD: Final = 0.0001

# https://docs.cloud.google.com/bigquery/docs/generate-multimodal-embeddings ("Enable the ... APIs")
REQUIRED_SERVICES: Final = (
    "bigquery.googleapis.com",
    "bigqueryconnection.googleapis.com",
    "aiplatform.googleapis.com",
    "cloudresourcemanager.googleapis.com",  # testIamPermissions of the project, by the preflight
)

# https://docs.cloud.google.com/bigquery/docs/best-practices-costs
MIN_BYTES_BILLED: Final = 10 * 1024 * 1024  # for each table that a query reads

# On-demand price of what queries bill, in the US multi-region. Other locations differ, and reservations bill
# time instead.
# https://cloud.google.com/bigquery/pricing, as public tools repeat it, since that page could not be read.
QUERY_USD_PER_TIB: Final = 6.25

# https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#integer_types
MAX_INT64: Final = 2**63 - 1

# https://docs.cloud.google.com/bigquery/docs/labels-intro#requirements (without international
# characters, which are also allowed)
LABEL_KEY: Final = r"^[a-z][a-z0-9_-]{0,62}$"
LABEL_VALUE: Final = r"^[a-z0-9_-]{0,63}$"
MAX_LABEL_LENGTH: Final = 63  # characters

# https://docs.cloud.google.com/bigquery/quotas#vector_index_limits
MIN_VECTOR_INDEX_ROWS: Final = 5_000  # CREATE VECTOR INDEX fails with fewer
MIN_VECTOR_INDEX_BYTES: Final = 10 * 1024 * 1024  # a smaller table can have an index, but it is not filled
# https://docs.cloud.google.com/bigquery/docs/information-schema-vector-indexes
DISABLED_INDEX_STATUSES: Final = ("TEMPORARILY DISABLED", "PERMANENTLY DISABLED")
# The same page, last_index_alteration_info.status
REBUILD_IN_PROGRESS: Final = "IN_PROGRESS"
REBUILD_FAILED: Final = "FAILED"
# https://docs.cloud.google.com/bigquery/docs/vector-index#rebuild_a_vector_index
SIGNIFICANT_DRIFT: Final = 0.3  # of VECTOR_INDEX.STATISTICS, 0 to 1: "a rebuild might be beneficial"
# https://docs.cloud.google.com/bigquery/quotas#vector_index_limits
MAX_VECTOR_INDEX_STATEMENTS_PER_DAY: Final = 10  # CREATE and DROP together, per table
# Part of the error of ALTER VECTOR INDEX REBUILD in a project without such a reservation; seen live by
# statmike/vertex-ai-mlops, 2026-09-03.
NO_BACKGROUND_RESERVATION: Final = "there is no BACKGROUND reservation"

# How long a new grant may take to become effective ("up to a minute or two"; BigFrames waits 120 s).
# GoogleCloudPlatform/marketing-analytics-jumpstart issues #192 and #211.
GRANT_PROPAGATION_SECONDS: Final = 180
