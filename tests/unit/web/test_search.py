"""The search page, against the embedded BigQuery and its real model."""

import re
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.unit.web.conftest import BUCKET, HOSTILE, PICTURES
from vitrine.collection import load
from vitrine.errors import InputError
from vitrine.google.bigquery import Answer
from vitrine.web import duplicates
from vitrine.web.search import Found, Search, find, index_use, notes
from vitrine.web.terms import MOST_KNOWN_WORDS, KnownWords, Term, known_words
from vitrine.web.typical import TypicalPictures, typical_pictures


@pytest.fixture
def get(client, collection, login):
    """Ask for the page with these fields; answer the response."""

    def get(path="", **fields):
        query = urlencode(fields, doseq=True)
        return client.get(f"/vitrine/met/{path}?{query}", headers=login | {"Accept": "text/html"})

    return get


def uris(answer) -> list[str]:
    """The uris a page shows, best first."""
    return [unescape(uri) for uri in re.findall(r'data-uri="([^"]*)"', answer.text)]


def uri(name: str) -> str:
    """Uri of a picture of the collection."""
    return f"gs://{BUCKET}/{name}"


def test_words_find_pictures(get):
    answer = get(q="a red car", n=2)
    assert answer.status_code == 200
    assert set(uris(answer)) == {uri("drawings/car-red.jpg"), uri("drawings/car-red-sports.jpg")}
    assert "<strong>2 pictures</strong>" in answer.text
    assert "one call to the model" in answer.text
    assert "Every picture was compared. No vector index was used" in answer.text


def test_words_are_embedded_once(get, emulator):
    get(q="a furry animal")
    calls = emulator.last_call()
    again = get(q="a furry animal", n=3, exact=1)
    assert emulator.last_call() == calls
    assert "no call to the model" in again.text
    assert len(uris(again)) == 3


def test_known_words_find_the_same(get):
    first, second = get(q="a panda"), get(q="a panda")
    assert uris(first) == uris(second)
    assert uris(first)[0] == uri("photos/panda.jpg")


def test_a_search_is_one_labelled_job(get, collection, emulator):
    duplicates.known.groups(collection).result()  # read once in ten minutes, see test_duplicates
    typical_pictures.look_up(collection)  # once a day
    before = {job.job_id for job in emulator.bigquery.list_jobs()}
    get(q="one job please")
    [job] = [job for job in emulator.bigquery.list_jobs() if job.job_id not in before]
    assert job.labels == {
        "vitrine": "search_by_text",
        "vitrine_collection": "met",
        "vitrine_model": "default",
    }


def test_like_a_picture_leaves_it_out_and_calls_no_model(get, emulator):
    calls = emulator.last_call()
    answer = get(like=uri("drawings/car-red.jpg"), n=1)
    assert uris(answer) == [uri("drawings/car-red-sports.jpg")]
    assert emulator.last_call() == calls


def test_words_are_embedded_only_where_there_is_something_to_find(get, emulator):
    calls = emulator.last_call()
    for fields in ({"prefix": "gs://elsewhere/"}, {"like": "gs://elsewhere/x.jpg"}):
        for minus in ([], ["a dog"]):
            answer = get(q="a word in vain", minus=minus, **fields)
            assert re.search("at most (one call|2 calls) to the model", answer.text)
    assert emulator.last_call() == calls


def test_words_change_a_picture(get, emulator):
    calls = emulator.last_call()
    answer = get(like=uri("photos/cat.jpg"), q="one red car", weight=0.9, n=3)
    assert set(uris(answer)[:2]) == {uri("drawings/car-red.jpg"), uri("drawings/car-red-sports.jpg")}
    assert emulator.last_call() == calls + 1
    gentle = get(like=uri("photos/cat.jpg"), q="one red car", weight=0.05, n=3)
    assert uris(gentle)[0] in (uri("photos/panda.jpg"), uri(HOSTILE))
    assert emulator.last_call() == calls + 1


def test_words_are_taken_away(get):
    asked = {"q": ["a car", "a panda"], "n": 1}
    assert uris(get(minus="panda", weight=0.6, **asked)) != [uri("photos/panda.jpg")]
    assert uris(get(minus="car", weight=0.6, **asked)) == [uri("photos/panda.jpg")]


