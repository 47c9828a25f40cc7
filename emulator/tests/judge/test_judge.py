"""The emulator and ZetaSQL's reference implementation answer the same, but for what results.tsv says."""

import os

import pytest

from judge import compare, contexts, functions, random_expressions, special, table
from judge.ours import Ours
from judge.reference import Reference

LIMIT = 5  # cases of a signature of what agrees; everything is asked of what is pending
EXAMPLES = int(os.environ.get("JUDGE_EXAMPLES", "200"))
SEED = int(os.environ.get("JUDGE_SEED", special.SEED))
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
    """Whatever functions that agree one by one are put together for, they still do.

    The expressions are the same in every run, whatever else is tested; JUDGE_SEED is for others. An error
    in an argument is not seen here where another is NULL and so the result, too: DuckDB does not look.
    """
    calls = [call for call in functions.calls(reference) if call.name not in table.pending()]
    expressions = random_expressions.some(calls, EXAMPLES, SEED)
    cases = [functions.Case("random", functions.MISC, expression) for expression in expressions]
    verdicts = list(compare.judged(cases, reference, ours))
    differences = [v.record() for v in verdicts if v.verdict == "different" and not _is_unseen_error(v)]
    assert differences == []
    assert sum(v.verdict == "equal" for v in verdicts) > EXAMPLES / 2


def _is_unseen_error(verdict: compare.Verdict) -> bool:
    return verdict.reference.error is not None and verdict.ours.error is verdict.ours.value is None
