"""Scripts and procedures: what local-bigquery's interpreter leaves out or takes differently.

The texts of errors are those of GoogleSQL's reference implementation (google/zetasql, folder scripting, read
2026-11-22), unless limits.py says otherwise.
"""

import datetime
import logging

import duckdb
import sqlglot
from local_bigquery import errors
from local_bigquery.catalog import routines
from local_bigquery.engine.database import quote
from local_bigquery.errors import BigQueryError
from local_bigquery.models import Argument, JobStatistics2, Routine
from local_bigquery.sql import script
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.rules.parameters import VALUE, read
from local_bigquery.sql.script import Statement
from local_bigquery.sql.translate import parse, translate
from sqlglot import exp

from bqml_emulator.analyzer import door
from bqml_emulator.core import limits
from bqml_emulator.engine.error_mapping import PARSER_SLIPS, unqualified
from bqml_emulator.jobs import execution
from bqml_emulator.jobs.transactions import CONTROL, Transaction, normalise
from bqml_emulator.sql import refusals, script_checks, script_values

DYNAMIC = {"SQL", "TABLE_FUNCTION", "TEMP_FUNCTION", "PROCEDURE", "DROP_PROCEDURE", "CALL", "ASSERT"}
ERROR_VARIABLES = ("error.message", "error.statement_text", "error.formatted_stack_trace")


NOT_UNDERSTOOD = (  # by what runs a query, though Google's analyzer has taken it
    "Function not found: ",
    "Invalid BIGNUMERIC literal: ",
    "No matching signature for ",
    "Parameterized types are not allowed in CAST expressions",
    "Syntax error: ",
    "Unrecognized name: ",
)
log = logging.getLogger(__name__)


def refuse(message: str) -> BigQueryError:
    """The error of a script that cannot go on."""
    return BigQueryError("invalidQuery", message)


