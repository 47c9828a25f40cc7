"""A faster `find_all` for sqlglot's trees: about a hundred rules search each statement, most of them in vain.

sqlglot's own goes through three generators for each node; its order, that of breadth, is kept.
"""

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.expressions.core import Expr

_find_all = exp.Expression.find_all


def find_all(tree: exp.Expression, *types: type[Expr], bfs: bool = True) -> Iterator[Expr]:
    """Nodes of these types, `tree` included; a node may be changed before the next is taken."""
    if not bfs:
        yield from _find_all(tree, *types, bfs=False)
        return
    nodes = [tree]
    for node in nodes:  # which grows meanwhile
        if isinstance(node, types):
            yield node
        for value in node.args.values():
            if isinstance(value, Expr):
                nodes.append(value)
            elif isinstance(value, list):
                nodes += [item for item in value if isinstance(item, Expr)]


def install():
    """Search so, in sqlglot too."""
    exp.Expression.find_all = find_all
