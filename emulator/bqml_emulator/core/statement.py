"""Read the statements sqlglot hands over unparsed (exp.Command): names, clauses and OPTIONS lists."""

import re
from typing import Any

import sqlglot
from local_bigquery.errors import BigQueryError
from local_bigquery.sql.dialect import BigQueryDialect
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

QUOTED = (TokenType.STRING, TokenType.IDENTIFIER)
OPEN = (TokenType.L_PAREN, TokenType.L_BRACKET)
CLOSE = (TokenType.R_PAREN, TokenType.R_BRACKET)
MINUTES = {"MINUTE": 1, "HOUR": 60, "DAY": 24 * 60}
FULL_INTERVAL = re.compile(r"^(\d+)-(\d+) (\d+) (\d+):(\d+):(\d+(?:\.\d+)?)$")  # Y-M D H:M:S
PARTS = (365 * 24 * 60, 30 * 24 * 60, 24 * 60, 60, 1, 1 / 60)  # minutes in each part of it


class Statement:
    """A cursor over the tokens of one statement; every `take_` raises a syntax error when it does not fit."""

    def __init__(self, sql: str):
        self.sql = sql
        self.tokens = BigQueryDialect.tokenizer_class().tokenize(sql)
        self.at = 0

    def _word(self, offset: int = 0) -> str:
        index = self.at + offset
        if index >= len(self.tokens) or self.tokens[index].token_type in QUOTED:
            return ""
        return self.tokens[index].text.upper()

    def match(self, *words: str) -> bool:
        """Step over these keywords if they come next."""
        # sqlglot's tokenizer may join two keywords into one token ("IF EXISTS"), so compare the joined text
        joined, count = "", 0
        while len(joined) < len(" ".join(words)) and self._word(count):
            joined = f"{joined} {self._word(count)}".strip()
            count += 1
        if joined != " ".join(words):
            return False
        self.at += count
        return True

    def take(self, *words: str):
        """Step over these keywords."""
        if not self.match(*words):
            raise self.error(f"Expected keyword {' '.join(words)}")

    def take_name(self) -> list[str]:
        """A path such as a.b.c, `a.b.c`, `a`.b or my-project.b; its parts without quotes."""
        start = self.at
        while self.at < len(self.tokens) and self._continues_name(start):
            self.at += 1
        path = "".join(token.text for token in self.tokens[start : self.at])
        parts = path.split(".")
        if not all(parts):
            raise self.error("Expected a name", start)
        return parts

    def _continues_name(self, start: int) -> bool:
        token = self.tokens[self.at]
        if token.token_type in (*OPEN, *CLOSE, TokenType.COMMA, TokenType.SEMICOLON, TokenType.STRING):
            return False
        return self.at == start or token.start == self.tokens[self.at - 1].end + 1

    def take_string(self) -> str:
        """A string literal."""
        if self.done() or self.tokens[self.at].token_type != TokenType.STRING:
            raise self.error("Expected string literal")
        self.at += 1
        return self.tokens[self.at - 1].text

    def take_list(self, item) -> list:
        """One or more items separated by commas; `item` is one of the take methods."""
        items = [item()]
        while self.match(","):
            items.append(item())
        return items

    def take_options(self) -> dict[str, Any]:
        """`OPTIONS (name = value, …)`, or nothing; names in lower case, values as Python values."""
        if not self.match("OPTIONS"):
            return {}
        inner = self._parenthesised()
        try:
            tree = sqlglot.parse_one(f"SELECT STRUCT({inner})", dialect=BigQueryDialect)
        except SqlglotError as error:
            raise BigQueryError("invalidQuery", f"Syntax error in OPTIONS({inner})") from error
        options = {}
        for pair in tree.expressions[0].expressions:
            if not isinstance(pair, exp.PropertyEQ):
                raise BigQueryError(
                    "invalidQuery", f"Syntax error: Expected name = value in OPTIONS({inner})"
                )
            name = pair.this.name.lower()
            if name in options:
                raise BigQueryError("invalidQuery", f"Duplicate option specified: {name}")
            options[name] = literal(pair.expression)
        return options

    def _parenthesised(self) -> str:
        if self._word() != "(":
            raise self.error('Expected "("')
        start, depth = self.at, 0
        while self.at < len(self.tokens):
            kind = self.tokens[self.at].token_type
            depth += (kind in OPEN) - (kind in CLOSE)
            self.at += 1
            if depth == 0:
                return self.sql[self.tokens[start].end + 1 : self.tokens[self.at - 1].start]
        raise self.error('Expected ")"')

    def done(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.tokens)

    def finish(self):
        """Nothing may be left."""
        if not self.done():
            raise self.error("Expected end of input")

    def error(self, expected: str, at: int | None = None) -> BigQueryError:
        """A syntax error at the current token."""
        index = self.at if at is None else at
        token: Token | None = self.tokens[index] if index < len(self.tokens) else None
        found = (
            f'"{token.text}" at [{token.line}:{token.col - len(token.text) + 1}]'
            if token
            else "end of script"
        )
        return BigQueryError("invalidQuery", f"Syntax error: {expected} but got {found}")


def literal(node: exp.Expression) -> Any:
    """The Python value of a literal; an INTERVAL is returned as its number of minutes."""
    match node:
        case exp.Literal() | exp.Boolean() | exp.Neg():
            return node.to_py()
        case exp.Null():
            return None
        case exp.Array():
            return [literal(item) for item in node.expressions]
        case exp.Interval():
            return _minutes(node)
    raise BigQueryError("invalidQuery", f"An option's value must be a literal, not {node.sql('bigquery')}")


def _minutes(node: exp.Interval) -> float:
    """`INTERVAL 30 MINUTE` or `INTERVAL '0-0 0 4:30:0' YEAR TO SECOND` as minutes."""
    unit, value = node.args.get("unit"), node.this
    name, text = unit.sql("bigquery").upper() if unit else "", value.name if value else ""
    if name in MINUTES and text.isdigit():
        return int(text) * MINUTES[name]
    if name == "YEAR TO SECOND" and FULL_INTERVAL.match(text):
        return interval_minutes(text)
    raise BigQueryError("invalidQuery", f"Invalid interval {node.sql('bigquery')}: use MINUTE, HOUR or DAY")


def interval_minutes(text: str) -> float:
    """An interval as the REST API writes it, `Y-M D H:M:S`, as minutes."""
    match = FULL_INTERVAL.match(text)
    if match is None:
        raise BigQueryError(
            "invalid", f'Invalid interval "{text}": write Y-M D H:M:S, for example 0-0 1 0:0:0'
        )
    return sum(float(part) * minutes for part, minutes in zip(match.groups(), PARTS, strict=True))
