"""`UPDATE … SET x = value` is no comparison, though sqlglot's tree has the same node for both.

local-bigquery refuses comparisons of JSON, and so refused to set a JSON column.
"""

from local_bigquery.sql.rules import NODE_RULES
from local_bigquery.sql.rules import json as json_rules
from sqlglot import exp


def equality(node: exp.Expression, context) -> exp.Expression:
    """Node rule: refuse comparisons of JSON only."""
    return node if isinstance(node.parent, exp.Update) else json_rules.equality(node, context)


def install():
    """Stand in the place of local-bigquery's rule."""
    NODE_RULES[NODE_RULES.index(json_rules.equality)] = equality
