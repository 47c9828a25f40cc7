"""
### Tear down image search

Drops what `setup_image_search` has made for a collection and model, and nothing else. The images in the
bucket are never touched, and what others have put into the dataset stays.

1. **list_resources** shows what goes, what stays, and what it would cost to make again. It refuses unless
   `confirm` is the name of the dataset, and while a run of `embed_images` is at work.
2. **approve_teardown** waits for a person's approval.
3. **refuse_others** takes turn and lease, so that no run begins meanwhile.
4. **drop_…**: vector index, tables, model, listing, connection and dataset, as far as they were approved. The
   last two go only if setup has made them, the dataset only when it is empty, the connection only if
   `drop_connection` asks for it: whether others use it cannot be seen from here.
5. **delete_galleries**, if `delete_galleries` is set. **report_teardown** says what is left.

It can be repeated: a second run finds nothing, and ends well. See docs/dags/teardown_image_search.md.
"""

from datetime import timedelta
from functools import partial

from airflow.sdk import DAG, TaskGroup, TriggerRule, chain

from vitrine import notifications
from vitrine.collection import Collection
from vitrine.dag_defaults import collections_of, dag_arguments, default_args, refuse_unknown_params
from vitrine.embed.approve import ApproveOperator
from vitrine.google.jobs import query_job
from vitrine.setup.inventory import Part
from vitrine.setup.teardown import (
    LISTING,
    PARAMS,
    DeleteGalleriesOperator,
    DropOperator,
    ListResourcesOperator,
    RefuseOthersOperator,
    ReportTeardownOperator,
    tables_to_drop,
)

STATEMENTS = {
    Part.INDEX: "drop_vector_index",
    Part.TABLES: "drop_tables",
    Part.MODEL: "drop_model",
    Part.IMAGES: "drop_images",
    Part.CONNECTION: "drop_connection",
    Part.DATASET: "drop_dataset",
}
END = "report_teardown"
QUESTION = "This will be dropped, for good. Approve?"


def teardown_image_search(collection: Collection) -> DAG:
    """Build the DAG of one collection and one of its models."""
    with DAG(
        dag_id=collection.dag_id("teardown_image_search"),
        description="Drop what setup_image_search has made, after a person has approved it",
        doc_md=__doc__,
        schedule=None,
        max_active_runs=1,
        params=PARAMS,
        default_args=default_args(collection),
        **dag_arguments(collection, tables_to_drop=partial(tables_to_drop, collection)),
    ) as dag:
        list_resources = ListResourcesOperator(
            task_id=LISTING, collection=collection, end=END, pre_execute=refuse_unknown_params
        )
        approve = ApproveOperator(
            task_id="approve_teardown",
            subject=QUESTION,
            body=f"{{{{ ti.xcom_pull(task_ids='{LISTING}', key='plan') }}}}",
            response_timeout=timedelta(hours=collection.approval_hours),
            notifiers=notifications.on_question(collection),
            end=END,
        )
        refuse_others = RefuseOthersOperator(task_id="refuse_others", collection=collection)
        with TaskGroup("drop", prefix_group_id=False):
            drops = [
                DropOperator(
                    task_id=statement,
                    collection=collection,
                    part=part,
                    configuration=query_job(f"teardown/{statement}.sql"),
                    # A part that is not there, or stays, is skipped alone.
                    trigger_rule=TriggerRule.ALL_SUCCESS if part is Part.INDEX else TriggerRule.NONE_FAILED,
                )
                for part, statement in STATEMENTS.items()
            ]
        delete_galleries = DeleteGalleriesOperator(
            task_id="delete_galleries", collection=collection, trigger_rule=TriggerRule.NONE_FAILED
        )
        report = ReportTeardownOperator(
            task_id=END, collection=collection, trigger_rule=TriggerRule.NONE_FAILED
        )
        chain(list_resources, approve, refuse_others, *drops, delete_galleries, report)
    return dag


for collection in collections_of("teardown_image_search"):
    teardown_image_search(collection)
