"""Ask both sides the same, and say what is equal, refused and different."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from judge.functions import Case, Exactness
from judge.ours import Ours
from judge.reference import Answer, Reference, query

ULPS = 8  # of results that the function reference calls approximate or leaves to the C library
NEAR = (Exactness.ULPS, Exactness.SUM, Exactness.MEAN)
MESSAGE_CHARACTERS = 25  # by which messages are compared, reported but no condition
REFUSED = "not emulated: "


@dataclass(frozen=True)
class Verdict:
    """What both sides say to a case: `equal`, `refused` by us, `different`, or `no judge`."""

    case: Case
    expression: str
    reference: Answer
    ours: Answer
    verdict: str
    same_message: bool | None

    def record(self) -> dict[str, Any]:
        """For a line of JSON."""
        return {
            "function": self.case.function,
            "family": self.case.family,
            "verdict": self.verdict,
            "same_message": self.same_message,
            "expression": query(self.expression, self.case.source).removeprefix("SELECT "),
            "reference": str(self.reference),
            "ours": str(self.ours),
        }


def judged(cases: Iterable[Case], reference: Reference, ours: Ours) -> Iterator[Verdict]:
    """The verdict on each case; cases that we should answer come first, in batches, then those that fail."""
    answered: dict[str, list[tuple[Case, str, Answer]]] = {}
    failing = []
    for case in cases:
        expression, answer = _visible(case, reference)
        if answer.unjudged:
            yield Verdict(case, expression, answer, Answer(), "no judge", None)
        elif answer.error is None:
            answered.setdefault(case.source, []).append((case, expression, answer))
        else:
            failing.append((case, expression, answer))
    for source, items in answered.items():
        own = ours.evaluate([expression for _, expression, _ in items], source)
        for (case, expression, answer), one in zip(items, own, strict=True):
            yield _verdict(case, expression, answer, one)
    for case, expression, answer in failing:
        yield _verdict(case, expression, answer, ours.evaluate([expression], case.source)[0])


def _visible(case: Case, reference: Reference) -> tuple[str, Answer]:
    """No result of BigQuery has an array with NULLs: its elements are put into structs."""
    expression = case.expression
    answer = reference.evaluate(expression, case.source)
    if answer.type.startswith("ARRAY<") and answer.value and None in answer.value:
        expression = f"ARRAY(SELECT AS STRUCT e FROM UNNEST({expression}) AS e WITH OFFSET AS o ORDER BY o)"
        answer = reference.evaluate(expression, case.source)
    return expression, answer


def _verdict(case: Case, expression: str, reference: Answer, ours: Answer) -> Verdict:
    same_message = None
    if ours.error is not None and ours.error.startswith(REFUSED):
        verdict = "refused"
    elif reference.error is not None and ours.error is not None:
        verdict = "equal"
        same_message = _start(reference.error) == _start(ours.error)
    else:
        equal = reference.error is ours.error is None and reference.type == ours.type
        equal = equal and (
            case.exactness is Exactness.TYPE or _same(reference.value, ours.value, case.exactness)
        )
        verdict = "equal" if equal else "different"
    return Verdict(case, expression, reference, ours, verdict, same_message)


def _start(message: str) -> str:
    return message[:MESSAGE_CHARACTERS].casefold()


def _same(one: Any, other: Any, exactness: Exactness) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        if exactness is Exactness.MEAN and not math.isfinite(one):
            return not math.isfinite(other)
        if exactness is Exactness.ZERO and one == 0:
            return other == 0
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        if exactness in NEAR and math.isfinite(one) and math.isfinite(other):
            unit = 0 if exactness is Exactness.ULPS else math.ulp(1.0)
            return abs(one - other) <= ULPS * max(math.ulp(one), math.ulp(other), unit)
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(_same(a, b, exactness) for a, b in zip(one, other, strict=True))
    if isinstance(other, list) and one is None:
        return not other  # an array that is NULL arrives as an empty one
    return type(one) is type(other) and one == other
