"""Functions that ZetaSQL does not bring along: BigQuery's own, and those that people made."""

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlglot.tokens import Token
from zetasql.wasi._pb2.zetasql.proto.function_pb2 import (
    FunctionArgumentTypeProto,
    FunctionProto,
    TableValuedFunctionProto,
)
from zetasql.wasi._pb2.zetasql.public import function_pb2 as enums
from zetasql.wasi._pb2.zetasql.public.function_pb2 import FunctionEnums
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_ast_pb2 as resolved

from bqml_emulator.analyzer import types
from bqml_emulator.analyzer.names import Path, Words

FLOATS = types.array(types.simple("FLOAT64"))
GROUP = "ZetaSQL"  # of functions that messages call by their plain name
TEMPLATE_GROUP = "Templated_SQL_Function"  # by which ZetaSQL knows a function whose types come from its body


@dataclass(frozen=True)
class Mask:
    """A piece of a statement for which the analyzer reads another one of the same length."""

    start: int
    written: str
    read: str


@dataclass(frozen=True)
class Declared:
    """A table function as one call of it is to be analysed: its name there, and what is read differently."""

    path: Path
    function: TableValuedFunctionProto
    masks: tuple[Mask, ...] = ()


# Asked for every statement: (sql, words, context) -> the table functions in it that are not ZetaSQL's
table_functions: list[Callable[[str, Words, object], Iterable[Declared]]] = []


def argument(kind: TypeProto, optional: bool = False) -> FunctionArgumentTypeProto:
    """An argument or a result of a fixed type."""
    proto = FunctionArgumentTypeProto(kind=enums.ARG_TYPE_FIXED, type=kind, num_occurrences=-1)
    proto.options.SetInParent()
    if optional:
        proto.options.cardinality = FunctionEnums.OPTIONAL
    return proto


def scalar(*signatures: tuple[list[FunctionArgumentTypeProto], TypeProto]) -> FunctionProto:
    """A scalar function of fixed types, from its arguments and result."""
    function = FunctionProto(group=GROUP, mode=FunctionEnums.SCALAR)
    for arguments, result in signatures:
        function.signature.add(argument=arguments, return_type=argument(result))
    return function


@functools.cache
def own() -> dict[Path, FunctionProto]:
    """BigQuery's functions that ZetaSQL has not, of those that are emulated."""
    number, text = types.simple("FLOAT64"), types.simple("STRING")
    first, second = (
        FunctionArgumentTypeProto(kind=kind, num_occurrences=-1)
        for kind in (enums.ARG_TYPE_ANY_1, enums.ARG_TYPE_ANY_2)
    )
    by = FunctionProto(group=GROUP, mode=FunctionEnums.AGGREGATE)
    by.signature.add(argument=[first, second], return_type=first)
    return {
        ("MAX_BY",): by,
        ("MIN_BY",): by,
        **object_refs(),
        ("ML", "DISTANCE"): scalar(
            ([argument(FLOATS), argument(FLOATS), argument(text, optional=True)], number)
        ),
        ("ML", "LP_NORM"): scalar(([argument(FLOATS), argument(number)], number)),
    }


def object_refs() -> dict[Path, FunctionProto]:
    """The functions of ObjectRef values."""
    text, document, minutes = (types.simple(name) for name in ("STRING", "JSON", "INTERVAL"))
    ref = types.struct([("uri", text), ("version", text), ("authorizer", text), ("details", document)])
    read = types.struct([("url", text), ("status", text)])
    pairs = ((ref, document), (types.array(ref), types.array(document)))

    changed = [argument(ref), named("authorizer", argument(text))]
    uri = [argument(text), named("authorizer", argument(text, True))]
    uri += [named("version", argument(text, True)), named("details", argument(document, True))]
    urls = [([argument(one), argument(text), argument(minutes, True)], answer) for one, answer in pairs]
    return {
        ("OBJ", "MAKE_REF"): scalar((uri, ref), ([argument(document)], ref), (changed, ref)),
        ("OBJ", "FETCH_METADATA"): scalar(*(([argument(one)], one) for one, _ in pairs)),
        ("OBJ", "GET_ACCESS_URL"): scalar(*urls),
        ("OBJ", "GET_READ_URL"): scalar(([argument(ref)], read)),
    }