def test_a_sum_is_one_job_and_each_of_its_words_is_embedded_once(get, emulator):
    before, calls = {job.job_id for job in emulator.bigquery.list_jobs()}, emulator.last_call()
    first = get(q=["a sum", "of words"], minus="of others")
    [job] = [job for job in emulator.bigquery.list_jobs() if job.job_id not in before]
    assert job.labels["vitrine"] == "search_by_terms"
    assert emulator.last_call() == calls + 3
    assert "3 calls to the model" in first.text
    assert uris(get(q=["a sum", "of words"], minus="of others")) == uris(first)
    assert emulator.last_call() == calls + 3
    assert "no call to the model" in get(q="of others").text
    get(q="of others", minus="something new")
    assert emulator.last_call() == calls + 4


def test_one_refused_word_is_named_and_the_others_are_not_paid_for_again(get, emulator):
    """The model refuses a text that is too long; the page's own limit is put out of the way."""
    calls = emulator.last_call()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vitrine.limits.MAX_QUERY_BYTES", 5_000)
        answer = get(q="a word that is fine", minus="long " * 400)
    assert answer.status_code == 502
    assert re.search(r"The model refused these words: “(long ){399}long” \(INVALID_ARGUMENT", answer.text)
    assert uris(answer) == []
    assert known_words.get("multimodalembedding@001/1408", "a word that is fine")
    get(q="a word that is fine", minus="a dog")
    assert [call["kind"] for call in emulator.ledger(after=calls)].count("text") <= 3


def test_weaker_matches_are_below_a_line(collection):
    typical_pictures.look_up(collection)
    for search, best in (
        (Search(words="a panda"), "photos/panda.jpg"),
        (Search(like=uri("drawings/car-red.jpg")), "drawings/car-red-sports.jpg"),
        (Search(words="a panda", minus=("a car",)), "photos/panda.jpg"),
    ):
        found = find(collection, search)
        assert found.pictures[0].uri == uri(best)
        assert [match.distance > found.line for match in found.pictures][:2] == [False, True]


def test_the_line_of_a_later_page_is_that_of_the_first(collection):
    typical_pictures.look_up(collection)
    searches = Search(words="a panda"), Search(like=uri("photos/cat.jpg")), Search(words="a", plus=("b",))
    for search in searches:
        first, later = find(collection, search), find(collection, replace(search, after="2", number="2"))
        assert later.line == pytest.approx(first.line)
        assert [match.uri for match in later.pictures] == [match.uri for match in first.pictures[2:4]]


def test_there_is_no_line_as_long_as_nothing_is_known_of_the_collection(collection, monkeypatch):
    monkeypatch.setattr("vitrine.web.search.typical_pictures", TypicalPictures())
    assert find(collection, Search(words="a car")).line is None


def test_what_is_typical_is_asked_once(collection, emulator):
    typical, before = TypicalPictures(), {job.job_id for job in emulator.bigquery.list_jobs()}
    typical.look_up(collection)
    typical.look_up(collection)
    [job] = [job for job in emulator.bigquery.list_jobs() if job.job_id not in before]
    assert job.labels["vitrine"] == "select_typical"
    assert len(typical.mean(collection)) == collection.model.dimension


def test_a_failure_to_ask_what_is_typical_is_no_error_and_not_repeated_at_once(
    collection, emulator, monkeypatch
):
    typical = TypicalPictures()
    monkeypatch.setenv("VITRINE_DATASET", "never_set_up")
    broken = load()["met"]
    typical.look_up(broken)
    jobs = len(list(emulator.bigquery.list_jobs()))
    typical.look_up(broken)
    assert typical.mean(broken) is None
    assert len(list(emulator.bigquery.list_jobs())) == jobs


def test_of_a_large_collection_a_sample_is_typical(collection, emulator, monkeypatch):
    monkeypatch.setattr("vitrine.web.typical.MOST_SAMPLED", 3)
    typical = TypicalPictures()
    typical.look_up(collection)
    [job] = emulator.bigquery.list_jobs(max_results=1)
    assert "TABLESAMPLE SYSTEM (60.0 PERCENT)" in job.query


def test_the_line_is_on_the_page(get, collection):
    typical_pictures.look_up(collection)
    page = get(q="a panda").text
    assert page.index("panda.jpg") < page.index("Weaker matches below") < page.index("car-red.jpg")


