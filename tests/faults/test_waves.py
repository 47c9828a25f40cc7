"""More images than one run, one plan or Airflow can take: waves, and plans that are refused before they cost."""

import re
from math import ceil

import pytest
from airflow.models import DagRun
from airflow.utils.session import create_session

from tests.faults.images import photo
from vitrine import limits
from vitrine.collection import load
from vitrine.embed import planning
from vitrine.errors import PlanTooLongError


def planned(bucket) -> int:
    """Rows of work orders."""
    [row] = bucket.world.rows("SELECT COUNT(*) AS images FROM embedding_batches")
    return row["images"]


def next_waves(run) -> list[DagRun]:
    """Runs that a run has started, which nobody carries out here."""
    with create_session() as session:
        return [
            wave
            for wave in session.query(DagRun).filter(DagRun.dag_id == run.dag_id)
            if wave.run_id.startswith(f"{run.run_id}__")
        ]


def test_a_large_collection_is_cut_into_waves_each_of_which_starts_the_next(hashed, monkeypatch):
    monkeypatch.setenv("VITRINE_MAX_IMAGES_PER_RUN", "3")
    hashed.put({f"{number}.jpg": photo(number) for number in range(7)})
    hashed.world.prepare()

    alone = hashed.world.run("embed_images")
    assert alone.state == "success"
    cut = {"planned": 3, "published": 3, "outcome": "deferred", "deferred_reason": "max_images_per_run"}
    assert hashed.report(alone, *cut, "deferred") == cut | {"deferred": 4}
    assert next_waves(alone) == []

    first = hashed.world.run("embed_images", keep_going=True, order="oldest")
    assert first.state == "success"
    assert hashed.report(first, *cut, "deferred") == cut | {"deferred": 1}
    [wave] = next_waves(first)
    assert wave.run_id == f"{first.run_id}__wave_2"
    assert wave.conf == {"keep_going": True, "order": "oldest"}

    last = hashed.world.run("embed_images", **wave.conf)
    assert last.state == "success"
    assert next_waves(last) == []
    hashed.check_vectors()
    assert set(hashed.paid().values()) == {1}


def test_what_cannot_work_is_refused_before_anything_is_written_with_a_number_that_works(
    hashed, monkeypatch, capsys
):
    monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "5")
    monkeypatch.setattr(planning, "most_plan_images", lambda _: 8)
    hashed.put({f"{number}.jpg": photo(number) for number in range(10)})
    hashed.world.prepare()
    before = hashed.world.emulator.last_call()

    def refused(words: str, **conf) -> int:
        capsys.readouterr()
        run = hashed.world.run("embed_images", **conf)
        assert run.state == "failed"
        assert run.get_task_instance("plan.plan_batches").try_number == 1, "a retry would not help"
        assert planned(hashed) == 0
        said = capsys.readouterr().out
        assert "IncompleteRunError" in said, "the report repeats the cause"
        [number] = set(re.findall(rf"Nothing was planned\. .*{words} (\d+)", said))
        return int(number)

    batch_size = refused("batch_size of at least", batch_size=1, max_images=8)
    most_images = refused("max_images_per_run to at most")
    assert hashed.calls(before) == []

    monkeypatch.setenv("VITRINE_MAX_IMAGES_PER_RUN", str(most_images))
    del hashed.world.dagbag
    assert hashed.world.run("embed_images", batch_size=batch_size).state == "success"
    assert planned(hashed) == most_images
    assert len(hashed.calls(before)) == most_images


def test_ten_million_images_are_too_long_for_one_plan_but_not_for_a_chain_of_waves(monkeypatch):
    monkeypatch.setenv("VITRINE_LOCATION", "europe-west4")  # 120 images a minute
    rates, images = load()["met"].rates, 10_000_000
    with pytest.raises(PlanTooLongError, match=r"57\.9 days .* at most 3,456,000"):
        planning.refuse_unworkable(images, images // 25_000, 1024, rates)

    per_wave = load()["met"].images_per_run
    waves = ceil(images / per_wave)
    assert (per_wave, waves) == (43_200, 232)
    batches = ceil(per_wave / planning.batch_size(limits.MAX_ROWS_PER_EMBEDDING_JOB, rates))
    planning.refuse_unworkable(per_wave, batches + rates.lanes, 1024, rates)
    assert planning.most_plan_images(rates) >= per_wave
    hours = per_wave / rates.images_per_minute / 60
    assert hours <= 6
    assert round(waves * hours / 24) == 58