def made(statement: resolved.ResolvedCreateFunctionStmtProto) -> FunctionProto:
    """The function that a CREATE FUNCTION makes."""
    mode = FunctionEnums.AGGREGATE if statement.is_aggregate else FunctionEnums.SCALAR
    function = FunctionProto(group=GROUP, mode=mode, signature=[statement.signature])
    if any(one.kind == enums.ARG_TYPE_ARBITRARY for one in statement.signature.argument):
        function.group = TEMPLATE_GROUP
        function.parse_resume_location.input = statement.code
        function.templated_sql_function_argument_name.extend(statement.argument_name_list)
    return function


def made_table_function(statement: resolved.ResolvedCreateTableFunctionStmtProto) -> TableValuedFunctionProto:
    """The table function that a CREATE TABLE FUNCTION makes."""
    return TableValuedFunctionProto(type=FunctionEnums.FIXED_OUTPUT_SCHEMA_TVF, signature=statement.signature)


def relation() -> FunctionArgumentTypeProto:
    """A table as an argument or a result."""
    proto = FunctionArgumentTypeProto(kind=enums.ARG_TYPE_RELATION, num_occurrences=-1)
    proto.options.SetInParent()
    return proto


def anything() -> FunctionArgumentTypeProto:
    """An argument of any type."""
    proto = FunctionArgumentTypeProto(kind=enums.ARG_TYPE_ARBITRARY, num_occurrences=-1)
    proto.options.SetInParent()
    return proto


def left_out(kind: FunctionArgumentTypeProto) -> FunctionArgumentTypeProto:
    """The same argument where it may be left out; a function with a body wants a default for it."""
    kind.options.cardinality = FunctionEnums.OPTIONAL
    kind.options.default_value.int64_value = 0
    kind.options.default_value_type.CopyFrom(types.simple("INT64"))
    return kind


def named(name: str, kind: FunctionArgumentTypeProto) -> FunctionArgumentTypeProto:
    """The same argument where it may be given by its name."""
    kind.options.argument_name = name
    kind.options.named_argument_kind = FunctionEnums.POSITIONAL_OR_NAMED
    return kind


def table_function(body: str, **arguments: FunctionArgumentTypeProto) -> TableValuedFunctionProto:
    """A table function whose columns are those of a query over its arguments."""
    function = TableValuedFunctionProto(type=FunctionEnums.TEMPLATED_SQL_TVF, argument_name=arguments)
    function.parse_resume_location.input = body
    function.signature.argument.extend(arguments.values())
    function.signature.return_type.CopyFrom(relation())
    return function


def fixed_table_function(
    columns: list[tuple[str, TypeProto]], *arguments: FunctionArgumentTypeProto
) -> TableValuedFunctionProto:
    """A table function with columns of its own."""
    function = TableValuedFunctionProto(type=FunctionEnums.FIXED_OUTPUT_SCHEMA_TVF)
    function.signature.argument.extend(arguments)
    function.signature.return_type.CopyFrom(relation())
    for name, kind in columns:
        function.signature.return_type.options.relation_input_schema.column.add(name=name, type=kind)
    return function


def numbered(name: Token, number: int) -> Mask:
    """A call as a function of its own: the last letter of its name becomes a number."""
    return Mask(name.start, name.text, f"{name.text[:-1]}{number}")


def numbered_path(path: Path, number: int) -> Path:
    """The path of a function whose name is numbered."""
    return (*path[:-1], f"{path[-1][:-1]}{number}")


def as_string(written: str) -> str:
    """A string literal of the same length, for what the analyzer is not to look at."""
    return f"'{re.sub(r'.', 'x', written[2:])}'"