class Interpreter(script.Interpreter):
    """local-bigquery's interpreter with BigQuery's rules for variables, dynamic SQL and transactions."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, context, run_sql, report):
        def report_child(statistics: JobStatistics2):
            report(statistics)
            context.system["script.num_child_jobs"] += 1

        super().__init__(cursor, context, run_sql, report_child)
        self.tables: list[str] = []  # of the variables
        self.depth = 0  # of procedure calls
        self.transaction = Transaction(cursor, context.settings)
        context.system |= {
            "row_count": None,
            "script.creation_time": datetime.datetime.now(datetime.UTC),
            "script.num_child_jobs": 0,
        }

    def run(self, statements: list[Statement]):
        self.scripted = script.is_script(statements)
        try:
            super().run(statements)
        except UnicodeDecodeError as error:  # DuckDB cut its own message within a character
            raise errors.from_duckdb(duckdb.Error(error.object.decode(errors="replace"))) from error
        except (
            *PARSER_SLIPS,
            RecursionError,
        ) as error:  # sqlglot or a rule trips over what it did not expect
            log.exception("a statement could not be translated")
            raise refuse(limits.NOT_TRANSLATED) from error

    def statements(self, statements: list[Statement]):
        execution.current().check_cancelled()
        super().statements(statements)

    def iterate(self, loop: Statement, variables: dict | None = None) -> bool:
        execution.current().check_cancelled()
        return super().iterate(loop, variables)

    def sql(self, statement: Statement):
        running = execution.current()
        analysis = running.analysis = door.check(statement.source, self.context)
        try:
            self._analysed(statement, running)
        except BigQueryError as error:
            if analysis and analysis.columns is not None and error.message.startswith(NOT_UNDERSTOOD):
                raise refuse(f"not emulated: {error.message}") from error
            raise

    def _analysed(self, statement: Statement, running: execution.Execution):
        for tree in map(normalise, parse(statement.text)):
            if isinstance(tree, CONTROL) and not (self.scripted or self.context.system.get("session_id")):
                raise refuse(limits.TRANSACTION_OUTSIDE_SCRIPT)
            refusals.refuse_creation(tree)
            self.transaction.check(tree)
            if self.transaction.done_already(tree):
                continue
            tree.meta["table_function"] = statement.kind == "TABLE_FUNCTION"
            if statement.kind == "TEMP_FUNCTION":
                door.remember(tree.find(exp.Table).name, running.analysis)
            statistics = self.run_sql(tree)  # None of a temporary function, which is no child job
            self.context.system["script.num_child_jobs"] += statistics is not None
            self.transaction.after(tree, self.tables)
            if statistics and statistics.numDmlAffectedRows is not None:
                self.context.system["row_count"] = int(statistics.numDmlAffectedRows)

    def block(self, statement: Statement):
        if statement.otherwise is None:
            self.scope(statement.body)
            return
        before = {name: self.context.system.get(name) for name in ERROR_VARIABLES}
        try:
            self.scope(statement.body)
        except (script.Control, duckdb.InterruptException):
            raise
        except Exception as exception:  # noqa: BLE001  a handler handles every error
            execution.current().check_cancelled()
            self.transaction.fail()
            error = script.from_exception(exception)
            text = self.context.system.get("statement_text")
            self.context.system |= dict(zip(ERROR_VARIABLES, (error.message, text, ""), strict=True))
            self.scope(statement.otherwise)
            self.context.system |= before

    def reference(self, text: str) -> tuple[str, str, str]:
        keys = super().reference(text)
        if keys[1] is None:
            raise unqualified("Routine", keys[2])
        return keys

    # --- variables ------------------------------------------------------------------------------------

    def expression(self, sql: str) -> exp.Expression:
        return script_values.expression(sql)

    def test(self, condition: str) -> bool:
        self.expression(
            condition
        )  # local-bigquery puts it in brackets, where nothing or a list would be a struct
        door.check_expression(condition, self.context)
        return super().test(condition)

    def for_each(self, statement: Statement):
        door.check(statement.text, self.context)
        super().for_each(statement)

    def evaluate(self, sql: str):
        execution.current().bill(self.expression(sql), self.context)
        return super().evaluate(sql)

    def store(self, value: exp.Expression) -> str:
        execution.current().bill(value, self.context)
        table = super().store(value)
        self.tables.append(table)
        self.transaction.keep(table)
        return table

    def assign(self, table: str, value: exp.Expression):
        execution.current().bill(value, self.context)
        query, bound = translate(script._select(value), self.context)
        self.write(table, query, bound, value.sql(dialect=BigQueryDialect))

    def write(self, table: str, query: str, bound: dict | None = None, written: str = ""):
        """Give a variable the only value of a query in DuckDB's SQL; `written` is what the script says."""
        target = self.cursor.sql(f"FROM {table}").types[0]
        given = self.cursor.sql(query, params=bound).types[0]
        script_values.check_coercible(given, target, written)
        value = script_values.by_position("value", given, target)
        self.cursor.execute(
            f"UPDATE {table} SET {VALUE} = (SELECT {value} FROM ({query}) AS q(value))", bound
        )
        self.transaction.keep(table)

    def declare(self, statement: Statement):
        if default := script_checks.behind(statement.text, "DEFAULT"):
            door.check_expression(default, self.context)
        for item in sqlglot.parse_one(statement.text, dialect=BigQueryDialect).expressions:
            default, kind = item.args.get("default"), item.args.get("kind")
            for name in item.this:
                table = self.store(exp.cast(exp.null(), kind) if kind else default.copy())
                self.context.variables[name.name.lower()] = table
                if kind and default:
                    self.assign(table, script_values.structured(default.copy()))

    def set(self, statement: Statement):
        door.check_expression(script_checks.behind(statement.text, "="), self.context)
        tree = sqlglot.parse_one(statement.text, dialect=BigQueryDialect)
        for item in tree.expressions if isinstance(tree, exp.Set) else []:
            target, value = item.this.this, item.this.expression
            if isinstance(value, exp.Var):
                value = exp.column(value.name)
            if isinstance(target, exp.Parameter | exp.Dot):
                self.set_system(script_values.system_name(target), value)
            elif isinstance(target, exp.Tuple):
                self.set_many([self.variable(name.name) for name in target.expressions], value)
            else:
                self.assign(self.variable(target.name), script_values.structured(value))

    def set_many(self, tables: list[str], value: exp.Expression):
        """SET (a, b) = a struct of as many fields."""
        struct = self.store(script_values.structured(value))  # evaluated before the first is set
        fields = self.cursor.sql(f"FROM {struct}").types[0].children
        if len(fields) != len(tables):
            raise refuse(f"Cannot coerce a STRUCT of {len(fields)} fields to {len(tables)} variables")
        for position, table in enumerate(tables, 1):
            self.write(table, f"SELECT struct_extract_at({read(struct)}, {position})")

    def set_system(self, name: str, value: exp.Expression):
        if name not in script_values.SETTABLE:
            raise refuse(f"System variable not found: @@{name}")
        super().set_system(name, value)
        script_values.check_setting(name, self.context.settings[name])

    # --- dynamic SQL and procedures -------------------------------------------------------------------

    def execute(self, statement: Statement):
        dynamic = script_checks.only_statement(self.evaluate(statement.text))
        if dynamic.kind not in DYNAMIC:
            message = "SQL created by EXECUTE IMMEDIATE contains unsupported statement type: "
            raise refuse(message + dynamic.kind)
        items = [script_checks.using_item(*item) for item in statement.items]
        parameters = {
            alias or f"p{index}": read(self.store(self.expression(expression)))
            for index, (expression, alias) in enumerate(items)
        }
        context, saved = self.context, (self.context.parameters, self.context.variables)
        context.parameters, context.variables, context.position = parameters or saved[0], {}, 0
        try:
            rows = self.rows(dynamic) if statement.names else self.handlers[dynamic.kind](dynamic)
        finally:
            context.parameters, context.variables = saved
        if statement.names:
            self.into_variables(rows, statement.names)

    def rows(self, dynamic: Statement) -> str:
        """The temporary table with the result of a query."""
        [tree] = parse(dynamic.text) if dynamic.kind == "SQL" else [None]
        if not isinstance(tree, exp.Query):
            raise refuse("EXECUTE IMMEDIATE with INTO clause must use a query statement")
        door.check(dynamic.source, self.context)
        table = script._temporary_table("rows")
        query, bound = translate(tree, self.context)
        self.cursor.execute(f"CREATE TEMP TABLE {table} AS {query}", bound)
        return table

    def into_variables(self, rows: str, names: list[str]):
        """EXECUTE IMMEDIATE … INTO: one row's columns, or NULLs when there is no row."""
        relation = self.cursor.sql(f"FROM {rows} LIMIT 2")
        if len(relation.columns) != len(names):
            raise refuse(
                "Variables returned by Dynamic SQL do not match number of variables in INTO clause, "
                f"expected {len(names)} columns, but got {len(relation.columns)}"
            )
        if len(relation.fetchall()) > 1:
            raise refuse("DynamicSQL may only return 0 or 1 rows with INTO clause")
        for name, column in zip(names, relation.columns, strict=True):
            self.write(self.variable(name), f"SELECT (SELECT {quote(column)} FROM {rows})")

    def call(self, statement: Statement):
        if statement.text.upper().startswith("BQ."):
            script_checks.system_call(super().call, statement)
            return
        reference = self.reference(statement.text)
        routine = routines.load(*reference)
        if routine is None or routine.routineType != "PROCEDURE":
            raise refuse(f"Procedure not found: {'.'.join(reference)}")
        if self.depth >= limits.PROCEDURE_DEPTH:
            raise refuse(f"Out of stack space due to deeply-nested procedure call to {statement.text}")
        arguments = script_checks.arguments(statement, routine)
        variables = {argument.name.lower(): self.argument(argument, sql) for argument, sql in arguments}
        outputs = [(a.name.lower(), sql) for a, sql in arguments if a.mode in ("OUT", "INOUT")]
        self.body(routine, variables)
        for name, target in outputs:
            self.write(self.variable(target), f"SELECT {read(variables[name])}")

    def argument(self, argument: Argument, sql: str) -> str:
        """The table of a procedure's parameter with its first value: NULL for an OUT."""
        kind = exp.DataType.build(routines.sql_type(argument.dataType), dialect=BigQueryDialect)
        table = self.store(exp.cast(exp.null(), kind))
        if argument.mode in ("OUT", "INOUT"):
            self.variable(sql)
        if argument.mode != "OUT":
            self.assign(table, script_values.structured(self.expression(sql)))
        return table

    def body(self, routine: Routine, variables: dict[str, str]):
        """Run a procedure's statements with its own variables."""
        saved, self.context.variables = self.context.variables, variables
        self.depth += 1
        try:
            self.statements(script.parse_script(routine.definitionBody))
        except script.Return:
            pass
        finally:
            self.depth -= 1
            self.context.variables = saved

    def procedure(self, statement: Statement):
        statement.items = script_checks.whole_types(statement.items)
        super().procedure(statement)


def install():
    """Run every script with it."""
    script.Interpreter = Interpreter
