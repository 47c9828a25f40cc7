"""Functions of STRING at the edges of their arguments, and every one of them for BYTES too.

Source: BQ string functions (2026-08-22); messages of google/zetasql. DuckDB has few functions of BLOB, so
bytes become characters one for one (Latin-1), and the result becomes bytes again. Which of both a value is
DuckDB decides: the macros below are overloaded, and those for VARCHAR leave nothing behind in the plan.
"""

import base64
import binascii

import duckdb
from duckdb.sqltypes import BLOB, VARCHAR
from local_bigquery.sql.dialect import macro
from local_bigquery.sql.rules import NODE_RULES, strings
from local_bigquery.sql.rules.typing import TEXT, kind
from sqlglot import exp

from bqml_emulator.engine import database_files
from bqml_emulator.sql import regexps

LONGEST = 2**32 - 1  # that DuckDB's functions of text take
UPPER, LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
WHITE = "".join(map(chr, [*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)]))
WHITE += "\u2028\u2029\u202f\u205f\u3000"  # Unicode's White_Space
NEGATIVE = "CASE WHEN n IS NULL OR s IS NULL THEN NULL WHEN n < 0 THEN _raise('{} cannot be negative') "
PADS = (
    NEGATIVE.format("Second argument (output size) for LPAD/RPAD").replace("s IS", "f IS NULL OR s IS")
    + "WHEN f = '' THEN _raise('Third argument (pad pattern) for LPAD/RPAD cannot be empty') "
    + "ELSE {}(s, CAST(n AS INTEGER), f) END"
)
MACROS = {
    "_bqml_characters": "(x BLOB) AS _bqml_of_bytes(x), (x VARCHAR) AS x",
    "_bqml_as": "(x VARCHAR, kind BLOB) AS _bqml_bytes(x), (x VARCHAR, kind VARCHAR) AS x, "
    "(x VARCHAR[], kind BLOB) AS list_transform(x, lambda e: _bqml_bytes(e)), "
    "(x VARCHAR[], kind VARCHAR) AS x",
    "_bqml_ascii": "(s BLOB) AS CASE WHEN s = ''::BLOB THEN 0 ELSE unicode(_bqml_of_bytes(s)) END, "
    "(s VARCHAR) AS CASE WHEN s = '' THEN 0 WHEN unicode(s) > 127 THEN "
    "_raise('Argument to ASCII is not a structurally valid ASCII string: ''' || s || '''') "
    "ELSE unicode(s) END",
    "_bqml_unicode": "(s) AS CASE WHEN s = '' THEN 0 ELSE unicode(s) END",
    "_bqml_lower": f"(s BLOB) AS _bqml_bytes(translate(_bqml_of_bytes(s), '{UPPER}', '{LOWER}')), "
    "(s VARCHAR) AS lower(replace(s, 'İ', 'i̇'))",
    "_bqml_upper": f"(s BLOB) AS _bqml_bytes(translate(_bqml_of_bytes(s), '{LOWER}', '{UPPER}')), "
    "(s VARCHAR) AS upper(replace(s, 'ß', 'SS'))",
    "_bqml_left": f"(s, n) AS {NEGATIVE.format('Second argument in LEFT()')} "
    f"ELSE left(s, least(n, {LONGEST})) END",
    "_bqml_right": f"(s, n) AS {NEGATIVE.format('Second argument in RIGHT()')} "
    f"ELSE right(s, least(n, {LONGEST})) END",
    "_bqml_lpad": f"(s, n, f) AS {PADS.format('lpad')}",
    "_bqml_rpad": f"(s, n, f) AS {PADS.format('rpad')}",
    "_bqml_repeat": f"(s, n) AS {NEGATIVE.format('Second argument (repeat count) for REPEAT')} "
    "ELSE repeat(s, n) END",
    "_bqml_reverse": "(s) AS CASE WHEN strlen(s) = length(s) THEN reverse(s) "
    "ELSE array_to_string(list_reverse(string_split(s, '')), '') END",
    "_bqml_substr": f"(s, p) AS CASE WHEN p > 0 THEN substring(s, least(p, {LONGEST})) "
    "WHEN p = 0 OR p < -length(s) THEN s ELSE substring(s, p) END, "
    f"(s, p, n) AS {NEGATIVE.format('Third argument in SUBSTR()').replace('s IS', 'p IS NULL OR s IS')} "
    f"WHEN p > 0 THEN substring(s, least(p, {LONGEST}), least(n, {LONGEST})) "
    f"WHEN p = 0 OR p < -length(s) THEN left(s, least(n, {LONGEST})) "
    f"ELSE substring(s, p, least(n, {LONGEST})) END",
    "_bqml_translate": "(s, a, b) AS CASE WHEN s IS NULL OR b IS NULL THEN NULL "
    "WHEN len(list_distinct(string_split(a, ''))) < length(a) THEN "
    "_raise('Duplicate character in TRANSLATE source characters') ELSE translate(s, a, b) END",
    "_bqml_split": "(s, d) AS CASE WHEN d IS NOT NULL THEN str_split(s, d) END",
    "_bqml_distance": "(a, b) AS CASE WHEN strlen(a) = length(a) AND strlen(b) = length(b) "
    "THEN levenshtein(a, b) ELSE _bqml_edits(a, b) END",
    "_bqml_bounded": "(distance, n) AS CASE WHEN distance IS NULL OR n IS NULL THEN NULL "
    "WHEN n < 0 THEN _raise('Max distance must be non-negative') ELSE least(distance, n) END",
    "_bqml_from_base64": "(s) AS coalesce(TRY(from_base64(s)), _bqml_unpadded(s))",
    "_bqml_instr": "(s, t, p, n) AS CASE WHEN s IS NULL OR t IS NULL OR p IS NULL OR n IS NULL THEN NULL "
    "WHEN p = 0 THEN _raise('Position must be non-zero') "
    "WHEN n < 1 THEN _raise('Occurrence must be positive') ELSE bq.main._instr(s, t, p, n) END",
    # in the place of local-bigquery's
    "instr": "(s, t) AS strpos(s, t), (s, t, p) AS bq.main._bqml_instr(s, t, p, 1), "
    "(s, t, p, n) AS bq.main._bqml_instr(s, t, p, n)",
    "safe_convert_bytes_to_string": "(b) AS coalesce(TRY(decode(b)), _bqml_replaced(b))",
    "code_points_to_bytes": "(points) AS CASE WHEN list_count(points) < len(points) THEN NULL "
    "WHEN list_min(points) < 0 OR list_max(points) > 255 THEN _raise('Invalid ASCII value ' || "
    "list_filter(points, lambda p: p < 0 OR p > 255)[1]) "
    "ELSE unhex(array_to_string(list_transform(points, lambda p: printf('%02x', p)), '')) END",
    "code_points_to_string": "(points) AS CASE WHEN list_count(points) < len(points) THEN NULL "
    "ELSE array_to_string(list_transform(points, lambda c: chr(c::INTEGER)), '') END",
    "soundex": "(s) AS _bqml_soundex(s)",
}
CODES = dict(zip("BFPVCGJKQSXZDTLMNR", "111122222222334556", strict=True))


