"""Our rules of translation, each `(tree, context) -> tree`, which run in front of local-bigquery's own.

Only a rule that needs the types of expressions, or replaces one of local-bigquery's, stands among those.
"""

from collections.abc import Callable

from local_bigquery.sql.rules import STATEMENT_RULES
from local_bigquery.sql.translate import Context
from sqlglot import exp

from bqml_emulator.core.order import Order

type Rule = Callable[[exp.Expression, Context], exp.Expression]
statement_rules: Order[Rule] = Order("statement rules")


def apply(tree: exp.Expression, context: Context) -> exp.Expression:
    """Statement rule: all of ours, in their order."""
    for rule in statement_rules.steps():
        tree = rule(tree, context)
    return tree


def install():
    """Run them first."""
    STATEMENT_RULES.insert(0, apply)
