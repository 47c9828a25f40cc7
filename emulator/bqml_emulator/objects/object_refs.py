"""ObjectRef values and the functions that make and read them: OBJ.MAKE_REF, OBJ.FETCH_METADATA,
OBJ.GET_ACCESS_URL and OBJ.GET_READ_URL.

Sources: BQ objectref_functions and BQ work-with-objectref (2026-08-22). A reference without an authorizer is
read by whoever runs the query, and here everybody may read everything. DuckDB hands over values as JSON.
"""

import datetime
import json
import urllib.parse
from collections.abc import Callable
from typing import Any

import duckdb
from duckdb.sqltypes import BOOLEAN, DOUBLE, VARCHAR
from local_bigquery.errors import BigQueryError
from local_bigquery.settings import settings
from local_bigquery.sql.rules import STATEMENT_RULES, typing
from sqlglot import exp

from bqml_emulator.core import limits
from bqml_emulator.engine import database_files
from bqml_emulator.objects import connections, gcs, listing

FIELDS = ("uri", "version", "authorizer", "details")
STRUCTURE = {"uri": "VARCHAR", "version": "VARCHAR", "authorizer": "VARCHAR", "details": "JSON"}
READ_URL = {"url": "VARCHAR", "status": "VARCHAR"}
BAD_AUTHORIZER = "OBJ.MAKE_REF: authorizer {!r} must be region.connection or project.region.connection"
READ_URL_SECONDS = 45 * 60.0
Ref = dict[str, Any]


class RefError(Exception):
    """Why an object cannot be reached by a reference, as BigQuery notes it in a value: code and message."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = code

    def noted(self, function: str) -> dict[str, Any]:
        """In the words of a value's field `errors`."""
        return {"errors": [{"code": self.code, "message": str(self), "source": f"OBJ.{function}"}]}


def make(
    value: str | None, has_authorizer: bool, authorizer: str | None, version: str | None, details: str | None
) -> str | None:
    """OBJ.MAKE_REF: an ObjectRef from a uri, its own JSON or another ObjectRef."""
    given = json.loads(value) if value is not None else None
    if given is None:
        return None
    ref = dict.fromkeys(FIELDS) | (
        {"uri": given} if isinstance(given, str) else {key: given[key] for key in FIELDS if key in given}
    )
    if not isinstance(ref["uri"], str):
        raise BigQueryError("invalidQuery", "OBJ.MAKE_REF: the ObjectRef must have a `uri`")
    gcs.split(ref["uri"])
    ref |= {"authorizer": authorizer} if has_authorizer else {}
    if ref["authorizer"] is not None and len(ref["authorizer"].split(".")) not in (2, 3):
        raise BigQueryError("invalidQuery", BAD_AUTHORIZER.format(ref["authorizer"]))
    if version is not None:
        ref["version"] = version
    if details is not None:
        ref["details"] = {"gcs_metadata": json.loads(details)}
    return json.dumps(ref)


def fetch(refs: str | None, project_id: str) -> str | None:
    """OBJ.FETCH_METADATA of an ObjectRef or of an array of them."""
    return _each(refs, lambda ref: _fetched(ref, project_id))


def access(refs: str | None, project_id: str, mode: str | None, seconds: float) -> str | None:
    """OBJ.GET_ACCESS_URL of an ObjectRef or of an array of them."""
    if mode is None or mode.lower() not in ("r", "rw"):
        raise BigQueryError("invalidQuery", f"OBJ.GET_ACCESS_URL: mode must be 'r' or 'rw', not {mode!r}")
    if mode.lower() == "rw":
        raise BigQueryError("invalidQuery", "not emulated: OBJ.GET_ACCESS_URL with mode 'rw'")
    low, high = limits.ACCESS_URL_SECONDS
    if not low <= seconds <= high:
        raise BigQueryError(
            "invalidQuery", "OBJ.GET_ACCESS_URL: duration must be between 30 minutes and 6 hours"
        )
    return _each(refs, lambda ref: _runtime(ref, project_id, seconds))


def read_url(ref: str | None, project_id: str) -> str | None:
    """OBJ.GET_READ_URL of an ObjectRef."""

    def read(given: Ref) -> dict[str, Any]:
        runtime = _runtime(given, project_id, READ_URL_SECONDS)
        if "errors" in runtime:
            return {"url": None, "status": runtime["errors"][0]["message"]}
        return {"url": runtime["access_urls"]["read_url"], "status": None}

    return _each(ref, read)


def _each(refs: str | None, function: Callable[[Ref], dict[str, Any]]) -> str | None:
    given = json.loads(refs) if refs is not None else None
    if isinstance(given, list):
        return json.dumps([None if ref is None else function(ref) for ref in given])
    return None if given is None else json.dumps(function(given))


def _fetched(ref: Ref, project_id: str) -> Ref:
    try:
        authorizer = authorize(ref.get("authorizer"), project_id)
        found = _object(ref["uri"], ref.get("version"))
    except RefError as error:
        return ref | {"details": error.noted("FETCH_METADATA")}
    details = json.loads(listing.details(found))
    return ref | {"version": str(found.generation), "authorizer": authorizer, "details": details}


