"""docs/monitoring.md and the dashboard name every gauge that there is, and no other."""

import ast
import json
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


def test_the_dashboard_shows_every_gauge_and_no_other():
    dashboard = json.loads((ROOT / "deploy/grafana/vitrine.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [variable["definition"] for variable in dashboard["templating"]["list"]]
    named = {name for expression in asked for name in re.findall(r"airflow_vitrine_\w+", expression)}
    assert named == {f"airflow_{gauge.replace('.', '_')}" for gauge in gauges()}


def test_the_panels_of_the_dashboard_do_not_overlap():
    dashboard = json.loads((ROOT / "deploy/grafana/vitrine.json").read_text())
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in dashboard["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24, "Grafana's grid has 24 columns"


def test_the_page_names_every_outcome():
    page = (ROOT / "docs" / "monitoring.md").read_text()
    assert f"`outcome`: {', '.join(metrics.OUTCOMES)} |" in page
