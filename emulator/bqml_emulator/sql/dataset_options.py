"""Options of CREATE SCHEMA that the parser takes for something else."""

from local_bigquery.errors import BigQueryError
from sqlglot import exp

from bqml_emulator.jobs import execution


def keep_location(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: `location` is an option like any other, of which sqlglot makes a property; what is
    not emulated is refused."""
    if isinstance(tree, exp.Create) and tree.args.get("kind") == "SCHEMA":
        for option in tree.find_all(exp.Property):
            is_set = isinstance(option.args.get("value"), exp.Boolean) and option.args["value"].this
            if option.name.lower() == "is_case_insensitive" and is_set:
                raise BigQueryError("invalidQuery", "not emulated: case-insensitive datasets")
        for found in list(tree.find_all(exp.LocationProperty)):
            found.replace(exp.Property(this=exp.var("location"), value=found.this))
    return tree


def install():
    """Keep them."""
    execution.before_statement.add(keep_location)
