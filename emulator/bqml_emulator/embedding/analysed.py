"""ML.GENERATE_EMBEDDING and AI.GENERATE_EMBEDDING as table functions for the analyzer.

Their columns depend on the options and on whether an object table is read, so each call is a function of its
own: its last letter becomes a number there.
"""

import contextlib
from collections.abc import Iterator

import duckdb
import sqlglot
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import BigQueryDialect
from sqlglot import exp
from zetasql.wasi._pb2.zetasql.proto.function_pb2 import TableValuedFunctionProto

from bqml_emulator.analyzer import functions, types
from bqml_emulator.analyzer.functions import Declared, Mask, as_string
from bqml_emulator.analyzer.names import Words, closing, path_at
from bqml_emulator.embedding import arguments, function, remote_models
from bqml_emulator.jobs import execution
from bqml_emulator.objects import object_refs

CALLS = {("ML", "GENERATE_EMBEDDING"), ("AI", "GENERATE_EMBEDDING")}


def calls(sql: str, words: Words, context) -> Iterator[Declared]:
    """Each call in a statement with the columns that it answers."""
    tokens, number = words.tokens, 0
    for at in range(len(tokens)):
        path, opening = path_at(tokens, at)
        if tuple(part.upper() for part in path) not in CALLS:
            continue
        end = closing(tokens, opening)
        written = sql[tokens[at].start : tokens[end].end + 1]
        node = sqlglot.parse_one(f"SELECT * FROM {written}", dialect=BigQueryDialect).find(
            exp.GenerateEmbedding
        )
        name = tokens[opening - 1]
        masks = [functions.numbered(name, number)]
        if tokens[opening + 1].text.upper() == "MODEL":
            _, behind = path_at(tokens, opening + 2)
            start, stop = tokens[opening + 1].start, tokens[behind - 1].end + 1
            masks.append(Mask(start, sql[start:stop], as_string(sql[start:stop])))
        is_ai, facts = path[0].upper() == "AI", remote_models.facts(remote_models.get(node.this, context)[1])
        options = arguments.options(node, facts, context)
        columns = function.own_columns(is_ai, facts, options, _is_image(node, context), "NULL", "''")
        yield Declared(functions.numbered_path(path, number), _forwarding(columns), tuple(masks))
        number += 1


def _forwarding(columns: str) -> TableValuedFunctionProto:
    """A table function (model, table[, options]) that answers these columns before those of its table.

    The model is read as a string: ZetaSQL has no such function with a model.
    """
    return functions.table_function(
        f"SELECT {columns}, * FROM input",
        model=functions.argument(types.simple("STRING")),
        input=functions.relation(),
        options=functions.left_out(functions.anything()),
    )


def _is_image(node: exp.GenerateEmbedding, context) -> bool:
    query, running = arguments.input_query(node), execution.current()
    if arguments.object_source(node, query, context) is not None:
        return True
    with contextlib.suppress(BigQueryError, duckdb.Error):  # of which the statement itself will tell
        kind = function.columns_of(running, query, context).get("content", "") if running else ""
        return object_refs.is_ref(kind) or kind == "JSON"
    return False


def install():
    """Tell the analyzer of them."""
    functions.table_functions.append(calls)
