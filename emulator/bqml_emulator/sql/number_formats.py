"""CAST(number AS STRING FORMAT …): the format elements of numbers.

Source: https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#format_numeric_type_as_string
(2026-11-27); what is left open there, as in google/zetasql (public/functions/convert_string_with_format.cc).
"""

import functools
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from bqml_emulator.sql.casts import EXACT

ELEMENT = re.compile(r"EEEE|TM[9E]?|FM|MI|PR|RN|[$0-9.,SXDGBVCL]", re.IGNORECASE)
FLAGS = re.compile(r"FM|[$BCL]", re.IGNORECASE)  # that may stand anywhere
HEXADECIMAL = re.compile(r"S?0*X[0X]*(?:S|MI|PR)?", re.IGNORECASE)
DECIMAL = re.compile(
    r"(?:S[09,G]*|[09][09,G]*)?(?:[.DV][09]*)?(?:EEEE)?(?:S|MI|PR)?", re.IGNORECASE
)  # that has a digit, too
SIGN = re.compile(r"S|MI|PR", re.IGNORECASE)
CURRENCIES = {"$": "$", "L": "$", "l": "$", "C": "USD", "c": "usd"}
HEXADECIMAL_DIGITS = 16


@dataclass(frozen=True)
class Format:
    """A format that is valid: its digits, points, separators and exponent, and what stands around them."""

    elements: list[str]
    point: int  # index of the first element after the integer part
    sign: str
    sign_first: bool
    currency: str
    compact: bool
    blank_zero: bool

    @property
    def exponent(self) -> str:
        """E or e, if there is one."""
        return next((e[0] for e in self.elements if len(e) > 1), "")

    @property
    def scale(self) -> int:
        """How many digits follow the point."""
        return sum(e in "09" for e in self.elements[self.point :])

    @property
    def first_zero(self) -> int | None:
        """The index from which leading zeros are written."""
        return self.elements.index("0") if "0" in self.elements else None


def _invalid(what: str) -> ValueError:
    return ValueError(f"Error in format string: {what}")


@functools.lru_cache(256)
def parsed(text: str) -> Format:
    """The format that a text describes. ValueError if it is none."""
    elements, at = [], 0
    while at < len(text):
        match = ELEMENT.match(text, at)
        if match is None or match[0] in "12345678":
            raise _invalid(f"Invalid format element '{text[at]}'")
        elements.append(match[0])
        at = match.end()
    if any(e.upper().startswith(("TM", "RN")) for e in elements):
        raise ValueError("not emulated: the format elements TM, TM9, TME and RN")
    flags = [e.upper() for e in elements if FLAGS.fullmatch(e)]
    currencies = [e for e in elements if e in CURRENCIES]
    core = [e for e in elements if not FLAGS.fullmatch(e)]
    _check("".join(core), flags, currencies)
    signs = [e.upper() for e in core if SIGN.fullmatch(e)]
    digits = [e for e in core if not SIGN.fullmatch(e)]
    return Format(
        elements=digits,
        point=next((at for at, e in enumerate(digits) if e.upper() in (*".DV", "EEEE")), len(digits)),
        sign=signs[0] if signs else "",
        sign_first=bool(core) and core[0].upper() == "S",
        currency=CURRENCIES[currencies[0]] if currencies else "",
        compact="FM" in flags,
        blank_zero="B" in flags,
    )


def _check(core: str, flags: list[str], currencies: list[str]):
    if flags.count("FM") > 1 or flags.count("B") > 1 or len(currencies) > 1:
        raise _invalid("'FM', 'B' and one of '$', 'C' or 'L' cannot be repeated")
    if not re.search("[09X]", core, re.IGNORECASE):
        raise _invalid("Format string must contain at least one of 'X', '0' or '9'")
    if len(SIGN.findall(core)) > 1:
        raise _invalid("There can be at most one of 'S', 'MI', or 'PR'")
    if "X" in core.upper():
        if not HEXADECIMAL.fullmatch(core) or currencies or "B" in flags:
            raise _invalid("'X' cannot appear together with other elements than '0', 'FM' and a sign")
        if len(re.findall("[0X]", core, re.IGNORECASE)) > HEXADECIMAL_DIGITS:
            raise _invalid(f"Max number of 'X' is {HEXADECIMAL_DIGITS}")
    elif not DECIMAL.fullmatch(core):
        raise _invalid(f"Unexpected order of elements in '{core}'")
    elif "EEEE" in core.upper() and re.search("[,G]", core, re.IGNORECASE):
        raise _invalid("',' or 'G' cannot appear together with 'EEEE'")


def text(value: str, kind: str, template: str) -> str:
    """A number, written as DuckDB writes it, by the format; `kind` is float or decimal (or an integer)."""
    form = parsed(template)
    if any(e in "Xx" for e in form.elements):
        return _hexadecimal(form, value)
    number = Decimal(value)
    if not number.is_finite():
        return _not_finite(form, number)
    form, places = _one_integer_digit(form), sum(e in "09" for e in form.elements[: form.point])
    return _decimal(form, places, _digits(number, kind, form))


