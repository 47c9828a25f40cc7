"""Options of CREATE SCHEMA that the parser takes for something else, or that local-bigquery does not have.

The names of case-insensitive datasets in statements on datasets and in INFORMATION_SCHEMA.
"""

from local_bigquery.catalog import options
from local_bigquery.sql.rules import information_schema
from sqlglot import exp

from bqml_emulator.core.rules import statement_rules
from bqml_emulator.engine import spelling
from bqml_emulator.jobs import execution


def keep_location(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: `location` is an option like any other, of which sqlglot makes a property."""
    if isinstance(tree, exp.Create) and tree.args.get("kind") == "SCHEMA":
        for found in list(tree.find_all(exp.LocationProperty)):
            found.replace(exp.Property(this=exp.var("location"), value=found.this))
    return tree


def spell_dataset(tree: exp.Expression, context) -> exp.Expression:
    """Before a statement: the dataset that is made, changed or dropped."""
    is_ddl = isinstance(tree, exp.Create | exp.Alter | exp.Drop)
    target = tree.find(exp.Table) if is_ddl and tree.args.get("kind") == "SCHEMA" else None
    if target is not None and target.db:
        name = spelling.dataset(target.catalog or context.project_id, target.db)
        target.set("db", exp.to_identifier(name, quoted=True))
    return tree


def spell_views(tree: exp.Expression, context) -> exp.Expression:
    """Statement rule: the dataset of an INFORMATION_SCHEMA view."""
    for table in tree.find_all(exp.Table):
        if found := information_schema._view(table):
            _, project_id, scope = found
            key = "db" if table.db == scope else "catalog"
            if scope and table.args.get(key):
                name = spelling.dataset(project_id or context.project_id, scope)
                table.set(key, exp.to_identifier(name, quoted=True))
    return tree


def install():
    """Keep and spell them."""
    execution.before_statement.add(keep_location)
    execution.before_statement.add(spell_dataset)
    statement_rules.add(spell_views)
    options.DATASET_OPTIONS["is_case_insensitive"] = options.Option(
        "isCaseInsensitive", "BOOL", render=lambda value: str(value).lower()
    )
