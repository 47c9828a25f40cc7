"""What a person does with the page Duplicates, with folded results and saved queries, in a real browser."""

import csv
import io

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import DEMO
from tests.browser.test_pages import RULES, copied
from tests.support.collection import publish
from vitrine.collection import load
from vitrine.embed import lease, queries
from vitrine.embed.turns import Turn
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import RUN_ID, string, with_parameters
from vitrine.google.templates import render_statement

AXE = Axe()
PAGE = "/vitrine/met/duplicates"
TURN = Turn(dag_id="", run_id="", lease_id="", earlier_lease_id="")


def again(picture: bytes, quality: int, width: int | None = None) -> bytes:
    """The picture as another program saves it: recompressed, and perhaps of another width."""
    image, buffer = Image.open(io.BytesIO(picture)).convert("RGB"), io.BytesIO()
    if width:
        image = image.resize((width, image.height * width // image.width))
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def airflow(airflow_stack, emulator):
    """Airflow over all demo pictures and copies of some, compared as a night compares them."""
    emulator.faults(hash_model=False)  # the pictures are found by what they show
    objects = {path.relative_to(DEMO).as_posix(): path.read_bytes() for path in DEMO.rglob("*.jpg")}
    owl, panda, car = (
        objects[name] for name in ("photos/owl.jpg", "photos/panda.jpg", "drawings/car-red.jpg")
    )
    copies = {
        "imports/2026/owl (1).jpg": again(owl, 60),
        "imports/2026/owl-large.jpg": again(owl, 92, 640),
        "imports/2026/IMG_0042.jpg": again(panda, 70),
        "imports/2026/car-red.jpg": again(car, 75),
    }
    emulator.upload(airflow_stack.bucket, objects | copies)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_DATASET", airflow_stack.dataset)
        patch.setenv("VITRINE_OBJECTS", f"gs://{airflow_stack.bucket}/*")
        settings = load()["met"]
        publish(emulator, settings)
        asked = queries.find_duplicates(settings)["query"]
        sql = render_statement(settings, asked["query"], **queries.macros(settings))
        parameters = [string("run_id", "test") if one == RUN_ID else one for one in asked["queryParameters"]]
        search = {"query": asked | {"query": sql, "queryParameters": parameters}}
        BigQuery.of(settings).rows(with_parameters(search, *lease.parameters(settings, TURN)))
    return airflow_stack


def group_of(page: Page, name: str):
    """The group in which a picture is."""
    return page.locator(".group").filter(has=page.get_by_text(name, exact=True))


def member(page: Page, name: str):
    """A picture of a group."""
    return page.locator(".group .pictures > li").filter(has=page.get_by_text(name, exact=True))


def mark(page: Page, name: str):
    """The button that marks a picture as a duplicate."""
    return member(page, name).get_by_role("button", name="Duplicate")


def test_review_mark_and_export(page):
    page.goto("/vitrine/met/")
    page.get_by_role("link", name="Duplicates").click()
    owls = group_of(page, "owl.jpg")
    expect(owls.locator(".pictures > li")).to_have_count(3)
    assert owls.locator(".name").first.inner_text() == "owl-large.jpg", "the largest file first"
    mark(page, "owl.jpg").click()
    mark(page, "owl (1).jpg").click()
    expect(mark(page, "owl.jpg")).to_have_attribute("aria-pressed", "true")
    mark(page, "owl-large.jpg").click()
    expect(page.locator("#said")).to_have_text("One picture of a group has to stay.")
    expect(page.locator("#marked")).to_have_text("2 marked as duplicates")
    group_of(page, "panda.jpg").get_by_role("button", name="Keep all").click()

    page.reload()
    expect(page.locator("#marked")).to_have_text("2 marked as duplicates")
    groups = page.locator(".group:visible").count()
    page.get_by_label("Hide reviewed groups").check()
    expect(page.locator(".group:visible")).to_have_count(groups - 2)

    uris = copied(page, page, "Copy URIs").splitlines()
    assert sorted(uri.rpartition("/")[2] for uri in uris) == ["owl (1).jpg", "owl.jpg"]
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "duplicates-met.csv"
    rows = {
        row["uri"].rpartition("/")[2]: row
        for row in csv.DictReader(download.value.path().read_text().splitlines())
        if "/imports/" in row["uri"] or "/photos/" in row["uri"]
    }
    assert (rows["owl.jpg"]["mark"], rows["owl-large.jpg"]["mark"]) == ("duplicate", "keep")
    assert rows["owl.jpg"]["duplicate_of"].endswith("/imports/2026/owl-large.jpg")
    assert (rows["panda.jpg"]["mark"], rows["panda.jpg"]["duplicate_of"]) == ("keep", "")
    assert float(rows["IMG_0042.jpg"]["distance"]) <= 0.01

    page.get_by_role("button", name="Clear marks").click()
    expect(page.locator("#marked")).to_have_text("0 marked as duplicates")


def test_the_last_picture_of_a_group_is_never_in_the_list(page):
    page.goto(PAGE)
    pandas = group_of(page, "panda.jpg").locator("[data-mark]")
    names = pandas.evaluate_all("members => members.map(member => member.dataset.mark)")
    kept = dict.fromkeys(names, "duplicate")
    page.evaluate("kept => localStorage.setItem('vitrine-duplicates-met', JSON.stringify(kept))", kept)
    page.reload()
    expect(page.locator("#marked")).to_have_text("0 marked as duplicates")
    expect(page.get_by_role("button", name="Copy URIs")).to_be_disabled()
    mark(page, "panda.jpg").click()
    expect(page.locator("#marked")).to_have_text("1 marked as duplicate")


def test_a_search_shows_one_of_them_and_how_many_are_below(page):
    page.goto("/vitrine/met/?q=an+owl")
    near = page.locator(".pictures > li").first.locator("details.near")
    expect(near.locator("summary")).to_have_text("+2 near-identical")
    expect(near.locator("li")).to_have_count(2)
    expect(near.locator("li").first).to_be_hidden()
    near.locator("summary").click()
    expect(near.locator("li").first).to_be_visible()
    near.get_by_role("link", name="Compare them").click()
    expect(page.get_by_role("heading", name="Duplicates")).to_be_visible()
    expect(page.locator(".group .pictures > li")).to_have_count(3)


def test_a_search_can_be_saved(page):
    page.goto("/vitrine/met/?q=an+owl")
    page.get_by_text("Repeat every night").click()
    assert copied(page, page, "Copy these lines") == (
        "collections:\n  met:\n    saved_queries:\n    - an owl"
    )


@pytest.mark.parametrize("address", [PAGE, "/vitrine/met/?q=an+owl&n=6"])
def test_a_phone_needs_no_sideways_scrolling(page, address):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(address)
    for closed in page.locator("summary").all():
        closed.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", [PAGE, f"{PAGE}?prefix=gs://nowhere/", "/vitrine/met/?q=an+owl&n=6"])
def test_axe_finds_nothing(page, theme, address):
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(address)
    for closed in page.locator("summary").all():
        closed.click()
    if address == PAGE:
        mark(page, "owl.jpg").click()
    page.wait_for_load_state("networkidle")
    found = AXE.run(page, options=RULES).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
