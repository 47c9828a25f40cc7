"""Every change made to local-bigquery, installed package by package.

local-bigquery has no plug-in interface; its internals are patched, its version is pinned exactly and
tests/test_contract.py fails when a name or signature used here changes.
"""

import logging
import pkgutil
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType

from local_bigquery.settings import settings
from local_bigquery.sql.rules import STATEMENT_RULES
from local_bigquery.sql.translate import Context
from sqlglot import exp

from bqml_emulator.analyzer import language
from bqml_emulator.core import ledger
from bqml_emulator.core.config import Config
from bqml_emulator.core.order import Order
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.embedding import service
from bqml_emulator.engine import catalog_lookups
from bqml_emulator.jobs import execution
from bqml_emulator.objects import gcs

# From bottom to top: what a higher one changes lies around what a lower one has changed.
PACKAGES = ("core", "engine", "billing", "jobs", "analyzer", "objects", "vector", "sql", "embedding", "api")


def _configure(config: Config):
    settings.data_dir = config.database_dir
    settings.default_project_id = config.project
    settings.storage_emulator_host = config.storage_url
    settings.gcs_local_root = None
    gcs.open_at(config.objects_dir)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of every statement it leaves to us
    ledger.open_at(config.ledger_path)
    if not config.analyzer:
        language.turn_off()


def changes(package: str) -> Iterator[ModuleType]:
    """The modules of a package that change something of local-bigquery: those with an `install`."""
    name = f"bqml_emulator.{package}"
    for found in pkgutil.iter_modules(import_module(name).__path__):
        if found.name != "__main__":
            module = import_module(f"{name}.{found.name}")
            if hasattr(module, "install"):
                yield module


def in_order(modules: Iterable[ModuleType]) -> tuple[ModuleType, ...]:
    """Modules of one package as their BEFORE and AFTER demand: modules between which the order matters."""
    order: Order[ModuleType] = Order("changes of local-bigquery")
    for module in modules:
        order.add(module, before=getattr(module, "BEFORE", ()), after=getattr(module, "AFTER", ()))
    return order.steps()


def install(config: Config):
    """Extend local-bigquery for this process; call once, before the first request.

    ValueError names modules or rules whose demands of an order cannot be met.
    """
    _configure(config)
    for package in PACKAGES:
        for module in in_order(changes(package)):
            module.install()
    for order in (statement_rules, execution.before_statement):
        order.steps()  # a wrong one is found now, not by the first statement
    rules = tuple(STATEMENT_RULES)

    @catalog_lookups.asking_once
    def every_rule(tree: exp.Expression, context: Context) -> exp.Expression:
        for rule in rules:
            tree = rule(tree, context)
        return tree

    STATEMENT_RULES[:] = [every_rule]


def warm_up():
    """Load what the first statements need, in the background: nobody who waits for the start waits for it."""
    language.warm_up()
    service.warm_up()
