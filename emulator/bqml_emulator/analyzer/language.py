"""The dialect: ZetaSQL with the statements and features of BigQuery; one service for the process."""

import functools
import threading

from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages
from zetasql.wasi._pb2.zetasql.proto import options_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as public
from zetasql.wasi._pb2.zetasql.resolved_ast.resolved_node_kind_pb2 import ResolvedNodeKind

from bqml_emulator.analyzer.wasm import Service

# Of BigQuery's documentation (DDL, operators, query syntax), beyond what ZetaSQL turns on
FEATURES = (
    public.FEATURE_ALTER_COLUMN_SET_DATA_TYPE,
    public.FEATURE_ALTER_MATERIALIZED_VIEW_ALTER_COLUMN_SET_OPTIONS,
    public.FEATURE_ALTER_VIEWS_ALTER_COLUMN_SET_OPTIONS,
    public.FEATURE_COLLATION_SUPPORT,
    public.FEATURE_CREATE_EXTERNAL_TABLE_WITH_PARTITION_COLUMNS,
    public.FEATURE_CREATE_INDEX_PARTITION_BY,
    public.FEATURE_CREATE_TABLE_CLONE,
    public.FEATURE_CREATE_VIEWS_WITH_COLUMN_OPTIONS,
    public.FEATURE_DIFFERENTIAL_PRIVACY,
    public.FEATURE_LIKE_ANY_SOME_ALL_SUBQUERY,
    public.FEATURE_VECTOR_SEARCH_TVF,
)
# Of ZetaSQL, but not of BigQuery: types that it has not, arrays and JSON compared, BYTES added up by bits
LACKING = (
    public.FEATURE_ARRAY_EQUALITY,
    public.FEATURE_ARRAY_GREATEST_LEAST,
    public.FEATURE_ARRAY_ORDERING,
    public.FEATURE_BITWISE_AGGREGATE_BYTES_SIGNATURES,
    public.FEATURE_JSON_TYPE_COMPARISON,
    public.FEATURE_TIMESTAMP_NANOS,
    public.FEATURE_TIMESTAMP_PICOS,
    public.FEATURE_TIMESTAMP_PRECISION,
    public.FEATURE_UUID_TYPE,
)
_lock = threading.Lock()
_service: list[Service] = []
_on = threading.Event()
_on.set()


def is_on() -> bool:
    """Whether statements are analysed."""
    return _on.is_set()


def turn_off():
    """Analyse nothing in this process."""
    _on.clear()


def warm_up():
    """Start it in the background, so that the first statement does not wait for it."""
    if is_on():
        threading.Thread(target=options, name="analyzer", daemon=True).start()


def service() -> Service:
    """The process's analyzer; its start takes a quarter of a second, or 12 s where it must be compiled."""
    with _lock:
        if not _service:
            _service.append(Service())
        return _service[0]


def forget_service():
    """Begin anew: after a trap the instance cannot be used any more."""
    with _lock:
        _service.clear()
    options.cache_clear()


@functools.cache
def options() -> options_pb2.LanguageOptionsProto:
    """ZetaSQL with all features that are not experiments, with FEATURES and every kind of statement."""
    language = service().call(
        "GetLanguageOptions",
        messages.LanguageOptionsRequest(maximum_features=True),
        options_pb2.LanguageOptionsProto,
    )
    language.product_mode = public.PRODUCT_EXTERNAL
    features = {*language.enabled_language_features, *FEATURES}.difference(LACKING)
    language.enabled_language_features[:] = sorted(features)
    kinds = [number for name, number in ResolvedNodeKind.items() if name.endswith("_STMT")]
    language.supported_statement_kinds.extend(kinds)
    return language
