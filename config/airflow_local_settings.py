"""Make gcloud-aio-bigquery accept a BIGQUERY_EMULATOR_HOST with a scheme.

Every Airflow process imports this file at its start. google-cloud-bigquery uses the variable as it stands, so
it wants `http://host:port`; gcloud-aio-bigquery, behind some deferrable triggers, builds
`http://{value}/bigquery/v2` and wants `host:port`. The variable holds the first form; the second library is
mended when, and only when, something imports it: nothing is imported here.
"""

import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

AIO_MODULE = "gcloud.aio.bigquery.bigquery"
EMULATOR_HOST = os.environ.get("BIGQUERY_EMULATOR_HOST", "")


def use_emulator_url(module: ModuleType) -> None:
    """Replace the module's `init_api_root` by one whose default is the emulator's full URL."""
    original = module.init_api_root

    def init_api_root(api_root: str | None, api_is_dev: bool | None = None) -> tuple[bool, str]:
        return original(api_root or f"{EMULATOR_HOST.rstrip('/')}/bigquery/v2", api_is_dev)

    module.init_api_root = init_api_root


class AioBigQueryFinder(MetaPathFinder):
    """Find the one module and patch it right after it has run; used once, then out of the way."""

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        """Answer only for `AIO_MODULE`, with its own spec and a loader that patches afterwards."""
        if fullname != AIO_MODULE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path)
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            use_emulator_url(module)

        spec.loader.exec_module = exec_module
        return spec


if "://" in EMULATOR_HOST and AIO_MODULE not in sys.modules:
    sys.meta_path.insert(0, AioBigQueryFinder())
