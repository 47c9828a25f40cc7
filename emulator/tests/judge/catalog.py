"""Functions and operators of ZetaSQL's catalog that BigQuery has too, with all types of arguments chosen."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from zetasql.wasi._pb2.zetasql.proto import function_pb2
from zetasql.wasi._pb2.zetasql.public import function_pb2 as enums

from bqml_emulator.analyzer import missing
from judge import edges, values
from judge.reference import Reference

KIND = enums.FunctionEnums
NOT_BIGQUERYS = re.compile(
    "GRAPH|PROTO|MAP|MEASURE|FLOAT32|UUID|TOKENLIST|LAMBDA|UINT|INT32|GEOGRAPHY|RELATION|BitwiseAgg|EXTENDED"
)
SYNTAX = {"CAST", "SAFE_CAST", "EXTRACT", "ARRAY"}  # BigQuery's pages call them functions


@dataclass(frozen=True)
class Slot:
    """An argument."""

    type: str
    cardinality: int
    name: str
    named_only: bool

    @property
    def optional(self) -> bool:
        """Whether the call may leave it out."""
        return self.cardinality == KIND.OPTIONAL

    @property
    def repeated(self) -> bool:
        """Whether the call may repeat it."""
        return self.cardinality == KIND.REPEATED


@dataclass(frozen=True)
class Function:
    """A function or an operator (`$add`) under one of its names."""

    name: str
    page: str | None  # of BigQuery's reference
    proto: function_pb2.FunctionProto

    @property
    def scalar(self) -> bool:
        """Whether it has no rows to look at."""
        return self.proto.mode == KIND.SCALAR

    @property
    def analytic(self) -> bool:
        """Whether it needs an OVER clause; in BigQuery percentiles do."""
        return self.proto.mode == KIND.ANALYTIC or self.name.startswith("PERCENTILE")

    def signatures(self) -> Iterator[tuple[str, list[Slot]]]:
        """Result type (empty if it follows no argument) and arguments, for each choice of types."""
        for signature in self.proto.signature:
            yield from _instances(signature)


def functions(reference: Reference) -> list[Function]:
    """BigQuery's functions, and every operator."""
    pages = missing.of_bigquery()
    protos = sorted(reference.functions, key=lambda proto: proto.name_path[:])
    named = ((name, proto) for proto in protos for name in _names(proto))
    return [Function(name, pages.get(name), p) for name, p in named if name in pages or name.startswith("$")]


def unknown(reference: Reference) -> list[str]:
    """BigQuery's functions that ZetaSQL's catalog has not: nobody judges them."""
    return sorted(set(missing.of_bigquery()) - {function.name for function in functions(reference)} - SYNTAX)


def _names(proto: function_pb2.FunctionProto) -> list[str]:
    path, alias = ".".join(proto.name_path), proto.options.alias_name
    return [name if name.startswith("$") else name.upper() for name in (path, alias) if name]


def _instances(signature: function_pb2.FunctionSignatureProto) -> Iterator[tuple[str, list[Slot]]]:
    kinds = [_kind(argument) for argument in signature.argument]
    if any(NOT_BIGQUERYS.search(kind) for kind in kinds) or signature.options.is_deprecated:
        return
    result = _kind(signature.return_type)
    for chosen in edges.ANY if any("ANY" in kind or kind == "ARBITRARY" for kind in kinds) else ("",):
        slots = [
            _slot(_choose(kind, chosen), argument.options)
            for kind, argument in zip(kinds, signature.argument, strict=True)
        ]
        if all(slot.type for slot in slots):
            yield _choose(result, chosen), slots


def _slot(kind: str, options: function_pb2.FunctionArgumentTypeOptionsProto) -> Slot:
    named_only = options.named_argument_kind == KIND.NAMED_ONLY
    return Slot(kind, options.cardinality, options.argument_name, named_only)


def _kind(argument: function_pb2.FunctionArgumentTypeProto) -> str:
    if argument.HasField("type"):
        return values.name(argument.type)
    return enums.SignatureArgumentKind.Name(argument.kind).removeprefix("ARG_").removeprefix("TYPE_")


def _choose(kind: str, chosen: str) -> str:
    """The type if "any type" is the chosen one; empty if there is no such type."""
    if kind.startswith("ARRAY_TYPE_ANY"):
        return "" if chosen.startswith("ARRAY") else f"ARRAY<{chosen}>"
    if kind.startswith("RANGE_TYPE_ANY"):
        return f"RANGE<{chosen}>" if chosen in ("DATE", "DATETIME", "TIMESTAMP") else ""
    if kind.startswith("ANY_2"):
        return "INT64"
    return chosen if kind.startswith("ANY") or kind == "ARBITRARY" else kind
