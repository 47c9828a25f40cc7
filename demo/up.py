"""`make up`: Airflow with the embedded BigQuery and the demo's pictures, and what to click next."""

from __future__ import annotations

import os

from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client

from demo.run import search_page
from demo.upload import DEMO_COLLECTION, upload_demo_images
from scripts.stack import ROOT, Stack, StackError, up
from vitrine.collection import Collection, load
from vitrine.errors import SettingsError

# In the order in which a person needs them, and what for.
DAGS = {
    "setup_image_search": "makes the dataset, the model and the tables: once",
    "embed_images": "embeds the pictures that are new: now, then every night",
    "search_images": "searches for words, and writes a page of what it finds",
    "search_saved_queries": "says after each night what the saved queries find now",
    "maintain_vector_index": "measures every week how much the vector index misses",
    "map_collection": "draws the map of all pictures: now, then every week",
    "teardown_image_search": "takes all of it away again",
}


def main() -> int:
    """Start what does not run, upload what is new, say what is next; 0 when it is all there."""
    stack = Stack(ROOT / ".local")
    try:
        collections = {collection.name: collection for collection in load().collections}
        print("Starting Airflow and the embedded BigQuery: up to a minute ...", flush=True)
        up(stack)
    except (StackError, SettingsError) as error:
        print(error)
        return 1
    print(upload_demo_images())
    collection = collections.get(DEMO_COLLECTION) or next(iter(collections.values()))
    print(next_steps(collection, is_searchable=has_pictures(collection)))
    print(
        f"\nBigQuery is at {os.environ['BIGQUERY_EMULATOR_HOST']}, Cloud Storage at "
        f"{os.environ['STORAGE_EMULATOR_HOST']}, logs are in {stack.folder / 'logs'}.\n"
        "`make down` stops it all and keeps the data."
    )
    return 0


def has_pictures(collection: Collection) -> bool:
    """Whether pictures of the collection are searchable."""
    client = Client(project=collection.project, credentials=AnonymousCredentials())
    try:
        return bool(client.get_table(collection.table_id("image_embeddings")).num_rows)
    except NotFound:
        return False


def next_steps(collection: Collection, *, is_searchable: bool) -> str:
    """Where Airflow is, what to click next, and the DAGs in the order in which one needs them."""
    airflow, search = os.environ["AIRFLOW__API__BASE_URL"], search_page(collection.name)
    click = (
        f"Search the pictures: {search}"
        if is_searchable
        else "Nothing is searchable yet: open the first two DAGs of this list, one after the other, and "
        f"press Trigger. Then search the pictures: {search}"
    )
    dags = {collection.dag_id(dag): words for dag, words in DAGS.items()}
    width = max(map(len, dags))
    steps = [
        f"  {number}. {dag:{width}}  {words}" for number, (dag, words) in enumerate(dags.items(), start=1)
    ]
    return "\n".join(["", f"Airflow runs, without a login: {airflow}", click, "", f"{airflow}/dags", *steps])
