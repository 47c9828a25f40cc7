"""What a person does with the page Map, in a real browser: look, zoom, enlarge, come back."""

import re
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import DEMO
from tests.browser.test_pages import RULES, frame_of, shown_name
from tests.support.collection import publish
from vitrine.collection import load
from vitrine.google.bigquery import BigQuery
from vitrine.google.jobs import int64, query_job
from vitrine.google.templates import render_statement
from vitrine.layout.draw_map import MOST_PICTURES, draw, read

AXE = Axe()
PAGE = "/vitrine/met/map"


@pytest.fixture(scope="module")
def airflow(airflow_stack, emulator):
    """Airflow over all demo pictures, on a map as the DAG draws it."""
    emulator.faults(hash_model=False)  # pictures that are alike lie together
    objects = {path.relative_to(DEMO).as_posix(): path.read_bytes() for path in DEMO.rglob("*.jpg")}
    emulator.upload(airflow_stack.bucket, objects)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINE_DATASET", airflow_stack.dataset)
        patch.setenv("VITRINE_OBJECTS", f"gs://{airflow_stack.bucket}/*")
        settings = load()["met"]
        publish(emulator, settings)
        bigquery = BigQuery.of(settings)
        sql = render_statement(settings, "layout/select_directions.sql")
        look = read(bigquery.each_row(query_job(sql, int64("most_images", MOST_PICTURES))))
        bigquery.replace_rows(settings.table_id("image_map"), draw(look, datetime.now(UTC)))
    return airflow_stack


def tiles(page):
    """The tiles that have come."""
    return page.locator("#map img.leaflet-tile-loaded")


def settled(page) -> None:
    """Wait until all tiles have come."""
    expect(tiles(page).first).to_be_visible()
    expect(page.locator("#map:not(.loading):not(.leaflet-zoom-anim)")).to_be_visible()


def zoom(page: Page) -> float:
    """The zoom that the address names."""
    return float(page.url.rpartition("#")[2].split("/")[0])


def tile_zoom(page) -> str:
    """The zoom of the tiles that are shown."""
    return re.findall(r"zoom=(\d+)", tiles(page).last.get_attribute("src"))[0]


def enlarged(page):
    """What is enlarged, once it listens to keys."""
    box = page.get_by_role("dialog")
    expect(box.locator(".object")).to_contain_text("pixels")
    expect(box).to_be_focused()
    return box


def test_look_zoom_and_come_back_to_the_same_place(page):
    page.goto("/vitrine/met/")
    page.get_by_role("link", name="Map", exact=True).click()
    settled(page)
    expect(page.locator("#count")).to_contain_text("275 pictures")
    page.get_by_role("button", name="Zoom in").click()
    expect(page).to_have_url(re.compile(r"#\d"))
    settled(page)
    seen = zoom(page)
    page.locator("#map").focus()
    page.keyboard.press("+")
    expect(page).not_to_have_url(re.compile(rf"#{seen:g}/"))
    settled(page)
    assert zoom(page) == seen + 1
    before = page.url
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(before)
    settled(page)
    place, near = page.url, tile_zoom(page)
    page.reload()
    settled(page)
    expect(page).to_have_url(place)
    assert tile_zoom(page) == near


def test_a_click_enlarges_what_is_seen_there(page):
    page.goto(PAGE)
    settled(page)
    page.locator("#map").click()
    box = enlarged(page)
    name = shown_name(box)
    assert name.endswith(".jpg")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(page.locator("#map")).to_be_focused()

    page.keyboard.press("Enter")
    box = enlarged(page)
    assert shown_name(box) == name, "Enter enlarges the picture in the middle"
    box.get_by_role("link", name="More like this").click()
    expect(page).to_have_url(re.compile(r"/vitrine/met/\?like=gs"))
    expect(page.locator(".pictures > li").first).to_be_visible()


def test_back_closes_what_is_enlarged_and_stays_on_the_map(page):
    page.goto(PAGE)
    settled(page)
    page.locator("#map").click()
    box = enlarged(page)
    page.go_back()
    expect(box).to_have_count(0)
    assert "/met/map" in page.url


def test_from_near_a_picture_is_as_sharp_as_its_tile(page):
    page.goto(f"{PAGE}#5/70/70")
    settled(page)
    first = tiles(page).first
    assert first.evaluate("tile => [tile.naturalWidth, tile.width]") == [256, 256]
    expect(page.get_by_role("button", name="Zoom in")).to_have_attribute("aria-disabled", "true")


def test_what_does_not_come_is_said(page):
    page.route("**/map/tile?*", lambda route: route.fulfill(status=502, body=""))
    page.goto(PAGE)
    expect(page.locator("#failed")).to_contain_text("reload the page")


def test_an_answer_that_is_no_map_is_said(page):
    page.route(
        "**/map/drawn", lambda route: route.fulfill(status=500, body="{}", content_type="application/json")
    )
    page.goto(PAGE)
    expect(page.get_by_text("The map did not come. Reload the page.")).to_be_visible()


def test_within_airflow(page):
    page.goto("/plugin/image-search/vitrine/met/map")
    frame = frame_of(page)
    expect(frame.locator("#map img.leaflet-tile-loaded").first).to_be_visible()
    frame.locator("#map").click()
    enlarged(frame)


def test_a_finger_moves_and_enlarges(browser, airflow):
    context = browser.new_context(
        base_url=airflow.url, viewport={"width": 390, "height": 760}, has_touch=True, device_scale_factor=2
    )
    page = context.new_page()
    page.goto(PAGE)
    settled(page)
    assert tiles(page).first.evaluate("tile => tile.naturalWidth") == 512, "as sharp as the screen"
    page.locator("#map").tap()
    enlarged(page)
    context.close()


def test_a_phone_needs_no_sideways_scrolling(page):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(PAGE)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("is_enlarged", [False, True])
def test_axe_finds_nothing(page, theme, is_enlarged):
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(PAGE)
    settled(page)
    if is_enlarged:
        page.locator("#map").click()
        enlarged(page)
    found = AXE.run(page, options=RULES).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
