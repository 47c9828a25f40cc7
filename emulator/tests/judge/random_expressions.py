"""Random expressions of known types, made of functions that agree one by one."""

from hypothesis import strategies as st

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


def of_calls(calls: list[functions.Call]) -> st.SearchStrategy[str]:
    """Expressions of any of TYPES, built from these calls and edge values."""
    by_type: dict[str, list[functions.Call]] = {}
    for call in calls:
        if call.name not in UNBOUNDED | functions.EXACTNESS.keys():
            by_type.setdefault(call.type, []).append(call)

    @st.composite
    def expression(draw: st.DrawFn, kind: str, depth: int) -> str:
        found = by_type.get(kind, [])
        if depth == 0 or not found or draw(st.integers(0, 3)) == 0:
            return draw(st.sampled_from(edges.values(kind)))
        call = draw(st.sampled_from(found))
        arguments = []
        for pool, slot in zip(call.pools, call.slots, strict=True):
            inner = slot.type in TYPES and draw(st.booleans())
            arguments.append(draw(expression(slot.type, depth - 1) if inner else st.sampled_from(pool)))
        return call.text(arguments)

    return st.sampled_from(TYPES).flatmap(lambda kind: expression(kind, DEPTH))
