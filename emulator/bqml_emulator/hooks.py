"""Every change made to local-bigquery, installed in one place and in one order.

local-bigquery has no plug-in interface; its internals are patched, its version is pinned exactly and
tests/test_contract.py fails when a name or signature used here changes.
"""

import logging

from local_bigquery import app
from local_bigquery.settings import settings

from bqml_emulator.api import admin, api_errors, api_faults
from bqml_emulator.billing import query_bytes
from bqml_emulator.core import expressions, ledger
from bqml_emulator.core.config import Config
from bqml_emulator.embedding import function, remote_models, service
from bqml_emulator.engine import (
    catalog_lookups,
    database_files,
    error_mapping,
    full_disk,
    metadata_writes,
    table_versions,
)
from bqml_emulator.jobs import child_jobs, commits, dml, execution, job_views, jobs, temporary_tables
from bqml_emulator.objects import connections, file_loads, gcs, metadata_cache, object_listing, object_tables
from bqml_emulator.sql import (
    anonymous_dataset,
    bignumeric,
    commands,
    created_tables,
    formats,
    json_text,
    missing_features,
    qualified_names,
    refusals,
    schemaless_tables,
    scripts,
    stored_arrays,
    struct_fields,
    table_schemas,
    variable_names,
    view_queries,
)
from bqml_emulator.vector import distances, index, search


def _configure(config: Config):
    settings.data_dir = config.database_dir
    settings.default_project_id = config.project
    settings.storage_emulator_host = config.storage_url
    settings.gcs_local_root = None
    gcs.install(config.objects_dir)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of every statement it leaves to us
    ledger.open_at(config.ledger_path)
    modules = (distances, formats, json_text, bignumeric, connections, object_listing, job_views)
    database_files.on_connect += [module.register for module in modules]
    database_files.on_attach.append(commits.register)


def install(config: Config):
    """Extend local-bigquery for this process; call once, before the first request."""
    _configure(config)
    database_files.install()
    catalog_lookups.install()
    metadata_writes.install()
    full_disk.install()
    jobs.install()
    child_jobs.install()
    job_views.install()
    query_bytes.install()
    file_loads.install()
    commands.install()
    object_tables.install()
    metadata_cache.install()
    remote_models.install()
    error_mapping.install()
    missing_features.install()
    commits.install()
    dml.install()  # inside of what execution does
    execution.install()
    created_tables.install()
    distances.install()
    anonymous_dataset.install()
    schemaless_tables.install()
    table_schemas.install()
    table_versions.install()  # after all that writes tables
    qualified_names.install()
    view_queries.install()
    stored_arrays.install()  # after it: what is declared has its type there
    struct_fields.install()
    app.include_router(admin.router)
    api_faults.install()
    api_errors.install()
    search.install()
    index.install()
    function.install()  # late, so that its rule runs before the others'
    scripts.install()
    variable_names.install()
    temporary_tables.install()
    formats.install()
    json_text.install()
    bignumeric.install()
    refusals.install()
    expressions.install()  # before all of them
    service.warm_up()
