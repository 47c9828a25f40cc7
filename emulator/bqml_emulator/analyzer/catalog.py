"""The catalog that a statement is analysed against: what it names, of what is there."""

import collections
import threading

import duckdb
from google.protobuf.empty_pb2 import Empty
from local_bigquery.catalog import tables as stored_tables
from local_bigquery.engine import types as engine_types
from local_bigquery.engine.database import quote
from local_bigquery.sql.translate import Context, parse, translate
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages
from zetasql.wasi._pb2.zetasql.proto.function_pb2 import FunctionProto, TableValuedFunctionProto
from zetasql.wasi._pb2.zetasql.proto.simple_catalog_pb2 import SimpleCatalogProto
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

from bqml_emulator.analyzer import language, missing, types
from bqml_emulator.analyzer.names import Path

Columns = list[tuple[str, TypeProto]]
KEPT = 64  # registered catalogs; 0.6 MB each
PARTITION_COLUMNS = {"_PARTITIONTIME": "TIMESTAMP", "_PARTITIONDATE": "DATE"}
_registered: collections.OrderedDict[bytes, int] = collections.OrderedDict()
_lock = threading.Lock()
_views: dict[str, tuple[Columns, Columns]] = {}


class Catalog:
    """A catalog in the making; every name is put where the statement looks for it."""

    def __init__(self):
        self.proto = SimpleCatalogProto(name="bigquery")
        builtin = self.proto.builtin_function_options
        builtin.language_options.CopyFrom(language.options())
        builtin.exclude_function_ids.extend(missing.not_of_bigquery())
        self._inner: dict[Path, SimpleCatalogProto] = {(): self.proto}

    def at(self, path: Path) -> SimpleCatalogProto:
        """The catalog behind a path; names are found in any case."""
        key = tuple(part.casefold() for part in path)
        if key not in self._inner:
            self._inner[key] = self.at(path[:-1]).catalog.add(name=path[-1])
        return self._inner[key]

    def add_table(self, path: Path, columns: Columns, pseudo: Columns):
        """A table, view or anything else that FROM takes, with columns that * shows and others."""
        table = self.at(path[:-1]).table.add(name=path[-1])
        for name, kind in columns:
            table.column.add(name=name, type=kind)
        for name, kind in pseudo:
            table.column.add(name=name, type=kind, is_pseudo_column=True)

    def add_connection(self, path: Path):
        """A connection; whether it exists is asked where it is used."""
        self.at(path[:-1]).connection.add(name=path[-1])

    def add_constant(self, name: str, kind: TypeProto):
        """A variable of a script: a column of the same name hides it."""
        self.proto.constant.add(name_path=[name], type=kind)

    def add_function(self, path: Path, function: FunctionProto):
        """A function under the path by which it is called."""
        added = self.at(path[:-1]).custom_function.add()
        added.CopyFrom(function)
        added.name_path[:] = path

    def add_table_function(self, path: Path, function: TableValuedFunctionProto):
        """A table function under the path by which it is called."""
        added = self.at(path[:-1]).custom_tvf.add()
        added.CopyFrom(function)
        added.name_path[:] = path

    def key(self) -> bytes:
        """Equal for equal catalogs."""
        return self.proto.SerializeToString(deterministic=True)

    def analyze(self, request: messages.AnalyzeRequest) -> messages.AnalyzeResponse:
        """Analyse against this catalog; equal ones are registered once, and none is dropped meanwhile."""
        with _lock:
            request.registered_catalog_id = self._registered_id()
            return language.service().call("Analyze", request, messages.AnalyzeResponse)

    def _registered_id(self) -> int:
        key, service = self.key(), language.service()
        if key in _registered:
            _registered.move_to_end(key)
            return _registered[key]
        request = messages.RegisterCatalogRequest(simple_catalog=self.proto)
        _registered[key] = service.call("RegisterCatalog", request, messages.RegisterResponse).registered_id
        if len(_registered) > KEPT:
            _, oldest = _registered.popitem(last=False)
            service.call("UnregisterCatalog", messages.UnregisterRequest(registered_id=oldest), Empty)
        return _registered[key]


def forget():
    """Nothing is registered: the service is a new one."""
    with _lock:
        _registered.clear()


def columns(
    path: Path, context: Context, cursor: duckdb.DuckDBPyConnection
) -> tuple[Columns, Columns] | None:
    """The columns under a path in a statement: those that * shows, and others; None if nothing is there."""
    parts = ".".join(path).split(".")
    if "INFORMATION_SCHEMA" in (part.upper() for part in parts[:-1]):
        return _view_columns(parts, context, cursor)
    *above, name = parts
    if name.endswith("*"):
        return _wildcard_columns(parts, context, cursor)
    if (not above and name.casefold() in context.temporary) or [a.casefold() for a in above] == ["_session"]:
        return _described(quote("temp", "main", name), cursor)
    dataset = above[-1] if above else context.dataset_id
    if dataset is None:
        return None
    project = above[0] if len(above) > 1 else context.project_id
    return _described(quote(*stored_tables.physical(project, dataset, name)), cursor)


def _described(table: str, cursor: duckdb.DuckDBPyConnection) -> tuple[Columns, Columns] | None:
    try:
        relation = cursor.sql(f"SELECT * FROM {table} LIMIT 0")
    except (duckdb.CatalogException, duckdb.BinderException, duckdb.PermissionException):
        return None
    return _typed(relation)


def _typed(relation: duckdb.DuckDBPyRelation) -> tuple[Columns, Columns]:
    shown = [
        (name, types.of_field(engine_types.field(name, kind)))
        for name, kind in zip(relation.columns, relation.types, strict=True)
        if name != stored_tables.INGESTION_TIME
    ]
    hidden = PARTITION_COLUMNS if len(shown) < len(relation.columns) else {}
    return shown, [(name, types.simple(kind)) for name, kind in hidden.items()]


def _view_columns(
    parts: list[str], context: Context, cursor: duckdb.DuckDBPyConnection
) -> tuple[Columns, Columns]:
    """Columns of an INFORMATION_SCHEMA view, which are the same in every dataset."""
    name = parts[-1].upper()
    if name not in _views:
        _views[name] = _translated(parts, context, cursor)
    return _views[name]


def _wildcard_columns(
    parts: list[str], context: Context, cursor: duckdb.DuckDBPyConnection
) -> tuple[Columns, Columns]:
    """Columns of the tables that a wildcard stands for."""
    shown, hidden = _translated(parts, context, cursor)
    return shown, [*hidden, ("_TABLE_SUFFIX", types.simple("STRING"))]


def _translated(
    parts: list[str], context: Context, cursor: duckdb.DuckDBPyConnection
) -> tuple[Columns, Columns]:
    """Columns of what is no table of DuckDB's under this name, but made by local-bigquery's rules."""
    select = parse(f"SELECT * FROM `{'.'.join(parts)}`")[0]
    sql, bound = translate(select, Context(context.project_id, context.dataset_id))
    return _typed(cursor.sql(f"SELECT * FROM ({sql}) LIMIT 0", params=bound))
