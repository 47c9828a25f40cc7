"""Types in BigQuery's schemas and in the analyzer's messages."""

from local_bigquery.models import QueryParameterType, TableFieldSchema
from zetasql.wasi._pb2.zetasql.public import type_pb2
from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeProto

KINDS = {  # of a schema (BQ/rest/v2/tables#TableFieldSchema) and of a query parameter
    "STRING": type_pb2.TYPE_STRING,
    "BYTES": type_pb2.TYPE_BYTES,
    "INTEGER": type_pb2.TYPE_INT64,
    "INT64": type_pb2.TYPE_INT64,
    "FLOAT": type_pb2.TYPE_DOUBLE,
    "FLOAT64": type_pb2.TYPE_DOUBLE,
    "NUMERIC": type_pb2.TYPE_NUMERIC,
    "BIGNUMERIC": type_pb2.TYPE_BIGNUMERIC,
    "BIGDECIMAL": type_pb2.TYPE_BIGNUMERIC,
    "BOOLEAN": type_pb2.TYPE_BOOL,
    "BOOL": type_pb2.TYPE_BOOL,
    "TIMESTAMP": type_pb2.TYPE_TIMESTAMP,
    "DATE": type_pb2.TYPE_DATE,
    "TIME": type_pb2.TYPE_TIME,
    "DATETIME": type_pb2.TYPE_DATETIME,
    "GEOGRAPHY": type_pb2.TYPE_GEOGRAPHY,
    "JSON": type_pb2.TYPE_JSON,
    "INTERVAL": type_pb2.TYPE_INTERVAL,
}
NAMES = {kind: name for name, kind in reversed(KINDS.items())}  # the schema's names, which come first


def simple(name: str) -> TypeProto:
    """A type without parts, by its name in BigQuery."""
    return TypeProto(type_kind=KINDS[name])


def array(element: TypeProto) -> TypeProto:
    """ARRAY<element>."""
    proto = TypeProto(type_kind=type_pb2.TYPE_ARRAY)
    proto.array_type.element_type.CopyFrom(element)
    return proto


def struct(fields: list[tuple[str, TypeProto]]) -> TypeProto:
    """STRUCT<name type, …>."""
    proto = TypeProto(type_kind=type_pb2.TYPE_STRUCT)
    proto.struct_type.SetInParent()
    for name, kind in fields:
        proto.struct_type.field.add(field_name=name, field_type=kind)
    return proto


def _range(element: TypeProto) -> TypeProto:
    proto = TypeProto(type_kind=type_pb2.TYPE_RANGE)
    proto.range_type.element_type.CopyFrom(element)
    return proto


def of_field(field: TableFieldSchema) -> TypeProto:
    """The type of a column."""
    name = (field.type or "STRING").upper()
    if name in ("RECORD", "STRUCT"):
        kind = struct([(child.name, of_field(child)) for child in field.fields or []])
    elif name == "RANGE":
        kind = _range(simple(field.rangeElementType.type.upper()))
    else:
        kind = simple(name)
    return array(kind) if field.mode == "REPEATED" else kind


def of_parameter(parameter: QueryParameterType) -> TypeProto:
    """The type of a query parameter."""
    match parameter.type:
        case "ARRAY":
            return array(of_parameter(parameter.arrayType))
        case "STRUCT":
            return struct([(f.name or "", of_parameter(f.type)) for f in parameter.structTypes or []])
        case "RANGE":
            return _range(of_parameter(parameter.rangeElementType))
    return simple(parameter.type)


def field(name: str, kind: TypeProto) -> TableFieldSchema:
    """A column of this name and type; KeyError for a type that BigQuery's results have not."""
    if kind.type_kind == type_pb2.TYPE_ARRAY:
        return field(name, kind.array_type.element_type).replace(mode="REPEATED")
    found = TableFieldSchema(name=name, mode="NULLABLE")
    if kind.type_kind == type_pb2.TYPE_STRUCT:
        children = [
            field(child.field_name or f"_field_{position}", child.field_type)
            for position, child in enumerate(kind.struct_type.field, 1)
        ]
        return found.replace(type="RECORD", fields=children)
    if kind.type_kind == type_pb2.TYPE_RANGE:
        element = NAMES[kind.range_type.element_type.type_kind]
        return found.replace(type="RANGE", rangeElementType={"type": element})
    return found.replace(type=NAMES[kind.type_kind])
