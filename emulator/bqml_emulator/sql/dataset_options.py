"""Options of CREATE SCHEMA that the parser takes for something else."""

from sqlglot import exp

from bqml_emulator.jobs import execution


def keep_location(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: `location` is an option like any other; sqlglot makes a property of it."""
    if isinstance(tree, exp.Create) and tree.args.get("kind") == "SCHEMA":
        for found in list(tree.find_all(exp.LocationProperty)):
            found.replace(exp.Property(this=exp.var("location"), value=found.this))
    return tree


def install():
    """Keep them."""
    execution.before_statement.add(keep_location)
