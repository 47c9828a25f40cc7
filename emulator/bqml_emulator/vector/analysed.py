"""VECTOR_SEARCH and VECTOR_INDEX.STATISTICS as table functions for the analyzer.

ZetaSQL has VECTOR_SEARCH over two tables. That of a table and one value answers the rows of the table as they
are analysed, so each such call is a function of its own.
"""

from collections.abc import Iterator

from bqml_emulator.analyzer import functions, types
from bqml_emulator.analyzer.functions import Declared
from bqml_emulator.analyzer.names import Words, closing, path_at
from bqml_emulator.core import limits

SEARCH = ("VECTOR_SEARCH",)
STATISTICS = ("VECTOR_INDEX", "STATISTICS")


def calls(sql: str, words: Words, context) -> Iterator[Declared]:
    """The calls in a statement that ZetaSQL does not know."""
    tokens, number = words.tokens, 0
    for at in range(len(tokens)):
        path, opening = path_at(tokens, at)
        name = tuple(part.upper() for part in path)
        if name == SEARCH:
            inside = tokens[opening : closing(tokens, opening)]
            if "QUERY_VALUE" in (token.text.upper() for token in inside):
                mask = functions.numbered(tokens[at], number)
                yield Declared(functions.numbered_path(path, number), _search_of_a_value(), (mask,))
                number += 1
        elif name == STATISTICS and number == 0:
            columns = [(limits.DRIFT_COLUMN, types.simple("FLOAT64"))]
            yield Declared(path, functions.fixed_table_function(columns, functions.relation()))
            return


def _search_of_a_value():
    text = functions.argument(types.simple("STRING"))
    return functions.table_function(
        "SELECT base, CAST(NULL AS FLOAT64) AS distance FROM base_table AS base",
        base_table=functions.relation(),
        column_to_search=text,
        query_value=functions.named("query_value", functions.anything()),
        top_k=functions.named("top_k", functions.left_out(functions.anything())),
        distance_type=functions.named("distance_type", functions.left_out(functions.anything())),
        options=functions.named("options", functions.left_out(functions.anything())),
    )


def install():
    """Tell the analyzer of them."""
    functions.table_functions.append(calls)
