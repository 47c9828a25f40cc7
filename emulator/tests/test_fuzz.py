"""Whatever is sent, the server answers soon, in BigQuery's shape, with a 5xx only for what is not emulated.

The examples are the same in every run. For long: FUZZ_EXAMPLES=20000 pytest tests/test_fuzz.py
"""

import importlib
import os
import sys

import fuzz_bodies
import fuzz_sql
import pytest
import requests
from emulator_process import EmulatorProcess, wait_until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
ANSWER_SECONDS = 60  # far above what a busy machine needs
RUN_SECONDS = 5  # a statement that takes longer (a loop without an end) is cancelled
QUERIES = "/bigquery/v2/projects/demo-project/queries"
ROWS = "[STRUCT(1 AS id, 'red' AS title, [1.0, 0.0] AS v), (2, 'green', [0.6, 0.8]), (3, NULL, [0.0, 1.0])]"


def fuzzed(examples: int):
    """The settings of a test: the same examples each time, or as many new ones as FUZZ_EXAMPLES says."""
    return settings(
        max_examples=EXAMPLES or examples,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module", autouse=True)
def no_constants_of_modules():
    """Hypothesis would draw constants of every module that other tests have imported, so other examples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "_get_local_constants", Constants)
        providers.CONSTANTS_CACHE.cache.clear()
        yield
    providers.CONSTANTS_CACHE.cache.clear()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """An emulator with a dataset, a table, a view, a procedure and a function to aim at."""
    with EmulatorProcess(tmp_path_factory.mktemp("fuzz")) as process:
        process.faults(hash_model=True)
        process.bigquery().query_and_wait(
            f"CREATE SCHEMA ds; CREATE TABLE ds.t AS SELECT * FROM UNNEST({ROWS}); "
            "CREATE VIEW ds.view AS SELECT id FROM ds.t; CREATE FUNCTION ds.f(x INT64) AS (x + 1); "
            "CREATE PROCEDURE ds.p(x INT64) BEGIN SELECT x; END"
        )
        process.session = requests.Session()
        yield process
        assert process.process.poll() is None


def check_error(error: dict, seen: tuple):
    """An error says why, in BigQuery's shape and in no words of the engines below."""
    assert error["message"], seen
    assert error["reason"], seen
    assert error["reason"] not in ("dontRetry", "internalError"), seen
    assert not fuzz_sql.ENGINE_WORDS.search(error["message"]), seen


def answer(server, method, path, **request):
    """Send it, check that what comes back is an answer of BigQuery's, and return it."""
    response = server.session.request(method, server.url + path, timeout=ANSWER_SECONDS, **request)
    seen = (method, path, request, response.status_code, response.text[:1000])
    assert response.status_code < 500 or "not emulated" in response.text, seen
    if method == "HEAD" or not response.content:
        return {}
    found = response.json() if "json" in response.headers["content-type"] else {}
    if response.status_code >= 400:
        assert found["error"]["code"] == response.status_code, seen
        check_error(found["error"]["errors"][0], seen)
    status = found.get("status") if isinstance(found, dict) else None
    if isinstance(status, dict) and "errorResult" in status:
        check_error(status["errorResult"], seen)
    return found


def statements():
    """Statements of either kind."""
    return st.one_of(fuzz_sql.grammar(), fuzz_sql.mutations())


def drawn() -> list:
    """What is tried of a strategy."""
    found = []

    @fuzzed(300)
    @given(st.one_of(st.integers(), st.text(), st.floats(allow_nan=False)))
    def collect(value):
        found.append(value)

    collect()
    return found


def test_the_examples_do_not_depend_on_the_modules_that_are_loaded(tmp_path, monkeypatch):
    before = drawn()
    name = "constants_elsewhere"  # no name of a test, which hypothesis would leave out
    constants = ", ".join(f"{1_000_003 * n}, {n}.625, 'text {n}'" for n in range(1, 200))
    tmp_path.joinpath(f"{name}.py").write_text(f"CONSTANTS = [{constants}]")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, name, importlib.import_module(name))
    assert EXAMPLES or drawn() == before


@fuzzed(400)
@given(fuzz_bodies.requests())
def test_a_malformed_request_is_refused(server, request_):
    method, path, arguments = request_
    answer(server, method, path, **arguments)


@fuzzed(80)
@given(statements())
def test_a_statement_is_answered_or_refused(server, sql):
    body = {"query": sql, "useLegacySql": False, "timeoutMs": RUN_SECONDS * 1000}
    found = answer(server, "POST", QUERIES, json=body)
    if found.get("jobComplete") is False:
        job_id = found["jobReference"]["jobId"]
        server.bigquery().cancel_job(job_id)
        wait_until(lambda: server.bigquery().get_job(job_id).state == "DONE")


@fuzzed(60)
@given(statements())
def test_a_statement_is_tried_dry(server, sql):
    answer(server, "POST", QUERIES, json={"query": sql, "useLegacySql": False, "dryRun": True})


def test_the_server_still_serves(server):
    assert server.session.get(f"{server.url}/emulator/health", timeout=ANSWER_SECONDS).json() == {
        "status": "ok"
    }
    [row] = server.bigquery().query_and_wait("SELECT 1 AS x")
    assert row.x == 1