@pytest.mark.parametrize(
    ("asked", "sentence", "address"),
    [
        (
            Search(words="a castle without people", plus=("snow",), number="9"),
            "The model does not understand negation: it looks for “people”, too.",
            "?q=a+castle&q=snow&minus=people&n=9",
        ),
        (
            Search(words="not red", like="gs://b/c"),
            "it looks for “red”, too.",
            "?like=gs%3A%2F%2Fb%2Fc&minus=red",
        ),
        (Search(words="no hats"), "“hats”, too. Say what it should be instead.", ""),
        (Search(words="a car", plus=("red, not dark",)), "“dark”, too.", "?q=a+car&q=red&minus=dark"),
        (Search(words="красная машина"), "These words are in Cyrillic letters, and the model reads", ""),
    ],
)
def test_a_note_on_what_the_model_cannot_follow(asked, sentence, address):
    [note] = notes(load()["met"], asked)
    assert sentence in note.sentence
    assert note.address == address


def test_a_note_is_a_link_to_a_better_search(get):
    page = get(q="a car, not <b>red</b>").text
    [address] = re.findall(r'class="note".*?href="([^"]+)"', page)
    assert Search.read(parse_qsl(unescape(address)[1:])) == Search(words="a car", minus=("<b>red</b>",))
    assert "<b>red" not in page


def test_there_is_no_note_without_a_reason(collection):
    assert notes(collection, Search(words="a red car", minus=("a café",))) == []


def test_another_model_s_languages_are_not_known(monkeypatch):
    monkeypatch.setenv("VITRINE_ENDPOINT", "gemini-embedding-2")
    assert notes(load()["met"], Search(words="красная машина")) == []


def test_terms_that_cancel_out_are_a_sentence(get):
    answer = get(q="A Panda", minus="a panda", weight=0.5)
    assert "cancel each other out" in answer.text


def test_the_pictures_must_be_of_the_model_of_the_words(get, monkeypatch):
    monkeypatch.setenv("VITRINE_DIMENSION", "512")
    assert "embedded by another model" in get(like=uri("photos/cat.jpg"), q="in another space").text


def test_vectors_of_any_length_weigh_the_same(collection, emulator):
    """Terms are made of length 1: a vector three times as long is the same term."""
    before = find(collection, Search(words="a panda", minus=("a red car",)))
    vector = known_words.get(collection.model.id, "a panda")
    assert len(vector) == collection.model.dimension
    known_words.add(collection.model.id, "a panda", [3 * number for number in vector])
    after = find(collection, Search(words="a panda", minus=("a red car",)))
    assert [match.uri for match in after.pictures] == [match.uri for match in before.pictures]
    assert [match.distance for match in after.pictures] == pytest.approx(
        [match.distance for match in before.pictures]
    )


def test_a_prefix_narrows_both(get):
    for fields in ({"q": "a red car"}, {"like": uri("drawings/car-red.jpg")}):
        assert set(uris(get(prefix=uri("photos/"), **fields))) == {
            uri("photos/cat.jpg"),
            uri("photos/panda.jpg"),
        }


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"q": "ä" * 600}, "1,200 bytes long; the model takes 1,023"),
        ({"q": "a", "n": "0"}, "is '0': use 1 to 200"),
        ({"q": "a", "n": "201"}, "is '201': use 1 to 200"),
        ({"q": "a", "after": "-1"}, "shows 1,000 pictures at most"),
        ({"q": "a", "after": "977"}, "shows 1,000 pictures at most"),
        ({"q": "a", "n": "²"}, "is '²': use 1 to 200"),
        ({"q": "a", "n": "9" * 4301}, "9': use 1 to 200"),  # more digits than Python turns into a number
        ({"q": "a", "n": "-3 or 1=1"}, "is '-3 or 1=1'"),
        ({"q": "a", "prefix": "photos/"}, "it must begin with gs://"),
        ({"like": "javascript:alert(1)"}, "it must begin with gs://"),
        ({"minus": "people"}, "Say what to take this away from"),
        ({"q": "a", "minus": "a"}, "there twice"),
        ({"q": list("abcdefghi")}, "9 words to add or take away: use at most 8"),
        ({"q": "a", "minus": "ä" * 600}, "1,200 bytes long"),
        ({"q": "a", "weight": "1"}, "The weight is '1': use 0.05 to 0.95"),
        ({"q": "a", "weight": "nan"}, "The weight is 'nan'"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is_sent(get, emulator, fields, sentence):
    jobs = len(list(emulator.bigquery.list_jobs()))
    answer = get(**fields)
    assert answer.status_code == 400
    assert sentence in unescape(answer.text)
    assert len(list(emulator.bigquery.list_jobs())) == jobs


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"q": "a", "prefix": "gs://elsewhere/"}, "There is no searchable picture below"),
        ({"like": "gs://elsewhere/x.jpg"}, "is not a searchable picture"),
    ],
)
def test_nothing_found_is_a_sentence(get, fields, sentence):
    answer = get(**fields)
    assert (answer.status_code, uris(answer)) == (200, [])
    assert sentence in answer.text


