"""What a script must look like before it runs; local-bigquery's parser trusts it to be whole."""

from collections.abc import Callable

import sqlglot
from local_bigquery.errors import BigQueryError
from local_bigquery.jobs import query
from local_bigquery.models import Argument, Routine
from local_bigquery.sql import script
from local_bigquery.sql.dialect import BigQueryDialect
from local_bigquery.sql.script import Statement
from sqlglot import exp

from bqml_emulator.analyzer import door

LOOPS = ("WHILE", "REPEAT", "FOR")


def _refuse(message: str) -> BigQueryError:
    return BigQueryError("invalidQuery", message)


def check(
    statements: list[Statement],
    in_loop: bool = False,
    labels: tuple = (),
    declared: frozenset = frozenset(),
):
    """Jumps lead somewhere, and no name is declared again in its block or one inside of it."""
    for statement in statements:
        if statement.kind == "DECLARE":
            declared = declared | _declared(statement, declared)
        if statement.kind in ("BREAK", "CONTINUE"):
            _check_jump(statement, in_loop, labels)
        inside = in_loop or statement.kind in LOOPS
        bodies = [statement.body, statement.otherwise or [], *(body for _, body in statement.branches)]
        for body in bodies:
            check(body, inside, (*labels, statement.label), declared)


def _check_jump(statement: Statement, in_loop: bool, labels: tuple):
    if not statement.text and not in_loop:
        raise _refuse(f"{statement.kind} without label is only allowed inside of a loop body")
    if statement.text and statement.text not in labels:
        raise _refuse(f"{statement.kind} label does not exist: {statement.text}")


def behind(sql: str, word: str) -> str:
    """What stands in a statement behind the first such word or sign that is in no brackets; or nothing."""
    depth = 0
    for token in BigQueryDialect.tokenizer_class().tokenize(sql):
        depth += (token.token_type in script.OPEN) - (token.token_type in script.CLOSE)
        if depth == 0 and token.text.upper() == word:
            return sql[token.end + 1 :].strip()
    return ""


def _declared(statement: Statement, before: frozenset) -> frozenset:
    tree = sqlglot.parse_one(statement.text, dialect=BigQueryDialect)
    if not isinstance(tree, exp.Declare):
        raise _refuse(f"Syntax error: {statement.text}")
    names = [name.name.lower() for item in tree.expressions for name in item.this]
    for index, name in enumerate(names):
        if name in before or name in names[:index]:
            raise _refuse(f"Variable '{name}' redeclared")  # ours
    return frozenset(names)


class Parser(script.Parser):
    """local-bigquery's parser of scripts, which would look for the body of a procedure for ever."""

    def word(self, offset: int = 0) -> str | None:
        if self.i > len(self.tokens):
            raise IndexError("behind the end of the script")
        return super().word(offset)

    def statement(self) -> Statement:
        start = self.i
        statement = super().statement()
        statement.source = self.text(start, self.i)  # as it is written; some texts are cut for the engine
        return statement

    def procedure(self) -> Statement:
        words = [self.word(offset) for offset in range(len(self.tokens) - self.i)]
        if "LANGUAGE" in words and "BEGIN" not in words[: words.index("LANGUAGE")]:
            raise _refuse("not emulated: procedures in other languages than SQL")
        if "(" not in words or "BEGIN" not in words:
            raise _refuse('Syntax error: Expected "(" and keyword BEGIN but got end of script')
        return super().procedure()


def only_statement(sql: str | None) -> Statement:
    """The one statement of dynamic SQL."""
    if sql is None:
        raise _refuse("EXECUTE IMMEDIATE sql string cannot be NULL")
    statements = script.parse_script(sql)
    if not statements:
        raise _refuse("Empty EXECUTE IMMEDIATE sql string cannot be executed")
    if len(statements) > 1:
        raise _refuse("EXECUTE IMMEDIATE sql string must contain exactly one statement")
    return statements[0]


def using_item(expression: str, alias: str | None) -> tuple[str, str | None]:
    """`expression [AS name]` of EXECUTE IMMEDIATE … USING, which the parser cuts at any AS."""
    item = f"{expression} AS {alias}" if alias else expression
    [tree] = sqlglot.parse_one(f"SELECT {item}", dialect=BigQueryDialect).expressions
    if isinstance(tree, exp.Alias):
        return tree.this.sql(dialect=BigQueryDialect), tree.alias
    return item, None


def whole_types(items: list[tuple[str, None]]) -> list[tuple[str, None]]:
    """Parameters of CREATE PROCEDURE that were cut at the commas inside of STRUCT<…>, put together again."""
    whole: list[str] = []
    for text, _ in items:
        if whole and whole[-1].count("<") > whole[-1].count(">"):
            whole[-1] += f", {text}"
        else:
            whole.append(text)
    return [(text, None) for text in whole]


def arguments(statement: Statement, routine: Routine) -> list[tuple[Argument, str]]:
    """The parameters of a CALL with the expressions given for them, by position or `name => expression`."""
    expected, given = routine.arguments or [], {}
    if len(expected) != len(statement.items):
        count = f"{len(expected)} arguments, but {len(statement.items)} were given"
        raise _refuse(f"Procedure {statement.text} expects {count}")  # ours
    for argument, (sql, _) in zip(expected, statement.items, strict=True):
        [value] = sqlglot.parse_one(f"SELECT f({sql})", dialect=BigQueryDialect).expressions[0].expressions
        named = isinstance(value, exp.Kwarg)
        given[value.this.name.lower() if named else argument.name.lower()] = (
            value.expression.sql(dialect=BigQueryDialect) if named else sql.strip()
        )
    missing = [argument.name for argument in expected if argument.name.lower() not in given]
    if missing:
        raise _refuse(f"Procedure {statement.text} misses its argument {missing[0]}")  # ours
    for argument in expected:
        sql = given[argument.name.lower()]
        if argument.mode in ("OUT", "INOUT") and not sql.strip("`").isidentifier():
            raise _refuse("Procedure OUT/INOUT argument must be a variable")
    return [(argument, given[argument.name.lower()].strip("`")) for argument in expected]


def system_call(call: Callable[[Statement], None], statement: Statement):
    """CALL BQ.…: one of those that exist here."""
    try:
        call(statement)
    except BigQueryError as error:
        if error.message.startswith("Procedure not found: "):
            raise _refuse(f"not emulated: CALL {statement.text}") from error
        raise


def install():
    """Check every script and every body of a procedure when it is parsed."""
    parse_script = script.parse_script

    def parse_and_check(sql: str) -> list[Statement]:
        door.check_syntax(sql)
        try:
            statements = parse_script(sql)
        except (IndexError, RecursionError) as error:  # the parser reads on behind the last token
            raise _refuse("Syntax error: Unexpected end of script") from error
        check(statements)
        return statements

    # a dry run of a query behind temporary functions, whose schema local-bigquery does not tell
    query.DRY_STATEMENT_TYPES |= {"SQL": "SELECT", "TEMP_FUNCTION": "SELECT"}
    script.Parser = Parser
    script.parse_script = parse_and_check
