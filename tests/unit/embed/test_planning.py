"""Names and prices of work orders."""

import re
from math import ceil
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.collection import Rates
from vitrine.embed import planning
from vitrine.embed.planning import (
    Batch,
    Plan,
    Verdict,
    deferred_reason,
    estimate,
    pace,
    review,
    updated_within,
)
from vitrine.errors import PlanTooLongError, TooManyBatchesError


def rates(lanes: int = 3) -> Rates:
    """BigQuery's price and pace outside Europe."""
    return Rates(image_usd=0.0001, images_per_minute=600, images_per_minute_per_job=250, lanes=lanes)


def plan(images: int) -> Plan:
    """A plan of so many images."""
    return estimate(batches(images) if images else [], rates())


def batches(*sizes: int) -> list[Batch]:
    """Batches of these sizes, a megabyte an image."""
    return [
        Batch(
            work_order="w",
            batch_number=number,
            planned_at="2026-11-22 02:00:00+00",
            images=size,
            bytes=size * 1_000_000,
        )
        for number, size in enumerate(sizes)
    ]


def test_an_order_begins_as_all_embedding_jobs_of_the_dataset_do():
    order = planning.work_order("ds", 2, "01a202eb-a5eb")
    assert order.startswith(planning.embed_job_prefix("ds"))
    assert order.startswith("vitrine_embed-ds-pass2-01a202eb_a5eb-")


def test_datasets_that_begin_alike_do_not_wait_for_each_other():
    assert not planning.work_order("ds_2", 1, "id").startswith(planning.embed_job_prefix("ds"))


@pytest.mark.parametrize(
    ("sizes", "lanes", "minutes"),
    [
        ((), 3, 0),
        ((250,), 3, 1),
        ((25_000,), 3, 100),  # one job reaches 250 a minute, however many lanes are free
        ((25_000, 25_000), 2, 100),
        ((25_000, 25_000, 25_000), 3, 125),  # three would reach 750: the quota of 600 binds
    ],
)
def test_the_quota_bounds_the_pace(sizes, lanes, minutes):
    assert estimate(batches(*sizes), rates(lanes)).minutes == minutes


@pytest.mark.parametrize(
    ("quota", "lanes", "unrefused"), [(600, 3, 2), (600, 1, 1), (120, 3, 1), (4_000, 5, 5), (750, 3, 3)]
)
def test_repair_asks_for_no_more_than_the_quota(quota, lanes, unrefused):
    limited = Rates(image_usd=1, images_per_minute=quota, images_per_minute_per_job=250, lanes=lanes)
    assert planning.unrefused_lanes(limited) == unrefused


def test_more_batches_than_airflow_maps_are_refused_with_the_size_that_works():
    planning.refuse_unworkable(100, 10, most_batches=10, rates=rates())
    with pytest.raises(TooManyBatchesError, match=r"110 images make 11 batches.*batch_size of at least 16"):
        planning.refuse_unworkable(110, 11, most_batches=10, rates=rates())


@given(
    images=st.integers(1, 5_000_000),
    too_small=st.integers(1, 2_000),
    lanes=st.integers(1, 6),
    most=st.integers(10, 2_000),
)
def test_the_size_that_a_refusal_names_works(images, too_small, lanes, most):
    """The plan makes full rounds of its lanes: see plan_batches.sql."""

    def planned(batch_size: int) -> int:
        return lanes * ceil(ceil(images / batch_size) / lanes)

    try:
        planning.refuse_unworkable(images, planned(too_small), most, rates(lanes))
    except TooManyBatchesError as refused:
        [size] = re.findall("at least ([0-9,]+)", str(refused))
        assert planned(int(size.replace(",", ""))) <= most


def test_a_plan_that_outlives_its_rows_is_refused_with_the_setting_that_works():
    most = 600 * 60 * 24 * 20
    planning.refuse_unworkable(most, 700, most_batches=1_024, rates=rates())
    with pytest.raises(PlanTooLongError, match=r"20.0 days at 600 a minute.* at most 17,280,000.*keep_going"):
        planning.refuse_unworkable(most + 1, 700, most_batches=1_024, rates=rates())


