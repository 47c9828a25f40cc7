"""What the first edition kept searchable is taken over: nothing is embedded again. See docs/upgrading.md."""

import json
from pathlib import Path

from tests.faults.images import photo

FOLDER = Path(__file__).parent
IMAGES = 6
PUBLISH = """
INSERT INTO `demo-project.{dataset}.met_image_embeddings{suffix}`
  (uri, content_hash, generation, content_type, size, updated, model, ml_generate_embedding_result,
   ml_generate_embedding_status, run_id, embedded_at)
SELECT uri, md5_hash, generation, content_type, size, updated, 'multimodalembedding@001/{dimension}',
  ml_generate_embedding_result, '', 'scheduled__2026-11-01', CURRENT_TIMESTAMP()
FROM ML.GENERATE_EMBEDDING(
  MODEL `demo-project.{dataset}.multimodal_embedding_model{suffix}`,
  TABLE `demo-project.{dataset}.met_images`,
  STRUCT(TRUE AS flatten_json_output, {dimension} AS output_dimensionality))
WHERE uri NOT LIKE '%broken%'"""
QUARANTINE = """
INSERT INTO `demo-project.{dataset}.embedding_quarantine{suffix}`
  (uri, content_hash, model, ml_generate_embedding_status, attempts, run_id, quarantined_at)
SELECT uri, md5_hash, 'multimodalembedding@001/{dimension}', 'INVALID_ARGUMENT', 1, 'r', CURRENT_TIMESTAMP()
FROM `demo-project.{dataset}.met_images` WHERE uri LIKE '%broken%'"""


def leave_behind(world, *profiles: tuple[str, int]) -> None:
    """Make the dataset as the first edition did, with images and vectors for each (suffix, dimension)."""
    world.upload({f"{number}.jpg": photo(number) for number in range(IMAGES)} | {"broken.jpg": b"no image"})
    texts = [
        (FOLDER / "first_edition_dataset.sql").read_text().format(dataset=world.dataset, bucket=world.bucket)
    ]
    for suffix, dimension in profiles:
        names = {"dataset": world.dataset, "suffix": suffix, "dimension": dimension}
        texts.append((FOLDER / "first_edition_profile.sql").read_text().format(**names))
        texts += [sql.format(**names) + ";" for sql in (PUBLISH, QUARANTINE)]
    for text in texts:
        world.emulator.bigquery.query_and_wait(text)


def test_its_tables_are_those_of_the_collection_met(fresh_world):
    leave_behind(fresh_world, ("", 1408))
    calls = fresh_world.emulator.last_call()
    assert fresh_world.run("setup_image_search").state == "success"
    run = fresh_world.run("embed_images")
    assert run.state == "success"
    asked = [call["kind"] for call in fresh_world.emulator.ledger(calls)]
    assert asked == ["text"], "not even the preflight of setup asks about an image again"
    [report] = fresh_world.rows("SELECT outcome, planned FROM embedding_runs")
    assert report == {"outcome": "nothing_pending", "planned": 0}

    fresh_world.upload({"new.jpg": photo(IMAGES)})
    assert fresh_world.run("embed_images").state == "success"
    images = [call["uri"] for call in fresh_world.emulator.ledger(calls) if call["kind"] == "image"]
    assert images == [f"gs://{fresh_world.bucket}/new.jpg"]
    assert fresh_world.run("search_images").state == "success"


def test_a_profile_is_a_model_of_that_name(fresh_world, monkeypatch):
    monkeypatch.setenv("VITRINE_MODELS", json.dumps({"small": {"dimension": 256}, "default": {}}))
    monkeypatch.setenv("VITRINE_ACTIVE_MODEL", "small")
    leave_behind(fresh_world, ("", 1408), ("_small", 256))
    for dag_id in ("setup_image_search__met", "setup_image_search__met__default"):
        assert fresh_world.run_dag(dag_id).state == "success"
    calls = fresh_world.emulator.last_call()
    for dag_id in ("embed_images__met", "embed_images__met__default"):
        assert fresh_world.run_dag(dag_id).state == "success"
    assert fresh_world.emulator.last_call() == calls