def test_a_picture_that_is_not_ours_gets_no_address(get):
    assert "signature" not in get(like="gs://elsewhere/x.jpg").text


@pytest.mark.parametrize("fields", [{"q": "one after the other"}, {"like": uri("photos/cat.jpg")}])
def test_the_next_pictures_are_the_next_of_one_order(get, fields):
    whole = uris(get(**fields))
    assert len(whole) >= 4
    assert [shown for after in (0, 2, 4) for shown in uris(get(**fields, n=2, after=after))] == whole


def test_words_of_a_later_page_are_known_from_then_on(get, emulator):
    get(q="words of a later page", n=2, after=2)
    calls = emulator.last_call()
    get(q="words of a later page")
    assert emulator.last_call() == calls


def test_after_the_last_pictures_there_are_none(get):
    answer = get(q="a red car", n=2, after=40)
    assert uris(answer) == []
    assert "There are no more pictures" in answer.text


def test_the_next_pictures_have_an_address_as_long_as_there_are_any():
    assert Search(words="x", number="24").next_address(24) == "?q=x&n=96&after=24"
    assert Search(words="x", number="96", after="24").next_address(96) == "?q=x&n=96&after=120"
    assert Search(words="x", number="96", after="888").next_address(96) == "?q=x&n=16&after=984"
    assert Search(words="x", number="16", after="984").next_address(16) == ""
    assert Search(words="x", number="24").next_address(23) == ""


def test_the_browser_may_go_back_to_results_but_to_nothing_else(get):
    assert get(q="a panda").headers["Cache-Control"] == "private, no-cache"
    for other in ({}, {"q": "a", "n": "0"}):
        assert get(**other).headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("mode", "offered"), [("FULLY_USED", True), ("PARTIALLY_USED", True), ("UNUSED", False)]
)
def test_every_picture_is_a_choice_where_there_is_an_index(mode, offered):
    statistics = {"query": {"vectorSearchStatistics": {"indexUsageMode": mode}}}
    assert Found([], Answer([], statistics), model_calls=0, line=None).used_index is offered


def test_the_demo_says_what_answers(get, monkeypatch):
    assert "Demo: EfficientNet-Lite0 and MiniLM answer" in get().text
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST")
    assert "Demo" not in get().text


def test_a_missing_table_says_what_to_run(get, monkeypatch):
    monkeypatch.setenv("VITRINE_DATASET", "never_set_up")
    answer = get(q="a red car that is new")
    assert answer.status_code == 404
    assert "Run the DAG setup_image_search first" in answer.text
    assert "Traceback" not in answer.text


def test_an_empty_table_says_what_to_run(get, collection, emulator):
    table, kept = collection.table("image_embeddings"), collection.table("kept")
    emulator.bigquery.query_and_wait(f"CREATE OR REPLACE TABLE {kept} AS SELECT * FROM {table}")
    emulator.bigquery.query_and_wait(f"TRUNCATE TABLE {table}")
    try:
        assert "Run the DAG embed_images__met" in get(q="a panda").text
    finally:
        emulator.bigquery.query_and_wait(f"INSERT INTO {table} SELECT * FROM {kept}")


def test_a_model_that_fails_is_a_sentence(get, emulator):
    before = emulator.faults()
    emulator.faults(outage=True)
    try:
        answer = get(q="words in an outage")
    finally:
        emulator.faults(**before)
    assert answer.status_code == 502
    assert "The words were not embedded: A retryable error occurred" in answer.text
    assert get(q="words in an outage").status_code == 200


def test_images_of_another_model_are_not_compared_with_words(get, monkeypatch):
    monkeypatch.setenv("VITRINE_DIMENSION", "512")
    answer = get(q="a panda in another space")
    assert "embedded by another model" in answer.text
    assert uris(answer) == []


