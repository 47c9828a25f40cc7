"""Every limit says where it comes from."""

import inspect

from vitrine import limits


def test_every_constant_has_a_source_above_it():
    block = ""
    for line in inspect.getsource(limits).split('"""', 2)[2].splitlines():
        block = block + line if line.strip() else ""
        if ": Final" in line:
            assert "http" in block or "github" in block.lower() or "litellm" in block or "#192" in block, line