def _runtime(ref: Ref, project_id: str, seconds: float) -> dict[str, Any]:
    """An ObjectRefRuntime. Its url is neither signed, nor does it expire."""
    try:
        authorizer = authorize(ref.get("authorizer"), project_id)
        if authorizer is None:
            raise RefError(400, limits.AUTHORIZER_MISSING)
        found = _object(ref["uri"], ref.get("version"))
    except RefError as error:
        given = {key: value for key, value in ref.items() if value is not None}
        return {"objectref": given, **error.noted("GET_ACCESS_URL")}
    query = urllib.parse.urlencode(
        {"alt": "media"} | ({"generation": ref["version"]} if ref.get("version") else {})
    )
    name = urllib.parse.quote(found.name, safe="")
    expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    urls = {
        "read_url": f"{settings.storage_emulator_host}/storage/v1/b/{found.bucket}/o/{name}?{query}",
        "expiry_time": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return {"objectref": _fetched(ref, project_id), "access_urls": urls}


def authorize(authorizer: str | None, project_id: str) -> str | None:
    """The full name of a reference's connection, which must exist and may read objects; RefError if not."""
    if authorizer is None:
        return None
    connection = connections.resolve(authorizer.split("."), project_id)
    may_read = connection.has_role(connection.project_id, limits.OBJECT_ROLES)
    if not connection.exists() or not may_read:
        raise RefError(400, limits.AUTHORIZER_DENIED.format(connection=connection.resource_name))
    return ".".join(connection.keys)


def _object(uri: str, version: str | None):
    try:
        generation = int(version) if version else None
        return gcs.find(uri, generation)
    except (gcs.ObjectError, BigQueryError, ValueError) as error:
        code = error.code if isinstance(error, gcs.ObjectError) else 400
        raise RefError(code, limits.OBJECT_MISSING.format(uri=uri, version=version or "any")) from error


def is_ref(kind: str) -> bool:
    """Whether a DuckDB type is that of an ObjectRef."""
    if not kind.startswith("STRUCT("):
        return False
    return tuple(name.casefold() for name, _ in duckdb.sqltype(kind).children) == FIELDS


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions when the database is opened; what they find may change at any time."""
    for function, name, arguments in (
        (make, "_bq_make_ref", [VARCHAR, BOOLEAN, VARCHAR, VARCHAR, VARCHAR]),
        (fetch, "_bq_fetch_ref", [VARCHAR, VARCHAR]),
        (access, "_bq_access_ref", [VARCHAR, VARCHAR, VARCHAR, DOUBLE]),
        (read_url, "_bq_read_url", [VARCHAR, VARCHAR]),
    ):
        con.create_function(
            name, function, arguments, VARCHAR, null_handling="special", side_effects=function is not make
        )


def call(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule, when types are known: DuckDB's functions in the place of OBJ's."""
    for node in reversed(list(tree.find_all(exp.Dot))):  # an inner call before the one around it
        function = node.expression
        if node.this.name.upper() == "OBJ" and isinstance(function, exp.Anonymous):
            node.replace(_replacement(function.name.upper(), function.expressions, context.project_id))
    return tree


def _replacement(name: str, arguments: list[exp.Expression], project_id: str) -> exp.Expression:
    named = {a.name.lower(): a.expression for a in arguments if isinstance(a, exp.Kwarg)}
    plain = [a for a in arguments if not isinstance(a, exp.Kwarg)]
    project = exp.Literal.string(project_id)
    if name == "MAKE_REF" and 1 <= len(plain) <= 2 and named.keys() <= {"authorizer", "version", "details"}:
        given = ([named["authorizer"]] if "authorizer" in named else []) + plain[1:]
        authorizer = given[0] if given else exp.null()
        rest = [_text(named.get(key, exp.null())) for key in ("version", "details")]
        made = _function("_bq_make_ref", _json(plain[0]), exp.convert(bool(given)), _text(authorizer), *rest)
        return _parsed(made, STRUCTURE, False)
    if named or not plain:
        pass
    elif name == "FETCH_METADATA" and len(plain) == 1:
        fetched = _function("_bq_fetch_ref", _json(plain[0]), project)
        return _parsed(fetched, STRUCTURE, _is_array(plain[0]))
    elif name == "GET_ACCESS_URL" and 2 <= len(plain) <= 3:
        seconds = (
            _function("epoch", plain[2].copy())
            if len(plain) == 3
            else exp.convert(limits.ACCESS_URL_SECONDS[1])
        )
        found = _function("_bq_access_ref", _json(plain[0]), project, plain[1].copy(), _double(seconds))
        return _parsed(found, "JSON", _is_array(plain[0]))
    elif name == "GET_READ_URL" and len(plain) == 1:
        return _parsed(_function("_bq_read_url", _json(plain[0]), project), READ_URL, False)
    raise BigQueryError("invalidQuery", f"not emulated: OBJ.{name} with these arguments")


def _function(name: str, *arguments: exp.Expression) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[*arguments])


def _text(value: exp.Expression) -> exp.Expression:
    return exp.cast(value.copy(), "VARCHAR")


def _double(value: exp.Expression) -> exp.Expression:
    return exp.cast(value, "DOUBLE", dialect="duckdb")


def _json(value: exp.Expression) -> exp.Expression:
    return _text(_function("to_json", value))


def _parsed(value: exp.Expression, structure: dict[str, str] | str, is_array: bool) -> exp.Expression:
    written = json.dumps([structure] if is_array else structure)
    parsed = _function("from_json", value, exp.Literal.string(written))
    parsed.meta["is_array"] = is_array
    return parsed


def _is_array(value: exp.Expression) -> bool:
    """Whether the argument is an array: its text says so, or the type that is known."""
    if isinstance(value, exp.Array | exp.ArrayAgg) or value.meta.get("is_array"):
        return True
    return bool(value.type and value.type.is_type(exp.DataType.Type.ARRAY))


def install():
    """Know OBJ's functions in every statement."""
    database_files.on_connect.append(register)
    STATEMENT_RULES.insert(STATEMENT_RULES.index(typing.annotate) + 1, call)
