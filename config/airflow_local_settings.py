"""Make gcloud-aio-bigquery accept a BIGQUERY_EMULATOR_HOST with a scheme.

Every Airflow process imports this file when it starts. google-cloud-bigquery takes the variable verbatim, as
`http://host:port`; gcloud-aio-bigquery, which some deferrable triggers use, builds `http://{value}/bigquery/v2`
and so expects `host:port`. The variable holds the first form, and this file patches the second library if and
when something imports it, without importing it here.
"""

import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

AIO_MODULE = "gcloud.aio.bigquery.bigquery"
EMULATOR_HOST = os.environ.get("BIGQUERY_EMULATOR_HOST", "")


def use_emulator_url(module: ModuleType) -> None:
    """Replace the module's `init_api_root` with one that defaults to the emulator's full URL."""
    original = module.init_api_root

    # Which arguments follow the root differs between the versions that Airflow's constraints have had.
    def init_api_root(api_root: str | None, *others: bool | None) -> tuple[bool, str]:
        return original(api_root or f"{EMULATOR_HOST.rstrip('/')}/bigquery/v2", *others)

    module.init_api_root = init_api_root


class AioBigQueryFinder(MetaPathFinder):
    """Patches the module as soon as it is loaded. Works once, then removes itself."""

    def find_spec(self, fullname: str, path=None, target=None) -> ModuleSpec | None:
        """The spec of `AIO_MODULE`, with a loader that patches it; None for any other module."""
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
