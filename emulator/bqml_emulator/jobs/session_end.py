"""CALL BQ.ABORT_SESSION('id') from outside of the session; local-bigquery knows the call without an id.

Source: https://docs.cloud.google.com/bigquery/docs/reference/system-procedures (2026-08-22).
"""

from local_bigquery.engine import sessions
from local_bigquery.sql.script import Interpreter, Statement

PROCEDURE = "BQ.ABORT_SESSION"


def _call(interpreter: Interpreter, statement: Statement):
    [(argument, _)] = statement.items
    session = sessions.get(str(interpreter.evaluate(argument)))
    with session.lock:  # a statement that runs in it ends first
        sessions.abort(session.id)


def install():
    """Know the procedure with its argument."""
    call = Interpreter.call

    def call_any(self, statement):
        if statement.text.upper() == PROCEDURE and len(statement.items) == 1:
            return _call(self, statement)
        return call(self, statement)

    Interpreter.call = call_any
