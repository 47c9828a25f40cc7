"""The same calls where DuckDB knows less of the arguments than of literals: columns and what is computed.

It chooses the overload of a macro before it knows the types of aggregates and windows, and it binds a column
of an outer query twice. The arguments are ordinary ones, and come from one row.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from judge import edges, special
from judge.functions import CASTS, EXACTNESS, LABELS, Call, Case, Exactness, calls
from judge.reference import Reference
from judge.rows import LETTERS

FAMILY = "in contexts"
INPUTS = 2  # of a function in each context
SUMMED = ("INT64", "FLOAT64", "NUMERIC")  # of other types to DuckDB than what is summed
COMPARED = ("STRING", "BYTES", "BOOL", "BIGNUMERIC", "DATE", "DATETIME", "TIME", "TIMESTAMP")
# How an argument is taken from its column, what is around the call, and the name of the table: one query asks
# for all that comes from the same.
CONTEXTS = [
    ("{column}", "{}", "r"),
    ("{aggregate}({column})", "{}", "g"),
    ("{aggregate}({column}) OVER ()", "{}", "r"),
    ("{column}", "(SELECT {} FROM UNNEST([0]))", "r"),
]


@dataclass(frozen=True)
class Input:
    """A call with ordinary arguments."""

    name: str
    write: Callable[[Sequence[str]], str]
    kinds: Sequence[str]
    arguments: Sequence[str]


def cases(reference: Reference, inputs: int = INPUTS) -> dict[str, list[Case]]:
    """Every scalar function, operator and cast in every context, with arguments of `inputs` signatures."""
    cases_: dict[str, list[Case]] = {}
    by_name: dict[str, list[Input]] = {}
    for found in (*map(_of_call, calls(reference)), *_casts()):
        by_name.setdefault(found.name, []).append(found)
    for name, found in by_name.items():
        draw = random.Random(f"{special.SEED} {name}")
        for chosen in [found[0], *draw.sample(found[1:], min(inputs, len(found)) - 1)]:
            for case in _in_contexts(chosen, reference):
                cases_.setdefault(case.function, []).append(case)
    return cases_


def _of_call(call: Call) -> Input:
    arguments = [pool[0] for pool in call.pools]
    return Input(call.name, call.text, [slot.type for slot in call.slots], arguments)


def _casts() -> Iterator[Input]:
    for source in CASTS:
        for target in CASTS:
            texts = edges.CAST_TEXTS.get(target, []) if source == "STRING" else edges.values(source)
            if texts:
                yield Input(
                    f"CAST({source}…)",
                    lambda a, target=target: f"CAST({a[0]} AS {target})",
                    [source],
                    texts[:1],
                )


def _in_contexts(given: Input, reference: Reference) -> Iterator[Case]:
    varying = [at for at, kind in enumerate(given.kinds) if not kind.startswith("ENUM")]
    plain = reference.evaluate(given.write(given.arguments))
    for places in (varying, varying[:1]):  # others may have to be constant
        found = list(_cases(given, places))
        if plain.error is not None or all(
            reference.evaluate(case.expression, case.source).error is None for case in found
        ):
            yield from found
            return


def _cases(given: Input, places: Sequence[int]) -> Iterator[Case]:
    fields = ", ".join(f"{given.arguments[at]} AS {LETTERS[at]}" for at in places)
    for take, around, table in CONTEXTS if places else []:
        taken = [
            take.format(column=f"{table}.{LETTERS[at]}", aggregate=_aggregate(kind)) if at in places else text
            for at, (kind, text) in enumerate(zip(given.kinds, given.arguments, strict=True))
        ]
        expression = around.format(given.write(taken))
        yield Case(
            f"{LABELS.get(given.name, given.name)} {FAMILY}",
            FAMILY,
            expression,
            EXACTNESS.get(given.name, Exactness.VALUE),
            f"(SELECT {fields}) AS {table}",
        )


def _aggregate(kind: str) -> str:
    return "SUM" if kind in SUMMED else "MAX" if kind in COMPARED else "ANY_VALUE"
