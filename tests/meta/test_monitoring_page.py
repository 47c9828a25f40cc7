"""docs/monitoring.md names every gauge that there is, and no other."""

import ast
import re
from pathlib import Path

from vitrine import metrics

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"^\| (`vitrine\..*?) \|", re.MULTILINE)


def gauges() -> set[str]:
    """The names that the plugin passes to metrics.gauge."""
    names = {f"vitrine.run.{name}" for name in metrics.COSTS} | {"vitrine.index.coverage"}
    for path in (ROOT / "plugins" / "vitrine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or len(node.args) != 3:
                continue
            if ast.unparse(node.func) in ("gauge", "metrics.gauge") and isinstance(
                node.args[1], ast.Constant
            ):
                names.add(f"vitrine.{node.args[1].value}")
    return names


def test_the_page_names_every_gauge():
    page = (ROOT / "docs" / "monitoring.md").read_text()
    cells = NAMED.findall(page)
    assert {name for cell in cells for name in re.findall(r"`(vitrine\.[a-z_.]+)`", cell)} == gauges()


def test_the_page_names_every_outcome():
    page = (ROOT / "docs" / "monitoring.md").read_text()
    assert f"`outcome`: {', '.join(metrics.OUTCOMES)} |" in page