def test_a_batch_is_no_larger_than_what_the_quota_embeds_within_a_query():
    assert planning.batch_size(25_000, rates()) == 25_000
    slow = Rates(image_usd=0.0001, images_per_minute=60, images_per_minute_per_job=60, lanes=1)
    assert planning.batch_size(25_000, slow) == 60 * 360
    assert planning.batch_size(5, slow) == 5


def test_an_image_costs_a_hundredth_of_a_cent():
    plan = estimate(batches(10_000), rates(1))
    assert plan.cost_usd == pytest.approx(1.0)
    assert str(plan) == "10,000 images (10,000.0 MB) in 1 batches, about $1.00 and 40 min on BigQuery"


@pytest.mark.parametrize(
    ("images", "cap", "dry_run", "verdict"),
    [
        (100_000, 10.0, False, Verdict.EMBED),  # exactly the cap
        (100_001, 10.0, False, Verdict.ASK),
        (1, 0.0, False, Verdict.ASK),
        (0, 0.0, False, Verdict.NOTHING),  # remove and report as every night
        (100_001, 10.0, True, Verdict.STOP),
        (0, 10.0, True, Verdict.STOP),
    ],
)
def test_a_person_is_asked_above_the_cap_and_a_dry_run_stops(images, cap, dry_run, verdict):
    assert review(plan(images), max_cost_usd=cap, dry_run=dry_run) is verdict


@pytest.mark.parametrize(
    ("deferred", "run_left", "month_left", "reason"),
    [
        (0, 5, 3, ""),
        (7, 3, 5, "max_images"),
        (7, 5, 3, "monthly_budget"),
        (7, 5, -1, "monthly_budget"),  # the budget was lowered
    ],
)
def test_the_tightest_limit_is_the_reason(deferred, run_left, month_left, reason):
    assert deferred_reason(deferred, {"max_images": run_left, "monthly_budget": month_left}) == reason


def test_the_plan_is_shown_as_a_table():
    table = planning.as_markdown(plan(10_000), 0, 500, "max_images", 2.5, 50.0, 20.0)
    assert "copies" not in table
    assert "| estimated cost | $1.00 |\n| approval needed above | $50.00 (max_cost_usd) |" in table
    assert "| paid this month so far | $2.50 of the budget of $20.00 |" in table
    assert "| time on BigQuery | about 40 min |" in table
    assert "| images | 10,000 (10,000.0 MB) |" in table
    assert "| deferred to later runs | 500 (max_images) |" in table


def test_without_a_budget_none_is_named():
    table = planning.as_markdown(plan(10_000), 0, 0, "", 0.0, 0.002, None)
    assert "| paid this month so far | $0.00 |" in table
    assert "| approval needed above | $0.002 (max_cost_usd) |" in table, (
        "a limit of less than a cent is one, too"
    )


def test_only_a_run_of_a_backfill_is_bound_to_its_interval():
    interval = {"data_interval_start": "2026-11-01 02:00:00+00:00", "data_interval_end": "2026-11-02"}
    assert updated_within(SimpleNamespace(run_type="backfill", **interval)) == tuple(interval.values())
    for run_type in ("scheduled", "manual", "asset_triggered"):
        assert updated_within(SimpleNamespace(run_type=run_type, **interval)) == planning.ALL_TIMES


def test_the_pace_of_an_order():
    assert pace(planned=100_000, done=25_000, seconds=6_000) == {
        "done": 25_000,
        "left": 75_000,
        "images_per_minute": 250,
        "minutes_left": 300,
    }
    assert pace(planned=5, done=5, seconds=0)["minutes_left"] == 0
    assert pace(planned=5, done=0, seconds=None) == {
        "done": 0,
        "left": 5,
        "images_per_minute": 0,
        "minutes_left": None,
    }