def soundex(text: str) -> str:
    """A letter and three digits for how an English word sounds; H and W part no equal codes."""
    found, last = "", None
    for letter in filter(lambda character: character.isascii() and character.isalpha(), text):
        code = CODES.get(letter.upper())
        if not found:
            found = letter
        elif code and code != last:
            found += code
        if letter.upper() not in "HW":
            last = code
    return found[:4].ljust(4, "0") if found else ""


def edits(one: str, other: str) -> int:
    """The Levenshtein distance, in characters."""
    row = list(range(len(other) + 1))
    for at, character in enumerate(one, 1):
        before, row[0] = row[0], at
        for column, own in enumerate(other, 1):
            changed = before + (character != own)
            before = row[column]
            row[column] = min(changed, before + 1, row[column - 1] + 1)
    return row[-1]


def unpadded(text: str) -> bytes:
    """Base64 with white space in it or without its padding. ValueError if it is neither."""
    written = "".join(text.split()).rstrip("=")
    try:
        return base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("Failed to decode invalid base64 string") from error


FUNCTIONS = {
    "_bqml_of_bytes": (lambda value: value.decode("latin-1"), [BLOB], VARCHAR),
    "_bqml_bytes": (lambda text: text.encode("latin-1"), [VARCHAR], BLOB),
    "_bqml_replaced": (lambda value: value.decode(errors="replace"), [BLOB], VARCHAR),
    "_bqml_soundex": (soundex, [VARCHAR], VARCHAR),
    "_bqml_edits": (edits, [VARCHAR, VARCHAR], "BIGINT"),
    "_bqml_unpadded": (unpadded, [VARCHAR], BLOB),
}
# In which arguments a function has text, and whether its result is such too.
TEXTS: dict[type[exp.Expression], tuple[tuple[str, ...], bool]] = {
    exp.EndsWith: (("this", "expression"), False),
    exp.StartsWith: (("this", "expression"), False),
    exp.StrPosition: (("this", "substr"), False),
    exp.Levenshtein: (("this", "expression"), False),
    exp.RegexpLike: (("this", "expression"), False),
    exp.RegexpInstr: (("this", "expression"), False),
    exp.Left: (("this",), True),
    exp.Right: (("this",), True),
    exp.Pad: (("this", "fill_pattern"), True),
    exp.Trim: (("this", "expression"), True),
    exp.Repeat: (("this",), True),
    exp.Replace: (("this", "expression", "replacement"), True),
    exp.Reverse: (("this",), True),
    exp.Substring: (("this",), True),
    exp.Translate: (("this", "from_", "to"), True),
    exp.Split: (("this", "expression"), True),
    exp.RegexpExtract: (("this", "expression"), True),
    exp.RegexpExtractAll: (("this", "expression"), True),
    exp.RegexpReplace: (("this", "expression", "replacement"), True),
}
OWN = {
    exp.Left: "_bqml_left",
    exp.Right: "_bqml_right",
    exp.Repeat: "_bqml_repeat",
    exp.Reverse: "_bqml_reverse",
    exp.Substring: "_bqml_substr",
    exp.Translate: "_bqml_translate",
}
NAMED = {"bq.main.instr": 2, "bq.main.to_code_points": 1}  # how many arguments are text


