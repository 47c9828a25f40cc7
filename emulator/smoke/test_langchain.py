"""langchain-google-community's BigQueryVectorStore, as its documentation uses it."""

import hashlib
import uuid

import pytest
from emulator_process import wait_until
from google.auth.credentials import AnonymousCredentials
from langchain_core.embeddings import Embeddings
from langchain_google_community import BigQueryVectorStore

DIMENSION = 256
TEXTS = [f"text number {number}" for number in range(5200)]


class HashEmbeddings(Embeddings):
    """A vector of its own for every text, the same each time."""

    def embed_query(self, text: str) -> list[float]:
        digest = hashlib.shake_256(text.encode()).digest(DIMENSION)
        return [byte / 256 for byte in digest]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]


@pytest.fixture(scope="module")
def new_store(emulator):
    """Make a store on a table; the library takes the emulator's address from the environment."""
    dataset = f"langchain_{uuid.uuid4().hex[:8]}"

    def new_store(table: str, **options) -> BigQueryVectorStore:
        return BigQueryVectorStore(
            project_id=emulator.project,
            dataset_name=dataset,
            table_name=table,
            location="US",
            embedding=HashEmbeddings(),
            credentials=AnonymousCredentials(),
            **options,
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGQUERY_EMULATOR_HOST", emulator.url)
        yield new_store


@pytest.fixture(scope="module")
def store(new_store):
    """A store with 5,200 texts, every tenth in the collection `tens`."""
    store = new_store("documents", distance_type="COSINE", allow_raw_sql_filters=True)
    metadatas = [{"number": n, "collection": "others" if n % 10 else "tens"} for n in range(len(TEXTS))]
    assert len(set(store.add_texts(TEXTS, metadatas))) == len(TEXTS)
    return store


def indexes(store: BigQueryVectorStore) -> list[tuple]:
    """Name, state and coverage of the table's vector index as INFORMATION_SCHEMA shows them."""
    rows = store._bq_client.query_and_wait(
        "SELECT index_name, index_status, coverage_percentage "
        f"FROM {store.dataset_name}.INFORMATION_SCHEMA.VECTOR_INDEXES WHERE table_name = '{store.table_name}'"
    )
    return [tuple(row) for row in rows]


def texts(documents) -> list[str]:
    return [document.page_content for document in documents]


def test_a_text_is_nearest_to_itself(store):
    found = store.similarity_search_with_score("text number 17", k=3)
    assert found[0][0].page_content == "text number 17"
    assert found[0][0].metadata["number"] == 17
    assert found[0][1] == pytest.approx(0, abs=1e-9)
    assert [score for _, score in found] == sorted(score for _, score in found)


def test_search_by_vectors(store):
    vectors = store.embedding.embed_documents(["text number 1", "text number 2"])
    assert texts(store.similarity_search_by_vector(vectors[0], k=1)) == ["text number 1"]
    both = store.similarity_search_by_vectors(vectors, k=1, with_embeddings=True)
    assert [found[0][0].page_content for found in both] == ["text number 1", "text number 2"]
    assert [found[0][1] for found in both] == vectors


def test_batch_search(store):
    """It uploads the queries into a table that expires, in a dataset of its own."""
    found = store.batch_search(queries=["text number 5", "text number 6"], k=2)
    assert [[len(pair) for pair in documents] for documents in found] == [[2, 2], [2, 2]]
    assert [documents[0][0].page_content for documents in found] == ["text number 5", "text number 6"]


def test_filters(store):
    tens = texts(store.similarity_search("text number 17", filter={"collection": "tens"}, k=5))
    assert len(tens) == 5
    assert all(text.endswith("0") for text in tens)
    one = store.similarity_search("text number 17", filter={"collection": "tens", "number": 40}, k=5)
    assert texts(one) == ["text number 40"]
    assert texts(store.similarity_search("x", filter="number BETWEEN 3 AND 4", k=5)) in (
        ["text number 3", "text number 4"],
        ["text number 4", "text number 3"],
    )
    assert store.similarity_search("x", filter={"collection": "none"}) == []


def test_brute_force_and_maximal_marginal_relevance(store):
    options = {"use_brute_force": True}
    assert texts(store.similarity_search("text number 9", k=1, options=options)) == ["text number 9"]
    diverse = texts(store.max_marginal_relevance_search("text number 9", k=3, fetch_k=20))
    assert diverse[0] == "text number 9"
    assert len(set(diverse)) == 3


def test_get_documents(store):
    [document] = store.get_documents(filter={"number": 7})
    assert document.page_content == "text number 7"
    assert store.get_documents([document.metadata["__id"]]) == [document]
    assert len(store.get_documents(filter={"collection": "tens"})) == 520


def test_job_stats(store):
    job = store._bq_client.query("SELECT 1")
    job.result()
    assert store.job_stats(job.job_id)["query"]["statementType"] == "SELECT"


def test_a_second_store_on_the_table_makes_the_index_and_searches_by_it(store, new_store):
    second = new_store("documents", distance_type="COSINE")
    wait_until(lambda: indexes(second) == [("documents_langchain_index", "ACTIVE", 100)], 60)
    assert texts(second.similarity_search("text number 4711", k=1)) == ["text number 4711"]
    options = {"fraction_lists_to_search": 0.5}
    assert texts(second.similarity_search("text number 4711", k=1, options=options)) == ["text number 4711"]
    assert new_store("documents")._have_index


def test_an_index_below_10_megabytes_stays_empty_and_search_works(new_store):
    small = new_store("small")
    vectors = [[number / 5000] * 8 for number in range(5000)]
    small.add_texts_with_embeddings([f"small {number}" for number in range(5000)], vectors)
    again = new_store("small")
    wait_until(lambda: indexes(again), 30)
    assert indexes(again) == [("small_langchain_index", "ACTIVE", 0)]
    assert texts(again.similarity_search_by_vector(vectors[300], k=1)) == ["small 300"]


def test_delete(new_store):
    store = new_store("deleted")
    first, second = store.add_texts(["kept", "gone"])
    assert store.delete([second])
    assert texts(store.get_documents()) == ["kept"]
    assert texts(store.similarity_search("gone", k=5)) == ["kept"]
    assert store.get_documents([second]) == []
    assert texts(store.get_documents([first])) == ["kept"]
