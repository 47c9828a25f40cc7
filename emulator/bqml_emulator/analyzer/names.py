"""What a statement names: tables, connections and functions, by the paths that are written in it."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from local_bigquery.sql.dialect import BigQueryDialect
from sqlglot.errors import TokenError
from sqlglot.tokens import Token, TokenType
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages

from bqml_emulator.analyzer import language

Path = tuple[str, ...]
KEPT = 4096  # statements whose names are remembered


@dataclass(frozen=True)
class Words:
    """A statement's tokens, with the paths that they make."""

    tokens: tuple[Token, ...]
    connections: frozenset[Path]
    functions: frozenset[Path]
    targets: frozenset[Path]  # of DDL, which names.tables leaves out
    single: frozenset[str]  # in lower case: what may be a variable


@functools.lru_cache(KEPT)
def tables(sql: str) -> tuple[Path, ...]:
    """Paths of the tables in a statement or script, WITH clauses apart; raises wasm.Refusal of its syntax."""
    found = language.service().call(
        "ExtractTableNamesFromStatement",
        messages.ExtractTableNamesFromStatementRequest(
            sql_statement=sql, options=language.options(), allow_script=True
        ),
        messages.ExtractTableNamesFromStatementResponse,
    )
    return tuple(tuple(name.table_name_segment) for name in found.table_name)


@functools.lru_cache(KEPT)
def words(sql: str) -> Words:
    """The statement's words; none where the tokenizer trips over it."""
    try:
        tokens = BigQueryDialect.tokenizer_class().tokenize(sql)
    except TokenError:
        tokens = []
    connections, functions, targets, at = set(), set(), set(), 0
    while at < len(tokens):
        path, end = path_at(tokens, at)
        if not path:
            at += 1
            continue
        before = tokens[at - 1].text.upper() if at else ""
        if before == "CONNECTION":
            connections.add(path)
        if before in ("TABLE", "VIEW", "EXISTS", "ON"):
            targets.add(path)
        is_made = before in ("FUNCTION", "EXISTS", "PROCEDURE", "CALL")
        if end < len(tokens) and tokens[end].token_type == TokenType.L_PAREN and not is_made:
            functions.add(path)
        at = end
    return Words(
        tuple(tokens),
        frozenset(connections),
        frozenset(functions),
        frozenset(targets),
        frozenset(token.text.lower() for token in tokens if token.token_type != TokenType.STRING),
    )


def path_at(tokens: Sequence[Token], at: int) -> tuple[Path, int]:
    """The dotted path that begins at a token, and the index behind it; dashes belong to a project's name."""
    if not _is_word(tokens, at):
        return (), at + 1
    parts, at = [tokens[at].text], at + 1
    while _is_word(tokens, at + 1) and _is_joint(tokens[at - 1 : at + 2]):
        if tokens[at].token_type == TokenType.DOT:
            parts.append(tokens[at + 1].text)
        else:
            parts[-1] += f"-{tokens[at + 1].text}"
        at += 2
    return tuple(parts), at


def _is_joint(three: Sequence[Token]) -> bool:
    """Whether the middle one is a dot or a dash that touches its neighbours."""
    before, middle, behind = three
    touches = middle.start == before.end + 1 and behind.start == middle.end + 1
    return middle.token_type in (TokenType.DOT, TokenType.DASH) and touches


def _is_word(tokens: Sequence[Token], at: int) -> bool:
    if at >= len(tokens):
        return False
    token = tokens[at]
    return token.token_type == TokenType.IDENTIFIER or (
        token.token_type != TokenType.STRING and token.text[:1].isidentifier()
    )


def closing(tokens: Sequence[Token], opening: int) -> int:
    """The index of the bracket that closes the one at `opening`, or of the last token."""
    depth = 0
    for at in range(opening, len(tokens)):
        depth += (tokens[at].token_type == TokenType.L_PAREN) - (tokens[at].token_type == TokenType.R_PAREN)
        if depth == 0:
            return at
    return len(tokens) - 1