def register(con: duckdb.DuckDBPyConnection):
    """Make the functions when the database is opened."""
    for name, (function, parameters, returns) in FUNCTIONS.items():
        con.create_function(name, function, parameters, returns)
    for name, overloads in MACROS.items():
        con.execute(f"CREATE OR REPLACE MACRO bq.main.{name}{overloads}")
    regexps.register(con)


def edges(node: exp.Expression, context) -> exp.Expression:
    """Node rule: BigQuery's functions of text in the place of DuckDB's."""
    made: exp.Expression | None = None
    match node:
        case exp.Ascii():
            made = macro("_bqml_ascii", node.this)
        case exp.Unicode():
            made = macro("_bqml_unicode", node.this)
        case exp.Chr() if len(node.expressions) == 1:
            made = exp.func("chr", exp.cast(node.expressions[0], "INTEGER"), dialect="duckdb")
        case exp.Lower():
            made = macro("_bqml_lower", node.this)
        case exp.Upper():
            made = macro("_bqml_upper", node.this)
        case exp.FromBase64():
            made = macro("_bqml_from_base64", node.this)
        case exp.Anonymous() if node.name in NAMED:
            arguments = node.expressions
            count = NAMED[node.name]
            node.set("expressions", [*map(_characters, arguments[:count]), *arguments[count:]])
    if made is not None:
        made.type = node.type
        return made
    return _of_text(node, context) if type(node) in TEXTS else node


def _of_text(node: exp.Expression, context) -> exp.Expression:
    keys, is_text = TEXTS[type(node)]
    kind_of = _kind_of(node.this)
    if wrong := regexps.refused(node):
        return wrong
    type_, node.type = node.type, None  # sqlglot writes other SQL for what it knows to be bytes
    for key in keys:
        if argument := node.args.get(key):
            node.set(key, _characters(argument))
    if isinstance(node, exp.RegexpExtract | exp.RegexpExtractAll | exp.RegexpInstr):
        regexps.demand(node)
    made = strings.regexp_extract(_own(node), context)
    if is_text and kind_of is not None:
        made = macro("_bqml_as", made, kind_of)
    made.type = type_
    return made


def _own(node: exp.Expression) -> exp.Expression:
    """The function with BigQuery's edges, where DuckDB has others."""
    if name := OWN.get(type(node)):
        others = [
            node.args[key]
            for key in ("expression", "times", "from_", "to", "start", "length")
            if node.args.get(key)
        ]
        return macro(name, node.this, *others)
    match node:
        case exp.Pad():
            fill = node.args.get("fill_pattern") or exp.Literal.string(" ")
            name = "_bqml_lpad" if node.args["is_left"] else "_bqml_rpad"
            return macro(name, node.this, node.expression, fill)
        case exp.Levenshtein():
            distance, most = macro("_bqml_distance", node.this, node.expression), node.args.get("max_dist")
            return macro("_bqml_bounded", distance, most) if most else distance
        case exp.Split() if not node.expression.is_string:
            return macro("_bqml_split", node.this, node.expression)
        case exp.Trim() if not node.expression:
            node.set("expression", exp.Literal.string(WHITE))
    return node


def _characters(argument: exp.Expression) -> exp.Expression:
    """Text as it is, bytes as characters; what is known to be text needs no look."""
    return argument if _kind_of(argument) is None else macro("_bqml_characters", argument)


def _kind_of(argument: exp.Expression) -> exp.Expression | None:
    """A value whose type says whether this is bytes; None where it is known to be text."""
    while isinstance(argument, exp.Anonymous) and argument.name == "bq.main._bqml_as":
        argument = argument.expressions[1]
    is_text = argument.is_string or kind(argument) in TEXT
    return None if is_text and not isinstance(argument, exp.ByteString) else argument.copy()


def install():
    """Look at functions of text before local-bigquery does."""
    NODE_RULES.insert(0, edges)
    database_files.on_connect.append(register)
