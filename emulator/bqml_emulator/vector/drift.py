"""VECTOR_INDEX.STATISTICS(TABLE t): how far a table's vectors have moved since its index was trained.

BigQuery documents the range [0, 1) and what is significant (0.3), not the measure. The column's name,
tfdv_drift, points to TensorFlow Data Validation, which compares distributions by the Jensen-Shannon
divergence. Here (ours): that divergence, to the base 2, of the shares of rows in the lists of the index, when
it was trained and now.
"""

import numpy as np
from local_bigquery.catalog import names, tables
from local_bigquery.engine import database
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.translate import Context
from sqlglot import exp
from sqlglot.tokens import TokenType

from bqml_emulator.core import limits
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import database_files
from bqml_emulator.vector import build, catalog, contents, state
from bqml_emulator.vector.arguments import invalid, parse_arguments, write_arguments
from bqml_emulator.vector.catalog import VectorIndex

FUNCTION, NAMESPACE = "STATISTICS", "VECTOR_INDEX"


class StatisticsCall(exp.Expression, exp.Func):
    """STATISTICS(TABLE t); the table it stands in has VECTOR_INDEX as its dataset."""

    arg_types = {"expressions": True}
    is_var_len_args = True
    _sql_names = ["VECTOR_INDEX_STATISTICS"]


def divergence(before: np.ndarray, now: np.ndarray) -> float:
    """Jensen-Shannon divergence to the base 2 of two counts per list, below 1 also when nothing is shared."""
    shares = [counts / max(counts.sum(), 1) for counts in (before, now)]
    middle = (shares[0] + shares[1]) / 2
    parts = (share[share > 0] * np.log2(share[share > 0] / middle[share > 0]) for share in shares)
    return float(np.clip(sum(part.sum() for part in parts) / 2, 0, np.nextafter(1, 0)))


def drift(index: VectorIndex) -> float | None:
    """The drift of an index that is not disabled; None before it holds its first rows."""
    built = state.lists(index)
    if built is None or state.status(index).last_refresh is None:
        return None
    current = build.updated(index, built) or built
    return divergence(built.trained_rows, build.occupancy(current, contents.contents(index)))


def rewrite(tree: exp.Expression, context: Context) -> exp.Expression:
    """Statement rule: replace every VECTOR_INDEX.STATISTICS by its one row, or by none."""
    for call in list(tree.find_all(StatisticsCall)):
        holder = call.parent
        if not isinstance(holder, exp.Table):
            raise invalid("VECTOR_INDEX.STATISTICS is a table function: use it in FROM")
        select = _select(call, context)
        kept = {name: holder.args[name] for name in ("alias", "joins", "sample") if holder.args.get(name)}
        holder.replace(exp.Subquery(this=select, **kept))
    return tree


def _select(call: StatisticsCall, context: Context) -> exp.Select:
    """The drift is computed when the statement runs, so that a view tells it as it is then."""
    if len(call.expressions) > 1:
        raise invalid(limits.DRIFT_ARGUMENTS.format(found=len(call.expressions)))
    if not call.expressions or not isinstance(call.expressions[0], exp.Table):
        raise invalid(limits.DRIFT_RELATION)
    reference = names.reference(call.expressions[0], context.project_id, context.dataset_id)
    if not all(reference) or not database.objects(*tables.physical(*reference)):
        tables.load(*reference)  # raises: not found
    context.referenced.add(reference)
    values = exp.Anonymous(this="_vector_drift", expressions=[exp.Literal.string(name) for name in reference])
    return exp.select(exp.alias_(exp.Anonymous(this="unnest", expressions=[values]), limits.DRIFT_COLUMN))


def _rows(project: str, dataset: str, table: str) -> list[float | None]:
    """No row without an active index."""
    index = catalog.on_table(project, dataset, table)
    if index is None or not catalog.has_table(index) or state.status(index).condition.disabled:
        return []
    return [drift(index)]


def register(connection):
    """Add the function that answers VECTOR_INDEX.STATISTICS to a DuckDB connection."""
    connection.create_function(
        "_vector_drift", _rows, ["VARCHAR", "VARCHAR", "VARCHAR"], "DOUBLE[]", side_effects=True
    )


def _installed_parser(original):
    def parse(parser, schema=False):
        words = [token.text.upper() for token in parser._tokens[parser._index - 2 : parser._index + 2]]
        if words != [NAMESPACE, ".", FUNCTION, "("]:
            return original(parser, schema=schema)
        parser._advance(2)
        arguments = [] if parser._curr.token_type == TokenType.R_PAREN else parse_arguments(parser)
        parser._match_r_paren()
        return StatisticsCall(expressions=arguments)

    return parse


def install():
    """Teach local-bigquery's GoogleSQL to read, write and answer the function."""
    BigQueryDialect.Parser._parse_table_part = _installed_parser(BigQueryDialect.Parser._parse_table_part)
    BigQueryDialect.Generator.TRANSFORMS[StatisticsCall] = lambda generator, node: (
        f"{FUNCTION}({write_arguments(generator, node)})"
    )
    statement_rules.add(rewrite)
    database_files.on_connect.append(register)
