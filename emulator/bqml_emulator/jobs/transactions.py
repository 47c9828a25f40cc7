"""Transactions of scripts and sessions: what may happen in one, and variables that outlive its end.

Script variables are rows of temporary tables (local-bigquery), which DuckDB would undo with the transaction;
on BigQuery they are no part of it. DuckDB also refuses everything after a statement has failed, BigQuery lets
a handler read and roll back; so the transaction is undone at once and remembered as failed.
"""

import contextlib

import duckdb
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.rules.parameters import VALUE
from sqlglot import exp

from bqml_emulator.core import limits

CONTROL = (exp.Transaction, exp.Commit, exp.Rollback)
STATE = "transaction"  # key in the settings of the script or session: absent, OPEN or FAILED
OPEN, FAILED = "open", "failed"


def normalise(tree: exp.Expression) -> exp.Expression:
    """A mere BEGIN begins a transaction, too."""
    is_begin = (
        isinstance(tree, exp.Command) and tree.name.upper() == "BEGIN" and not tree.text("expression").strip()
    )
    return exp.Transaction() if is_begin else tree


class Transaction:
    """At most one open transaction; `settings` live as long as the script or session."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, settings: dict):
        self.cursor, self.settings = cursor, settings
        self.values: dict[str, tuple] = {}  # temporary table of a variable -> its type and content

    @property
    def state(self) -> str | None:
        return self.settings.get(STATE)

    def check(self, tree: exp.Expression):
        """Whether this statement may run now."""
        if isinstance(tree, CONTROL):
            self._check_control(tree)
        elif self.state and isinstance(tree, exp.Create | exp.Drop | exp.Alter) and not _is_temporary(tree):
            raise BigQueryError("invalidQuery", limits.DDL_IN_TRANSACTION)
        elif self.state == FAILED and not isinstance(tree, exp.Query):
            raise BigQueryError("invalidQuery", limits.TRANSACTION_FAILED)

    def _check_control(self, tree: exp.Expression):
        begins = isinstance(tree, exp.Transaction)
        if begins and self.state:
            raise BigQueryError("invalidQuery", limits.TRANSACTION_NESTED)
        if not begins and not self.state:
            raise BigQueryError("invalidQuery", limits.NO_TRANSACTION)
        if self.state == FAILED and isinstance(tree, exp.Commit):
            raise BigQueryError("invalidQuery", limits.TRANSACTION_FAILED)

    def done_already(self, tree: exp.Expression) -> bool:
        """Whether this is the ROLLBACK of a transaction that was undone when it failed."""
        if self.state == FAILED and isinstance(tree, exp.Rollback):
            self._end()
            return True
        return False

    def after(self, tree: exp.Expression, tables: list[str]):
        """Follow the statement that has run; `tables` hold the variables."""
        if isinstance(tree, exp.Transaction):
            self.settings[STATE] = OPEN
            for table in tables:
                self.keep(table)
        elif isinstance(tree, exp.Rollback):
            self._restore()
            self._end()
        elif isinstance(tree, exp.Commit):
            self._end()

    def keep(self, table: str):
        """Remember the value of a variable that has just been set."""
        if self.state == OPEN:
            relation = self.cursor.sql(f"FROM {table}")
            self.values[table] = (relation.types[0], relation.to_arrow_table())

    def fail(self):
        """A statement has failed and a handler runs next: undo the transaction."""
        if self.state == OPEN:
            with contextlib.suppress(duckdb.TransactionException):  # DuckDB has ended it itself
                self.cursor.execute("ROLLBACK")
            self._restore()
            self.settings[STATE] = FAILED

    def _end(self):
        self.settings.pop(STATE, None)
        self.values.clear()

    def _restore(self):
        for table, (kind, content) in self.values.items():
            self.cursor.register("_bqml_variable", content)
            try:
                self.cursor.execute(
                    f"CREATE OR REPLACE TEMP TABLE {table} AS "
                    f"SELECT CAST({VALUE} AS {kind}) AS {VALUE} FROM _bqml_variable"
                )
            finally:
                self.cursor.unregister("_bqml_variable")


def _is_temporary(tree: exp.Expression) -> bool:
    target = tree.find(exp.Table)
    in_session = target is not None and (not target.db or target.db.upper() == "_SESSION")
    return tree.find(exp.TemporaryProperty) is not None or (isinstance(tree, exp.Drop) and in_session)
