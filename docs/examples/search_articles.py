"""Search a table of somebody else's, with a vector index of theirs, once that index is filled.

It knows nothing of collections: of Vitrine it uses the sensor alone. docs/sensors.md explains it.
"""

from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator
from airflow.sdk import DAG, chain

from vitrine.index.sensor import VectorIndexSensor

SEARCH = """
SELECT base.article_id, distance
FROM VECTOR_SEARCH(
  TABLE `{{ params.project }}.{{ params.dataset }}.articles`, 'embedding',
  (SELECT embedding FROM `{{ params.project }}.{{ params.dataset }}.articles` WHERE article_id = 1),
  top_k => 5, distance_type => 'COSINE')
"""

with DAG("search_articles", schedule=None, params={"project": "my-project", "dataset": "shop"}):
    # [START howto_sensor_vector_index]
    wait_for_index = VectorIndexSensor(
        task_id="wait_for_index",
        project_id="{{ params.project }}",
        dataset_id="{{ params.dataset }}",
        table_id="articles",
        index_name="articles_index",
        poke_interval=60,
        timeout=3600,
    )
    # [END howto_sensor_vector_index]

    # [START howto_sensor_vector_index_deferrable]
    wait_for_index_deferred = VectorIndexSensor(
        task_id="wait_for_index_deferred",
        project_id="{{ params.project }}",
        dataset_id="{{ params.dataset }}",
        table_id="articles",
        index_name="articles_index",
        coverage=90,
        poke_interval=60,
        timeout=3600,
        deferrable=True,
    )
    # [END howto_sensor_vector_index_deferrable]

    search = BigQueryInsertJobOperator(
        task_id="search",
        project_id="{{ params.project }}",
        configuration={"query": {"query": SEARCH, "useLegacySql": False}},
    )
    chain([wait_for_index, wait_for_index_deferred], search)
