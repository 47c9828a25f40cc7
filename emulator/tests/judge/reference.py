"""ZetaSQL's reference implementation: what a query without tables and parameters answers.

An evaluation cannot be interrupted: whoever asks keeps repetitions and generated arrays small.
"""

import functools
import re
import threading
from dataclasses import dataclass
from typing import Any

from wasmtime import Trap
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service_pb2
from zetasql.wasi._pb2.zetasql.proto import function_pb2, options_pb2, simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as public_pb2

from bqml_emulator.analyzer.language import LACKING
from bqml_emulator.analyzer.wasm import Refusal, Service
from judge import values

UNIMPLEMENTED = 12  # of absl::StatusCode: the reference implementation lacks it too, so it is no judge

# It leaves %k, and %F when it reads, to the C library, and that of WebAssembly has neither: %k is shown as
# nothing, and nothing fits. BigQuery has both: its reference says so, format-elements (2026-11-27).
NO_LIBRARY = re.compile(r"(?:FORMAT|PARSE)_\w+\('[^']*%k|PARSE_\w+\('[^']*%F")
# ICU is built without its tables; PERCENTILE_DISC takes fewer types there than its page names
LACKS = ("U_FILE_ACCESS_ERROR", "Unsupported argument type for percentile_disc")


@dataclass(frozen=True)
class Answer:
    """The type and the value of an expression, or the error instead of them."""

    type: str = ""
    value: Any = None
    error: str | None = None
    unjudged: bool = False

    def __str__(self) -> str:
        return f"error: {self.error}" if self.error is not None else f"{self.type} {self.value!r}"


def query(expressions: str, source: str) -> str:
    """Asks for them of one row: that of the source, or of none."""
    return f"SELECT {expressions} FROM {source}" if source else f"SELECT {expressions}"


class Reference:
    """One instance of the reference implementation, with BigQuery's time zone."""

    def __init__(self):
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._service = Service()
        asked = service_pb2.LanguageOptionsRequest(maximum_features=True)
        language = self._service.call("GetLanguageOptions", asked, options_pb2.LanguageOptionsProto)
        language.product_mode = public_pb2.PRODUCT_EXTERNAL
        features = set(language.enabled_language_features).difference(LACKING)
        language.enabled_language_features[:] = sorted(features)
        self._builtin = options_pb2.ZetaSQLBuiltinFunctionOptionsProto(language_options=language)
        self._options = options_pb2.AnalyzerOptionsProto(language_options=language, default_timezone="UTC")
        catalog = simple_catalog_pb2.SimpleCatalogProto(name="judge", builtin_function_options=self._builtin)
        request = service_pb2.RegisterCatalogRequest(simple_catalog=catalog)
        self._catalog = self._service.call(
            "RegisterCatalog", request, service_pb2.RegisterResponse
        ).registered_id

    @functools.cached_property
    def functions(self) -> list[function_pb2.FunctionProto]:
        """The catalog's functions and operators with all their signatures."""
        found = self._service.call(
            "GetBuiltinFunctions", self._builtin, service_pb2.GetBuiltinFunctionsResponse
        )
        return list(found.function)

    def evaluate(self, expression: str, source: str = "") -> Answer:
        """The answer to `SELECT expression FROM source`, or without FROM."""
        if NO_LIBRARY.search(expression):
            return Answer(error="an element that the C library lacks", unjudged=True)
        with self._lock:
            try:
                return self._evaluate(query(expression, source))
            except Refusal as refusal:
                unjudged = refusal.code == UNIMPLEMENTED or any(lack in refusal.message for lack in LACKS)
                return Answer(error=refusal.message, unjudged=unjudged)
            except Trap:  # it holds its locks for ever then
                self._start()
                return Answer(error="crash", unjudged=True)

    def _evaluate(self, sql: str) -> Answer:
        request = service_pb2.EvaluateQueryRequest(
            sql=sql, options=self._options, registered_catalog_id=self._catalog
        )
        found = self._service.call("EvaluateQuery", request, service_pb2.EvaluateQueryResponse)
        kind = found.prepared.columns[0].type
        return Answer(values.name(kind), values.of_reference(found.content.table_data.row[0].cell[0], kind))
