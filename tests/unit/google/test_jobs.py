"""Query jobs as the REST API takes them."""

import re

import pytest
from google.cloud.bigquery import QueryJobConfig
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.fakes import collection_with, parameters
from vitrine import limits
from vitrine.google import jobs


def test_the_official_client_reads_every_parameter():
    job = jobs.query_job(
        "SELECT 1",
        jobs.string("s", ""),
        jobs.int64("n", 3),
        jobs.boolean("b", False),
        jobs.strings("a", ["x", "y"]),
        jobs.float64s("v", [0.1, 1e-300]),
        jobs.float64("f", None),
        jobs.int64("i", None),
    )
    parameters = QueryJobConfig.from_api_repr(job).query_parameters
    assert [parameter.name for parameter in parameters] == ["s", "n", "b", "a", "v", "f", "i"]
    assert [getattr(p, "value", None) for p in parameters[:3]] == ["", 3, False]
    assert parameters[3].values == ["x", "y"]
    assert parameters[4].values == [0.1, 1e-300]
    assert [parameter.value for parameter in parameters[5:]] == [None, None]


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), ("{{ params.replay }}", "{{ params.replay }}")]
)
def test_a_truth_is_written_as_bigquery_writes_it(value, text):
    assert parameters(jobs.query_job("SELECT 1", jobs.boolean("b", value))) == {"b": text}


def test_the_model_is_the_one_in_use():
    gemini = collection_with(
        models='{"default": {}, "gemini": {"endpoint": "gemini-embedding-2", "dimension": 768}}'
    )
    sent = [
        parameters(jobs.query_job("SELECT 1", jobs.model(one))) for one in (gemini, gemini.using("gemini"))
    ]
    assert sent == [{"model": "multimodalembedding@001/1408"}, {"model": "gemini-embedding-2/768"}]


def test_an_uncached_job_is_the_same_but_answered_anew():
    job = jobs.query_job("SELECT 1", jobs.string("s", ""))
    assert jobs.uncached(job) == {"query": job["query"] | {"useQueryCache": False}}
    assert "useQueryCache" not in job["query"]


def test_a_limited_job_is_the_same_with_a_limit_that_the_client_reads():
    job = jobs.query_job("SELECT 1", jobs.string("s", ""))
    limited = jobs.limited(job, 10**12)
    assert limited == {"query": job["query"] | {"maximumBytesBilled": "1000000000000"}}
    assert QueryJobConfig.from_api_repr(limited).maximum_bytes_billed == 10**12
    assert jobs.limited(job, None) == job
    assert "maximumBytesBilled" not in job["query"]


def test_more_parameters_leave_the_first_configuration_alone():
    job = jobs.query_job("SELECT 1", jobs.string("s", ""))
    more = jobs.with_parameters(job, jobs.int64("n", 3))
    assert [p["name"] for p in more["query"]["queryParameters"]] == ["s", "n"]
    assert [p["name"] for p in job["query"]["queryParameters"]] == ["s"]


@given(st.text())
def test_a_label_has_only_what_bigquery_accepts(value):
    assert re.fullmatch(limits.LABEL_VALUE, jobs.label(value))


@given(st.text(alphabet="aAbB._-1", max_size=70), st.text(alphabet="aAbB._-1", max_size=70))
def test_different_texts_never_give_the_same_label(one, other):
    assert (jobs.label(one) == jobs.label(other)) is (one == other)


@pytest.mark.parametrize(
    ("value", "start"),
    [
        ("manual__2026-11-22T09:45:00+00:00", "manual__2026-11-22t09_45_00_00_00-"),
        ("Embed", "embed-"),
        ("x" * 64, "x" * 54 + "-"),
    ],
)
def test_a_label_begins_with_what_it_stands_for(value, start):
    assert re.fullmatch(re.escape(start) + "[0-9a-f]{8}", jobs.label(value))


@pytest.mark.parametrize("value", ["", "embed_images__met", "scheduled-1", "x" * 63])
def test_a_label_is_the_text_itself_where_bigquery_takes_it(value):
    assert jobs.label(value) == value


@given(st.lists(st.one_of(st.text(), st.integers(0, 10)), min_size=1))
def test_a_job_id_has_only_what_bigquery_accepts(parts):
    assert re.fullmatch(r"[A-Za-z0-9_-]*", jobs.job_id(*parts))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("search", "team-a.1"), ("search", "team-a_1")),
        (("a", "b"), ("a-b",)),
        (("a-b", "c"), ("a", "b-c")),
        (("ü",), ("_",)),
    ],
)
def test_different_parts_never_give_the_same_id(one, other):
    assert jobs.job_id(*one) != jobs.job_id(*other)
    assert jobs.job_id(*one) == jobs.job_id(*one)
