"""Ask everything, or some functions, and print what is equal, refused and different.

From emulator/tests: ../.venv/bin/python -m judge [--functions SUBSTR,LPAD] [--families windows,operators]
Every case goes to a file of JSON lines, the table to standard output; `--url` is of an emulator that runs.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from emulator_process import EmulatorProcess  # noqa: E402 - the paths come first

from judge import compare, contexts, functions, table  # noqa: E402
from judge.ours import Ours  # noqa: E402
from judge.reference import Reference  # noqa: E402

WORKERS = 2


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--functions", type=_texts, default=(), help="names with commas between; LIKE matches $like too"
    )
    parser.add_argument(
        "--families", type=_texts, default=(), help="beginnings of families, with commas between"
    )
    parser.add_argument(
        "--limit", type=int, default=functions.LIMIT, help="cases of a signature (%(default)s)"
    )
    parser.add_argument("--out", type=Path, default=Path("/tmp/judge.jsonl"), help="every case (%(default)s)")
    parser.add_argument("--url", help="of an emulator that runs already")
    parser.add_argument("--differences", action="store_true", help="print each difference too")
    parser.add_argument("--record", action="store_true", help="put the results into results.tsv")
    options = parser.parse_args()
    start = time.monotonic()
    reference = Reference()
    cases = functions.cases(reference, options.limit) | contexts.cases(reference)
    asked = functions.chosen(cases, options.functions, options.families)
    with _emulator(options.url) as url, options.out.open("w") as out, ThreadPoolExecutor(WORKERS) as pool:
        ours = Ours(url, EmulatorProcess.project)
        rows = []
        for verdicts in pool.map(lambda items: list(compare.judged(items, reference, ours)), asked.values()):
            rows.append(table.row(verdicts))
            for verdict in verdicts:
                print(json.dumps(verdict.record(), ensure_ascii=False), file=out)
                if options.differences and verdict.verdict == "different":
                    print(
                        "{expression}\n  reference: {reference}\n  ours:      {ours}".format(
                            **verdict.record()
                        )
                    )
            out.flush()
    print(table.text(rows))
    print(f"{time.monotonic() - start:.0f} s; every case is in {options.out}")
    if options.record:
        table.record(rows)


def _texts(argument: str) -> tuple[str, ...]:
    return tuple(text.strip() for text in argument.split(","))


@contextmanager
def _emulator(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, EmulatorProcess(Path(folder)) as process:
        yield process.url


if __name__ == "__main__":
    main()
