"""Arrays in FROM by their path, `FROM t, t.items`: WITH OFFSET, and the name that they have without an alias.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax (2026-11-27),
"Implicit unnesting". sqlglot makes UNNEST of such a path, but without both.
"""

from collections.abc import Callable

from local_bigquery.sql.dialect import BigQueryDialect
from sqlglot import exp
from sqlglot.tokens import TokenType

from bqml_emulator.core.rules import statement_rules


def _with_offset(parse_table: Callable) -> Callable:
    """Only an array has WITH OFFSET: its path is one of columns, whatever stands before it."""

    def parse_table_or_array(self, *arguments, **options) -> exp.Expression | None:
        table = parse_table(self, *arguments, **options)
        if not isinstance(table, exp.Table) or not self._match_pair(TokenType.WITH, TokenType.OFFSET):
            return table
        self._match(TokenType.ALIAS)
        given = self._parse_id_var(any_token=False, tokens=self.UNNEST_OFFSET_ALIAS_TOKENS)
        name = exp.to_identifier(table.alias_or_name)
        table.set("alias", None)
        return exp.Unnest(
            expressions=[table.to_column()],
            alias=exp.TableAlias(columns=[name]),
            offset=given or exp.to_identifier("offset"),
        )

    return parse_table_or_array


def _with_name(make_explicit: Callable) -> Callable:
    """An array without alias is called as the last part of its path."""

    def make_explicit_with_name(self, query: exp.Expression) -> exp.Expression:
        joins = query.args.get("joins") or []
        paths = [join.this.name if isinstance(join.this, exp.Table) else None for join in joins]
        made = make_explicit(self, query)
        for join, name in zip(joins, paths, strict=True):
            if name and isinstance(join.this, exp.Unnest) and not join.this.args.get("alias"):
                join.this.set("alias", exp.TableAlias(columns=[exp.to_identifier(name)]))
        return made

    return make_explicit_with_name


def keep_rows(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: LEFT JOIN of an array keeps rows without elements. local-bigquery makes subqueries of
    those with offsets, and DuckDB takes a join without condition for a cross join."""
    for join in tree.find_all(exp.Join):
        if join.side == "LEFT" and isinstance(join.this, exp.Unnest) and not join.args.get("on"):
            join.set("on", exp.true())
    return tree


def install():
    """Parse them so."""
    statement_rules.add(keep_rows)
    parser = BigQueryDialect.Parser
    parser._parse_table = _with_offset(parser._parse_table)
    parser._implicit_unnests_to_explicit = _with_name(parser._implicit_unnests_to_explicit)
