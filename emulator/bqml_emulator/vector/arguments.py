"""The arguments of VECTOR_SEARCH: parsed into the tree, written back as SQL, checked.

sqlglot knows VECTOR_SEARCH(base, column, query, …) but not its `query_value` form, and loses the keyword
TABLE when it writes SQL; scripts and MERGE write and parse every statement again. Hence our own node.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import BigQueryDialect
from sqlglot import exp
from sqlglot.tokens import TokenType

from bqml_emulator.core import limits

POSITIONAL = ("base_table", "column_to_search", "query_table", "query_column_to_search")
NAMED = ("query_column_to_search", "query_value", "top_k", "distance_type", "options")
HYBRID = ("lexical_search_columns", "lexical_search_query_value")
Evaluate = Callable[[exp.Expression], Any]


class VectorSearchCall(exp.Expression, exp.Func):
    """VECTOR_SEARCH(…) with its arguments in the order written: tables, subqueries, literals, Kwargs."""

    arg_types = {"expressions": True}
    is_var_len_args = True
    _sql_names = ["VECTOR_SEARCH"]


def parse_arguments(parser) -> list[exp.Expression]:
    """The arguments of a table function, TABLE name and subqueries among them."""
    arguments = [_argument(parser)]
    while parser._match(TokenType.COMMA):
        arguments.append(_argument(parser))
    return arguments


def _parse(parser) -> VectorSearchCall:
    return VectorSearchCall(expressions=parse_arguments(parser))


def _argument(parser) -> exp.Expression:
    if parser._match(TokenType.TABLE) or (parser._curr and parser._curr.token_type == TokenType.L_PAREN):
        return parser._parse_table()
    return parser._parse_lambda()


def write_arguments(generator, node: exp.Expression) -> str:
    """The arguments of a table function as SQL; sqlglot would lose the keyword TABLE."""
    return ", ".join(
        f"TABLE {generator.sql(argument)}" if isinstance(argument, exp.Table) else generator.sql(argument)
        for argument in node.expressions
    )


def _generate(generator, node: VectorSearchCall) -> str:
    return f"VECTOR_SEARCH({write_arguments(generator, node)})"


def install():
    """Teach local-bigquery's GoogleSQL dialect to read and write VECTOR_SEARCH."""
    BigQueryDialect.Parser._parse_vector_search = _parse
    BigQueryDialect.Generator.TRANSFORMS[VectorSearchCall] = _generate


@dataclass(frozen=True)
class Arguments:
    """The checked arguments of one call; `query` is None in the single form, `query_value` in the other."""

    base: exp.Expression
    column: str
    query: exp.Expression | None
    query_value: exp.Expression | None
    query_column: str | None
    top_k: int
    distance_type: str | None
    use_brute_force: bool
    fraction: float | None


def invalid(message: str) -> BigQueryError:
    """A refusal at analysis, as BigQuery reports every fault of a query's text."""
    return BigQueryError("invalidQuery", message)


def read(node: VectorSearchCall, evaluate: Evaluate) -> Arguments:
    """Check the arguments and compute the constant ones with `evaluate` (literals, parameters, variables)."""
    given = _by_name(node)
    _check_form(given)
    constant = {
        name: evaluate(given[name])
        for name in ("column_to_search", "query_column_to_search", "top_k", "distance_type", "options")
        if name in given
    }
    options = _options(constant.get("options", "{}"))
    return Arguments(
        base=given["base_table"],
        column=_string("column_to_search", constant["column_to_search"]),
        query=given.get("query_table"),
        query_value=given.get("query_value"),
        query_column=_string("query_column_to_search", constant.get("query_column_to_search")),
        top_k=_top_k(constant.get("top_k", limits.DEFAULT_TOP_K)),
        distance_type=distance_type(constant.get("distance_type")),
        use_brute_force=options.get("use_brute_force", False),
        fraction=options.get("fraction_lists_to_search"),
    )


def _by_name(node: VectorSearchCall) -> dict[str, exp.Expression]:
    given: dict[str, exp.Expression] = {}
    for index, argument in enumerate(node.expressions):
        named = isinstance(argument, exp.Kwarg)
        if not named and (index >= len(POSITIONAL) or len(given) < index):
            raise invalid("VECTOR_SEARCH takes top_k, distance_type and options as named arguments only")
        name = argument.this.name.lower() if named else POSITIONAL[index]
        if name in HYBRID:
            raise invalid(f"not emulated: hybrid search ({name} of VECTOR_SEARCH)")
        if named and name not in NAMED:
            raise invalid(
                f"Named argument `{name}` not found in signature for call to function VECTOR_SEARCH"
            )
        if name in given:
            raise invalid(f"VECTOR_SEARCH got its argument {name} twice")
        given[name] = argument.expression if named else argument
    return given


def _check_form(given: dict[str, exp.Expression]):
    for name in ("base_table", "query_table"):
        if name in given and not isinstance(given[name], exp.Table | exp.Subquery):
            raise invalid(f"VECTOR_SEARCH needs TABLE name or a query in parentheses as its {name}")
    if "column_to_search" not in given:
        raise invalid("VECTOR_SEARCH needs column_to_search as its second argument")
    if ("query_table" in given) == ("query_value" in given):
        raise invalid("VECTOR_SEARCH needs either a query table as its third argument or query_value => […]")
    if "query_value" in given and "query_column_to_search" in given:
        raise invalid("VECTOR_SEARCH takes query_column_to_search only with a query table")


def _string(name: str, value: Any) -> str | None:
    if value is None and name != "column_to_search":
        return None
    if not isinstance(value, str) or not value:
        raise invalid(f"VECTOR_SEARCH needs the name of a column as {name}, not {value!r}")
    return value


def _top_k(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value == 0:
        raise invalid(
            f"top_k of VECTOR_SEARCH must be a whole number, positive or (for all) negative, not {value!r}"
        )
    if value > limits.MAX_TOP_K:
        raise invalid(f"not emulated: top_k above {limits.MAX_TOP_K} (negative: all neighbours)")
    return value


def distance_type(value: Any) -> str | None:
    """The distance type in upper case; an unknown one is refused."""
    if value is None:
        return None
    if not isinstance(value, str) or value.upper() not in limits.DISTANCE_TYPES:
        raise invalid(f"distance_type must be one of {', '.join(limits.DISTANCE_TYPES)}, not {value!r}")
    return value.upper()


def _options(text: Any) -> dict[str, Any]:
    try:
        options = json.loads(text)
    except (TypeError, ValueError) as error:
        raise invalid(f"options of VECTOR_SEARCH must be a JSON string, not {text!r}") from error
    if not isinstance(options, dict):
        raise invalid(f"options of VECTOR_SEARCH must be a JSON object, not {text!r}")
    if unknown := sorted(set(options) - {"use_brute_force", "fraction_lists_to_search"}):
        raise invalid(f"Unknown option {unknown[0]!r} in options of VECTOR_SEARCH")
    brute, fraction = options.get("use_brute_force", False), options.get("fraction_lists_to_search")
    if not isinstance(brute, bool):
        raise invalid(f"use_brute_force must be true or false, not {json.dumps(brute)}")
    if "fraction_lists_to_search" in options:
        if brute:
            raise invalid("fraction_lists_to_search cannot be specified when use_brute_force is true")
        if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction < 1:
            raise invalid(
                f"fraction_lists_to_search must be between 0.0 and 1.0, both excluded, not {fraction!r}"
            )
    return options
