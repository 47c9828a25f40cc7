"""The order of what is changed of local-bigquery: as declared, and loud where it cannot be met."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bqml_emulator.api import errors, faults
from bqml_emulator.core.order import Order
from bqml_emulator.hooks import PACKAGES, changes, in_order
from bqml_emulator.jobs import children, dml, execution, written_tables

# Each pair: what must come before what, because…
RULES = [
    # … everything else reads what a statement means, and a refusal costs no call of the model
    ("expressions.keep_meaning", "refusals.refuse"),
    ("refusals.refuse", "function.expand"),
    ("bignumeric.refuse_longer", "function.expand"),
    # … the others see plain queries
    ("function.expand", "search.rewrite"),
    ("function.expand", "object_tables.check_readable"),
    ("function.expand", "stored_arrays.keep_arrays"),
    # … a search reports vectors that have no distance in its own words
    ("distances.call", "search.rewrite"),
    ("search.rewrite", "stored_arrays.keep_arrays"),
]
STATEMENTS = [
    # … other statements have no names to look at, and no table is looked for whose dataset is unknown
    ("refusals.refuse_engine_statements", "qualified_names.require_dataset"),
    ("qualified_names.require_dataset", "dml.require_where"),
    ("qualified_names.require_dataset", "object_tables.refuse_change"),
    # … what is refused does not wait
    ("dml.require_where", "dml.queue"),
    ("object_tables.refuse_change", "dml.queue"),
    # … the declared columns give their types to the query
    ("created_tables.evaluate_first", "stored_arrays.keep_created_arrays"),
    # … only what will run calls the model
    ("dml.queue", "function.expand_writing"),
    ("struct_fields.check", "function.expand_writing"),
    ("stored_arrays.keep_created_arrays", "function.expand_writing"),
]
SHOW = """
import json
from bqml_emulator import hooks
from bqml_emulator.core import config
from bqml_emulator.core.rules import statement_rules
from bqml_emulator.jobs import execution
hooks.install(config.load())
orders = (statement_rules, execution.before_statement)
print(json.dumps([[f"{s.__module__.split('.')[-1]}.{s.__name__}" for s in o.steps()] for o in orders]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> list[list[str]]:
    """Rules and what comes before statements, as a process that installs them has them."""
    folder = tmp_path_factory.mktemp("order")
    command = [sys.executable, "-c", SHOW]
    answer = subprocess.run(
        command, env={"EMULATOR_DATA": str(folder), "PYTHONPATH": ":".join(sys.path)}, capture_output=True
    )
    assert answer.returncode == 0, answer.stderr.decode()
    return json.loads(answer.stdout)


@pytest.mark.parametrize(
    ("which", "earlier", "later"), [(0, *p) for p in RULES] + [(1, *p) for p in STATEMENTS]
)
def test_what_must_come_before_what(installed, which, earlier, later):
    assert installed[which].index(earlier) < installed[which].index(later)


def test_every_module_with_a_change_is_found():
    root = Path(errors.__file__).parents[2]
    with_change = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in root.glob("bqml_emulator/*/*.py")
        if "\ndef install(" in path.read_text()
    }
    assert {module.__name__ for package in PACKAGES for module in changes(package)} == with_change


def test_statements_are_prepared_around_their_transactions():
    found = in_order([execution, dml, written_tables, children])
    assert found == (children, written_tables, dml, execution)


def test_errors_are_answered_around_the_faults():
    assert in_order([errors, faults]) == (faults, errors)


@pytest.fixture
def order():
    return Order("steps")


def test_without_demands_steps_run_as_they_were_added(order):
    for step in (len, abs, max):
        order.add(step)
    assert order.steps() == (len, abs, max)


def test_demands_are_met_and_all_else_stays(order):
    order.add(len, after=[max])
    order.add(abs)
    order.add(max)
    order.add(min, before=[abs])
    assert order.steps() == (max, len, min, abs)


def test_the_first_come_before_all_others(order):
    order.add(len)
    order.add(abs, first=True)
    order.add(max, first=True)
    assert order.steps() == (abs, max, len)


def test_a_step_added_later_is_there(order):
    order.add(len)
    assert order.steps() == (len,)
    order.add(abs, before=[len])
    assert order.steps() == (abs, len)


def test_a_circle_is_named(order):
    order.add(len, before=[abs])
    order.add(abs, before=[max])
    order.add(max, before=[len])
    with pytest.raises(ValueError, match=r"steps: .*builtins\.abs.* is a circle"):
        order.steps()


def test_a_first_one_behind_another_is_a_circle(order):
    order.add(len)
    order.add(abs, first=True, after=[len])
    with pytest.raises(ValueError, match="is a circle"):
        order.steps()


def test_a_step_that_nobody_added_is_named(order):
    order.add(len, after=[abs])
    with pytest.raises(
        ValueError, match=r"builtins\.abs must come before builtins\.len, but nobody added builtins\.abs"
    ):
        order.steps()


def test_a_step_is_added_once(order):
    order.add(len)
    with pytest.raises(ValueError, match=r"builtins\.len is there already"):
        order.add(len)
