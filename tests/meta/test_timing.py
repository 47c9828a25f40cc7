"""What `make test` says about its own time."""

import json
import sys

import pytest

from tests.support.timing import report, run

BUSY = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
JUNIT = """<testsuites><testsuite>
<testcase classname="tests.a" name="test_slow" time="2.5"/>
<testcase classname="tests.a" name="test_quick" time="0.1"/>
</testsuite></testsuites>"""


def test_a_part_is_measured_and_its_exit_code_kept(tmp_path):
    assert run("part", [sys.executable, "-c", BUSY + "\nraise SystemExit(3)"], tmp_path) == 3
    figures = json.loads((tmp_path / "part.json").read_text())
    assert figures["exit_code"] == 3
    assert figures["ended"] - figures["started"] >= 0.3
    assert figures["cpu"] >= 0.3


@pytest.fixture
def two_parts(tmp_path):
    """One part with two tests, and one that failed before its first test."""
    good = {"started": 100.0, "ended": 110.0, "cpu": 7.0, "exit_code": 0}
    bad = {"started": 105.0, "ended": 125.0, "cpu": 1.5, "exit_code": 2}
    (tmp_path / "good.json").write_text(json.dumps(good))
    (tmp_path / "bad.json").write_text(json.dumps(bad))
    (tmp_path / "good.xml").write_text(JUNIT)
    return tmp_path


def test_the_report_has_every_part_the_slowest_test_first(two_parts):
    rows = [line.split() for line in report(two_parts).splitlines() if line]
    assert rows[1:3] == [["2.5", "good", "tests.a::test_slow"], ["0.1", "good", "tests.a::test_quick"]]
    assert rows[-3:] == [
        ["good", "2", "10.0", "7.0"],
        ["bad", "0", "20.0", "1.5", "failed", "(2)"],
        ["all", "2", "25.0", "8.5"],
    ]


def test_before_the_first_part_there_is_nothing_to_report(tmp_path):
    assert report(tmp_path) == "No part has run."
