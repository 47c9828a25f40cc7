"""
### Map collection

Every week: gives each picture of the collection a place near those that are like it, for the page **Map**.

1. **assert_one_model**, **create_image_map**: the vectors are of one model, and there is a table for the map.
2. **draw_map** reads the vectors, lays them out on the worker (a minute or two for 100,000, of more it takes
   a sample) and replaces the rows of `image_map` in one load job. Until then the page shows the map before.

It makes no call to the model, and is safe to stop and clear at any time. See docs/dags/map_collection.md.
"""

from airflow.sdk import DAG, chain

from vitrine import notifications
from vitrine.collection import Collection
from vitrine.dag_defaults import collections_of, dag_arguments, default_args, refuse_unknown_params, runs_at
from vitrine.google.jobs import model, query_job
from vitrine.google.statement import BigQueryStatementOperator
from vitrine.layout.draw_map import DrawMapOperator


def map_collection(collection: Collection) -> DAG:
    """Build the DAG of one collection and one of its models."""
    with DAG(
        dag_id=collection.dag_id("map_collection"),
        description="Lay out the pictures by likeness, for the page Map",
        doc_md=__doc__,
        schedule=runs_at(collection.maintenance_schedule),
        max_active_runs=1,
        # Nobody is watching this run, so every failed task notifies.
        default_args=default_args(collection) | {"on_failure_callback": notifications.on_failure(collection)},
        **dag_arguments(collection),
    ) as dag:
        assert_one_model = BigQueryStatementOperator(
            task_id="assert_one_model",
            pre_execute=refuse_unknown_params,
            collection=collection,
            configuration=query_job("schema/assert_one_model.sql", model(collection)),
        )
        create_image_map = BigQueryStatementOperator(
            task_id="create_image_map",
            collection=collection,
            configuration=query_job("schema/create_image_map.sql"),
        )
        draw_map = DrawMapOperator(task_id="draw_map", collection=collection)
        chain(assert_one_model, create_image_map, draw_map)
    return dag


for collection in collections_of("map_collection"):
    map_collection(collection)
