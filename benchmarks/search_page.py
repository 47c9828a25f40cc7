"""What the search page adds to its SQL: each round sends the bare statement and opens the page, same words.

`make bench-page`, from a running `make up` with embedded images.
The page may add less than 15 % and less than 50 ms; the exit code says whether it does.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable

import requests

sys.path.append(os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"])

from google.cloud.bigquery import Client, QueryJobConfig, ScalarQueryParameter

from vitrine.collection import Collection, load
from vitrine.google.bigquery import BigQuery
from vitrine.google.templates import render_statement
from vitrine.web.search import USUAL_NUMBER

MOST_MILLISECONDS, MOST_SHARE = 50.0, 0.15
WARM_UP, ROUNDS = 3, 30


def main() -> int:
    """Measure, print, judge."""
    settings, session = load()["met"], requests.Session()
    client = BigQuery.of(settings).client()
    base = os.environ["AIRFLOW__API__BASE_URL"]
    bare, page = [], []
    for number in range(WARM_UP + ROUNDS):
        words = f"photo {number} of {time.time()}"  # never the same: the page would know the vector
        bare.append(milliseconds(lambda words=words: ask(client, settings, words)))
        page.append(milliseconds(lambda words=words: open_page(session, base, words)))
    return judge(bare[WARM_UP:], page[WARM_UP:])


def ask(client: Client, settings: Collection, words: str) -> None:
    """Send the statement of the page as any program would."""
    sql = render_statement(
        settings,
        "pages/search_by_text.sql",
        uri_prefix="",
        use_brute_force=False,
        top_k=USUAL_NUMBER,
        after=0,
        is_embedded=False,
    )
    named = {"query": words, "model": settings.model.id}
    parameters = [ScalarQueryParameter(name, "STRING", value) for name, value in named.items()]
    assert len(list(client.query_and_wait(sql, job_config=QueryJobConfig(query_parameters=parameters))))


def open_page(session: requests.Session, base: str, words: str) -> None:
    """Open the page as a browser would, without its pictures."""
    response = session.get(f"{base}/vitrine/met/", params={"q": words}, timeout=60)
    assert response.ok, response.text
    assert "one call to the model" in response.text


def milliseconds(work: Callable[[], None]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def judge(bare: list[float], page: list[float]) -> int:
    """Print both and what lies between; 0 when the page is as fast as promised."""
    for name, times in (("bare statement", bare), ("search page", page)):
        print(
            f"{name:15} lower quartile {quartile(times):6.0f} ms   median {statistics.median(times):6.0f} ms"
        )
    added = quartile(page) - quartile(bare)
    share = added / quartile(bare)
    print(f"{'added':15} lower quartile {added:6.0f} ms   {share:.1%}   of {len(bare)} rounds")
    return int(added >= MOST_MILLISECONDS or share >= MOST_SHARE)


def quartile(times: list[float]) -> float:
    """What a quarter of the rounds took at most: there, other processes of the machine disturb least."""
    return statistics.quantiles(times, n=4)[0]


if __name__ == "__main__":
    sys.exit(main())
