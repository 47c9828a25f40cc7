"""The emulator and ZetaSQL's reference implementation answer the same, but for what results.tsv says."""

import os

import pytest
from hypothesis import assume, given, settings

from judge import compare, contexts, functions, random_expressions, table
from judge.ours import Ours
from judge.reference import Reference

LIMIT = 5  # cases of a signature of what agrees; everything is asked of what is pending
EXAMPLES = int(os.environ.get("JUDGE_EXAMPLES", "200"))
FAMILIES = sorted({*functions.FAMILIES.values(), functions.OPERATORS, functions.MISC, contexts.FAMILY})


@pytest.fixture(scope="session")
def reference() -> Reference:
    """The judge."""
    return Reference()


@pytest.fixture(scope="session")
def ours(emulator) -> Ours:
    """The judged."""
    return Ours(emulator.url, emulator.project)


@pytest.fixture(scope="session")
def cases(reference) -> dict[str, list[functions.Case]]:
    """Few cases of what agrees, all of what does not yet."""
    few = functions.cases(reference, LIMIT) | contexts.cases(reference, inputs=1)
    all_ = functions.cases(reference) | contexts.cases(reference)
    pending = table.pending()
    return {name: all_[name] if name in pending else items for name, items in few.items()}


@pytest.mark.parametrize("family", FAMILIES)
def test_only_what_is_pending_differs(family, cases, reference, ours):
    """A difference is mended or refused by name; nothing stays pending that agrees.

    Record what was mended: python -m judge --functions SUBSTR --record
    """
    asked = functions.chosen(cases, families=[family])
    differences = {}
    for name, items in asked.items():
        found = [v.record() for v in compare.judged(items, reference, ours) if v.verdict == "different"]
        if found:
            differences[name] = found[0]
    pending = table.pending() & asked.keys()
    assert {name: differences[name] for name in differences.keys() - pending} == {}, "differs"
    assert pending - differences.keys() == set(), "agrees now"


def test_every_function_is_recorded(cases):
    """results.tsv has a row for each function of today, and none of yesterday's."""
    assert table.recorded().keys() == cases.keys()


def test_random_expressions(reference, ours):
    """Whatever functions that agree one by one are put together for, they still do."""
    calls = [call for call in functions.calls(reference) if call.name not in table.pending()]
    expressions = random_expressions.of_calls(calls)

    @settings(max_examples=EXAMPLES, derandomize=True, deadline=None, database=None)
    @given(expressions)
    def ask(expression: str):
        case = functions.Case("random", functions.MISC, expression)
        (verdict,) = compare.judged([case], reference, ours)
        assume(verdict.verdict not in ("refused", "no judge"))
        assert verdict.verdict == "equal", verdict.record()

    ask()
