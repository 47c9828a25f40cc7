"""What the search page adds to its SQL until the first byte: each round sends the bare statement and opens
the page, with the same words, as one person and as twenty at once.

`make bench-page`, from a running `make up` with embedded images.
The page may add less than 15 % and less than 50 ms; the exit code says whether it does.
"""

import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from requests.adapters import HTTPAdapter

sys.path.append(os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"])

from google.cloud.bigquery import Client, QueryJobConfig, ScalarQueryParameter

from vitrine.collection import Collection, load
from vitrine.google.bigquery import BigQuery
from vitrine.google.templates import render_statement
from vitrine.web.search import USUAL_NUMBER

MOST_MILLISECONDS, MOST_SHARE = 50.0, 0.15
WARM_UP, ROUNDS = 3, 30
PEOPLE = (1, 20)


def main() -> int:
    """Measure, print, judge."""
    settings, session = load()["met"], requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=max(PEOPLE)))
    client = BigQuery.of(settings).client()
    client._http.mount("http://", HTTPAdapter(pool_maxsize=max(PEOPLE)))
    base, failed = os.environ["AIRFLOW__API__BASE_URL"], 0
    for people in PEOPLE:
        bare: list[float] = []
        page: list[float] = []
        with ThreadPoolExecutor(people) as crowd:
            for number in range(WARM_UP + ROUNDS):
                # Never the same: the page would know the vector.
                words = [f"photo {number} of {time.time()} by {person}" for person in range(people)]
                asked = list(crowd.map(lambda one: ask(client, settings, one), words))
                opened = list(crowd.map(lambda one: first_byte(session, base, one), words))
                if number >= WARM_UP:
                    bare += asked
                    page += opened
        print(f"{people} at once")
        failed |= judge(bare, page)
    return failed


def ask(client: Client, settings: Collection, words: str) -> float:
    """Send the statement of the page as any program would: milliseconds until its rows are here."""
    sql = render_statement(
        settings,
        "pages/search_by_text.sql",
        uri_prefix="",
        kind="",
        year="",
        use_brute_force=False,
        top_k=USUAL_NUMBER,
        after=0,
        is_embedded=False,
    )
    named = {"query": words, "model": settings.model.id}
    parameters = [ScalarQueryParameter(name, "STRING", value) for name, value in named.items()]
    started = time.perf_counter()
    assert len(list(client.query_and_wait(sql, job_config=QueryJobConfig(query_parameters=parameters))))
    return 1000 * (time.perf_counter() - started)


def first_byte(session: requests.Session, base: str, words: str) -> float:
    """Open the page as a browser would, without its pictures: milliseconds until its first byte."""
    response = session.get(f"{base}/vitrine/met/", params={"q": words}, timeout=60, stream=True)
    elapsed = 1000 * response.elapsed.total_seconds()
    assert response.ok, response.text
    assert "one call to the model" in response.text
    return elapsed


def judge(bare: list[float], page: list[float]) -> int:
    """Print both and what lies between; 0 when the page is as fast as promised."""
    for name, times in (("bare statement", bare), ("search page", page)):
        print(
            f"{name:15} lower quartile {quartile(times):6.0f} ms   median {statistics.median(times):6.0f} ms"
        )
    added = quartile(page) - quartile(bare)
    share = added / quartile(bare)
    print(f"{'added':15} lower quartile {added:6.0f} ms   {share:.1%}   of {len(bare)} searches")
    return int(added >= MOST_MILLISECONDS or share >= MOST_SHARE)


def quartile(times: list[float]) -> float:
    """What a quarter of the rounds took at most: there, other processes of the machine disturb least."""
    return statistics.quantiles(times, n=4)[0]


if __name__ == "__main__":
    sys.exit(main())