def _one_integer_digit(form: Format) -> Format:
    if not form.exponent or form.point < 2:
        return form
    return Format(**{**form.__dict__, "elements": form.elements[form.point - 1 :], "point": 1})


def _digits(number: Decimal, kind: str, form: Format) -> tuple[bool, str, str, str]:
    """Whether it is negative, the digits before and after the point, and the exponent."""
    if kind == "float":
        number = number or abs(number)  # zero has no sign
        written = f"{float(number):.{form.scale}{'e' if form.exponent else 'f'}}"
    elif form.exponent:
        rounded = Context(prec=form.scale + 1, rounding=ROUND_HALF_UP).plus(number)
        written = f"{rounded:.{form.scale}e}" if number else f"{0.0:.{form.scale}e}"
    else:
        written = f"{number.quantize(Decimal(1).scaleb(-form.scale), ROUND_HALF_UP, EXACT):f}"
    mantissa, _, exponent = written.partition("e")
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    if exponent:
        exponent = f"{exponent[0]}{exponent[1:]:0>2}"
    return written.startswith("-"), "" if whole == "0" else whole, fraction, exponent


def _decimal(form: Format, places: int, digits: tuple[bool, str, str, str]) -> str:
    negative, whole, fraction, exponent = digits
    fraction = fraction.rstrip("0") if form.compact else fraction
    blank = form.blank_zero and not whole
    overflow = len(whole) > places
    after, left = "", iter(fraction)
    for element in form.elements[form.point :]:
        if element in "09":
            after += "#" if overflow else next(left, "")
        elif len(element) > 1:
            after += "####" if overflow else form.exponent + exponent
        elif element not in "Vv":
            after += "."
    before, padding = "", form.point
    is_led = form.first_zero is not None and form.first_zero < form.point
    if places and (whole or form.exponent or is_led or not fraction):
        before, padding = _integer(form, whole or "0", overflow)
    if blank:
        before, after = " " * len(before), " " * len(after)
    currency = " " * len(form.currency) if blank else form.currency
    first, last = _signs(form, negative, blank)
    return _stripped(form, " " * padding + first + currency + before + after + last)


def _integer(form: Format, whole: str, overflow: bool) -> tuple[str, int]:
    """The integer part, and how many elements it leaves empty."""
    written, left, at = "", list(whole), form.point
    while at > 0 and (left or (form.first_zero is not None and at > form.first_zero)):
        at -= 1
        if form.elements[at] in "09":
            digit = left.pop() if left else "0"
            written = ("#" if overflow else digit) + written
        else:
            written = "," + written
    return written, at


def _hexadecimal(form: Format, value: str) -> str:
    number = Decimal(value)
    fits = number.is_finite() and abs(number) < 2**64
    rounded = int(abs(number).to_integral_value(ROUND_HALF_UP)) if fits else 0
    digits = f"{rounded:x}" if fits else "0" * (HEXADECIMAL_DIGITS + 1)
    overflow, written, at = len(digits) > len(form.elements), "", len(form.elements)
    left, case = list(digits), str.upper
    while at > 0 and (left or (form.first_zero is not None and at > form.first_zero)):
        at -= 1
        case = {"x": str.lower, "X": str.upper}.get(form.elements[at], case)
        written = ("#" if overflow else case(left.pop() if left else "0")) + written
    first, last = _signs(form, number < 0 if not number.is_nan() else False, False)
    return _stripped(form, " " * at + first + written + last)


def _not_finite(form: Format, number: Decimal) -> str:
    name = "NAN" if number.is_nan() else "INF"
    if form.exponent:
        written, padding = name, len(_one_integer_digit(form).elements)
    elif form.point < len(name):
        written = "".join(
            "#" if e in "09" else "," if e in ",Gg" else "." for e in form.elements if e not in "Vv"
        )
        padding = 0
    else:
        written = name + " " * sum(e not in "Vv" for e in form.elements[form.point :])
        padding = form.point - len(name)
    first, last = _signs(form, number < 0 if not number.is_nan() else False, number.is_nan())
    return _stripped(form, " " * padding + first + form.currency + written + last)


def _signs(form: Format, negative: bool, blank: bool) -> tuple[str, str]:
    """What stands before the number, and behind it."""
    match form.sign:
        case "S":
            sign = " " if blank else "-" if negative else "+"
            return (sign, "") if form.sign_first else ("", sign)
        case "MI":
            return "", "-" if negative and not blank else " "
        case "PR":
            return ("<", ">") if negative and not blank else (" ", " ")
    return "-" if negative and not blank else " ", ""


def _stripped(form: Format, written: str) -> str:
    return written.strip() if form.compact else written
