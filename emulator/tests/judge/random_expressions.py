"""Random expressions of known types, made of functions that agree one by one."""

import random

from judge import edges, functions

DEPTH = 3
# Whose size of result the arguments decide, or that fail on purpose.
UNBOUNDED = {
    "REPEAT",
    "LPAD",
    "RPAD",
    "ERROR",
    "CODE_POINTS_TO_STRING",
    "CODE_POINTS_TO_BYTES",
    "RANGE",
    "NET.IP_NET_MASK",
}
TYPES = (
    "INT64",
    "STRING",
    "BOOL",
    "FLOAT64",
    "NUMERIC",
    "DATE",
    "TIMESTAMP",
    "BYTES",
    "DATETIME",
    "TIME",
    "JSON",
)


def some(calls: list[functions.Call], count: int, seed: int) -> list[str]:
    """`count` expressions of any of TYPES, built from these calls and edge values, for each seed its own."""
    by_type: dict[str, list[functions.Call]] = {}
    for call in calls:
        if call.name not in UNBOUNDED | functions.EXACTNESS.keys():
            by_type.setdefault(call.type, []).append(call)
    chance = random.Random(seed)

    def expression(kind: str, depth: int) -> str:
        found = by_type.get(kind, [])
        if depth == 0 or not found or chance.randrange(4) == 0:
            return chance.choice(edges.values(kind))
        call = chance.choice(found)
        arguments = []
        for pool, slot in zip(call.pools, call.slots, strict=True):
            inner = slot.type in TYPES and chance.random() < 0.5
            arguments.append(expression(slot.type, depth - 1) if inner else chance.choice(pool))
        return call.text(arguments)

    return [expression(chance.choice(TYPES), DEPTH) for _ in range(count)]
