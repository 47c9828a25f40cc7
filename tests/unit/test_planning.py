"""Names and prices of work orders."""

import pytest

from vitrine import planning
from vitrine.errors import TooManyBatchesError
from vitrine.planning import Batch, estimate


def batches(*sizes: int) -> list[Batch]:
    """Batches of these sizes, a megabyte an image."""
    return [
        Batch(work_order="w", batch_number=number, images=size, bytes=size * 1_000_000)
        for number, size in enumerate(sizes)
    ]


def test_an_order_begins_as_all_embedding_jobs_of_the_dataset_do():
    order = planning.work_order("ds", 2, "01a202eb-a5eb")
    assert order.startswith(planning.embed_job_prefix("ds"))
    assert order.endswith("-pass2-01a202eb_a5eb")


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
    assert estimate(batches(*sizes), lanes).minutes == minutes


def test_more_batches_than_airflow_maps_are_refused_with_the_size_that_works():
    planning.refuse_too_many(batches(10, 10), most=2)
    with pytest.raises(TooManyBatchesError, match=r"30 images are 3 batches.*batch_size of at least 15"):
        planning.refuse_too_many(batches(10, 10, 10), most=2)


def test_an_image_costs_a_hundredth_of_a_cent():
    plan = estimate(batches(10_000), 1)
    assert plan.cost_usd == pytest.approx(1.0)
    assert str(plan) == "10,000 images (10,000.0 MB) in 1 batches, about $1.00 and 40 min on BigQuery"