def test_bigquery_out_of_reach_is_a_sentence_after_seconds(get, monkeypatch):
    from vitrine.google import bigquery

    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr(bigquery, "RETRY_SECONDS", 0.2)
    bigquery._shared_client.cache_clear()
    try:
        answer = get(q="is there anybody")
    finally:
        bigquery._shared_client.cache_clear()
    assert answer.status_code == 503
    assert "BigQuery cannot be reached" in answer.text


def test_a_connection_that_does_not_work_is_a_sentence(get, broken_connection):
    answer = get(q="is there a connection")
    assert answer.status_code == 502
    assert "connection to Google Cloud does not work: ask your administrator." in answer.text


def test_hostile_names_stay_text(get):
    answer = get(q="<script>alert(2)</script>", like="")
    assert uri(HOSTILE) in uris(answer)
    assert not re.search(r"<script>|alert\('1'\)", answer.text)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_an_address_holds_the_whole_search():
    asked = Search(
        words="a & b?",
        like="gs://b/ä#.jpg",
        plus=("c=d", "e"),
        minus=("f&", "g"),
        weight="0.15",
        uri_prefix="gs://b/#",
        kind="image/png",
        year="2019",
        number="7",
        after="24",
        exact=True,
    )
    assert Search.read(parse_qsl(asked.address()[1:])) == asked
    assert Search(words="x").address() == "?q=x"
    assert Search(words="x", weight="0.3").address() == "?q=x"  # it would change nothing


def test_a_part_of_a_search_is_left_out_of_its_address():
    asked = Search(words="a", like="gs://b/c", plus=("d",), minus=("e",))
    narrow = Search(words="a", uri_prefix="gs://b/", kind="image/png", year="2026")
    assert narrow.dropped("gs://b/").address() == "?q=a&type=image%2Fpng&year=2026"
    assert narrow.dropped("image/png").dropped("2026").address() == "?q=a&prefix=gs%3A%2F%2Fb%2F"
    assert asked.dropped("a").address() == "?q=d&like=gs%3A%2F%2Fb%2Fc&minus=e"
    assert asked.dropped("e").address() == "?q=a&q=d&like=gs%3A%2F%2Fb%2Fc"


def test_what_a_search_starts_from_and_what_changes_it_share_the_weight():
    assert Search(words="a", minus=("b",), weight="0.3").terms == [Term("a", 0.7), Term("b", -0.3)]
    assert Search(like="gs://b/c", words="a", minus=("b",), weight="0.3").terms == [
        Term("a", 0.3),
        Term("b", -0.3),
    ]


def test_the_oldest_words_are_forgotten():
    known = KnownWords()
    for number in range(MOST_KNOWN_WORDS + 1):
        known.add("m", str(number), [float(number)])
    assert known.get("m", "0") is None
    assert list(known.get("m", "1")) == [1.0]
    assert known.get("another", "1") is None


@pytest.mark.parametrize(
    ("mode", "start"),
    [
        ("FULLY_USED", "The vector index was used."),
        ("PARTIALLY_USED", "The vector index was used in part. Because."),
        ("UNUSED", "Every picture was compared. Because."),
        ("NEW_MODE", "BigQuery does not say"),
    ],
)
def test_the_use_of_the_index_in_words(mode, start):
    reasons = [] if mode == "FULLY_USED" else [{"message": "Because."}]
    assert index_use({"indexUsageMode": mode, "indexUnusedReasons": reasons}).startswith(start)


def test_the_numbers_of_a_vector_survive_the_way(collection, emulator):
    find(collection, Search(words="digits"))
    [row] = emulator.bigquery.query_and_wait(
        "SELECT ml_generate_embedding_result AS vector FROM ML.GENERATE_EMBEDDING(MODEL "
        f"{collection.table('multimodal_embedding_model')}, (SELECT 'digits' AS content), "
        f"STRUCT(TRUE AS flatten_json_output, {collection.model.dimension} AS output_dimensionality))"
    )
    assert list(known_words.get(collection.model.id, "digits")) == list(row["vector"])


def test_check_accepts_the_usual():
    Search(words="x").check()
    with pytest.raises(InputError):
        Search(number="").check()


def test_every_picture_of_the_collection_can_be_reached(get):
    assert set(uris(get(q="a picture"))) == {*map(uri, PICTURES), uri(HOSTILE)}
