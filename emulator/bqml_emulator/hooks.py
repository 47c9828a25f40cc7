"""Every change made to local-bigquery, installed in one place and in one order.

local-bigquery has no plug-in interface; its internals are patched, its version is pinned exactly and
tests/test_contract.py fails when a name or signature used here changes.
"""

from local_bigquery.settings import settings

from bqml_emulator import database_files, vector_index, vector_search
from bqml_emulator.config import Config


def install(config: Config):
    """Extend local-bigquery for this process; call once, before the first request."""
    settings.data_dir = config.database_dir
    settings.default_project_id = config.project
    settings.storage_emulator_host = config.storage_url
    settings.gcs_local_root = None
    database_files.install()
    vector_search.install()
    vector_index.install()
