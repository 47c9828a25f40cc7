"""The tree of errors is the one its docstring draws."""

import re

from vitrine import errors


def test_the_docstring_draws_every_class():
    classes = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert set(re.findall(r"\w+Error", errors.__doc__)) == classes


def test_every_error_is_ours():
    classes = [value for value in vars(errors).values() if isinstance(value, type)]
    assert all(issubclass(one, errors.VitrineError) for one in classes)
