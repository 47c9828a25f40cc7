"""Measure the parts of `make test` and report where the time went.

    python tests/support/timing.py run PART COMMAND...   # as COMMAND, and writes .local/timings/PART.json
    python tests/support/timing.py report                # a table of all parts, and the slowest tests

The tests' own times come from pytest's JUnit files, .local/timings/PART.xml. CPU time is that of the command
and of every process below it whose end was waited for.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

TIMINGS = Path(__file__).resolve().parents[2] / ".local/timings"
SLOWEST = 30


def run(part: str, command: list[str], folder: Path = TIMINGS) -> int:
    """Run the command, write what it took in seconds, and return its exit code."""
    print(f"== {part}", flush=True)
    started = time.time()
    code = subprocess.call(command)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = {
        "started": started,
        "ended": time.time(),
        "cpu": usage.ru_utime + usage.ru_stime,
        "exit_code": code,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{part}.json").write_text(json.dumps(figures))
    return code


def tests_of(part: str, folder: Path) -> list[tuple[float, str]]:
    """Seconds and name of every test of a part; none where pytest did not run or did not come to its end."""
    path = folder / f"{part}.xml"
    if not path.exists():
        return []
    cases = ElementTree.parse(path).iter("testcase")
    return [(float(case.attrib["time"]), f"{case.get('classname')}::{case.get('name')}") for case in cases]


def report(folder: Path = TIMINGS) -> str:
    """The slowest tests of all parts, then wall and CPU seconds of each part and of all together."""
    parts = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    if not parts:
        return "No part has run."
    tests = {part: tests_of(part, folder) for part in parts}
    slowest = sorted(((*test, part) for part in parts for test in tests[part]), reverse=True)[:SLOWEST]
    lines = [f"\nThe {len(slowest)} slowest tests, in seconds:"]
    lines += [f"{seconds:9.1f}  {part:<16} {name}" for seconds, name, part in slowest]
    lines += ["", f"{'part':<16} {'tests':>6} {'wall s':>8} {'CPU s':>8}"]
    for part, figures in sorted(parts.items(), key=lambda item: item[1]["started"]):
        wall = figures["ended"] - figures["started"]
        failed = f"  failed ({figures['exit_code']})" if figures["exit_code"] else ""
        lines.append(f"{part:<16} {len(tests[part]):>6} {wall:>8.1f} {figures['cpu']:>8.1f}{failed}")
    # Parts run side by side, so that their wall times do not add up.
    wall = max(one["ended"] for one in parts.values()) - min(one["started"] for one in parts.values())
    count, cpu = sum(map(len, tests.values())), sum(one["cpu"] for one in parts.values())
    return "\n".join([*lines, f"{'all':<16} {count:>6} {wall:>8.1f} {cpu:>8.1f}"])


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run", part, *command] if command:
            sys.exit(run(part, command))
        case ["report"]:
            print(report())
        case _:
            sys.exit(__doc__)
