"""What a person does with the pages, in a real browser before Airflow's real web server."""

import csv
import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from scripts.stack import emulator_service
from tests.browser.conftest import BROKEN, DEMO, HOSTILE, REFUSED

AXE = Axe()
# All that axe knows but what is experimental, with the size of targets, which it leaves out unless asked.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# A whole run of embed_images, on a machine that does much else.
NIGHT_MILLISECONDS = 300_000
NOT_COUNTED = "Counting failed. Reload the page."


def pictures(page):
    """The pictures of a search, as one locator."""
    return page.locator(".pictures > li:not(.skeleton)")


def frame_of(page: Page):
    """The page inside Airflow's own."""
    return page.frame_locator("iframe[title='Images']")


def name(page, number: int = 0) -> str:
    """The name under a picture."""
    return pictures(page).nth(number).locator(".name bdi").inner_text()


def like(page, number: int) -> None:
    """Ask for more like a picture."""
    pictures(page).nth(number).hover()
    pictures(page).nth(number).get_by_role("link", name="More like this").click()


def enlarge(page, number: int):
    """Enlarge a picture; what is shown."""
    expect(page.get_by_role("button", name="Select")).to_be_visible()  # the script has come
    pictures(page).nth(number).locator("a.picture").click()
    box = page.get_by_role("dialog")
    expect(box.locator(".object")).to_contain_text("pixels")
    expect(box).to_be_focused()  # it listens to keys
    return box


def shown_name(box) -> str:
    """The name below an enlarged picture."""
    return box.locator(".about .name").inner_text()


def jobs(emulator) -> int:
    """How many jobs there have been."""
    return len(list(emulator.bigquery.list_jobs()))


def copied(page: Page, shown, button: str) -> str:
    """What a button of this page has copied: a click ends before the copy does, so the page must say it."""
    shown.get_by_role("button", name=button).click()
    expect(shown.locator("#said")).to_have_text("Copied")
    return page.evaluate("navigator.clipboard.readText()")


def test_from_airflows_navigation_to_pictures_and_back(page):
    page.goto("/")
    page.get_by_role("link", name="Images").first.click()
    inner = frame_of(page)
    inner.get_by_role("link", name="a red car").click()
    expect(pictures(inner)).to_have_count(24)
    assert name(inner).startswith("car-red")
    expect(page).to_have_url(re.compile(r"/plugin/image-search/vitrine/met/\?q=a\+red\+car|q=a%20red%20car"))
    page.go_back()
    expect(inner.get_by_role("heading", name="Try one of these")).to_be_visible()


def test_an_address_is_all_it_takes_to_share(page, browser):
    page.goto("/plugin/image-search/vitrine/met/?q=a+panda&n=3")
    inner = frame_of(page)
    expect(pictures(inner)).to_have_count(3)
    link = copied(page, inner, "Copy link")
    other = browser.new_page()
    other.goto(link)
    expect(pictures(frame_of(other))).to_have_count(3)
    assert name(frame_of(other)) == name(inner) == "panda.jpg"
    other.close()


def test_a_link_is_of_what_is_shown_also_before_airflows_address_is(page):
    page.goto("/plugin/image-search/vitrine/met/?q=a+fish&n=3")
    inner = frame_of(page)
    expect(pictures(inner)).to_have_count(3)
    page.route("**/thumbnails?*", lambda _: None)  # held until the route is taken away
    like(inner, 0)
    expect(inner.locator(".like")).to_be_visible()
    link = copied(page, inner, "Copy link")
    assert "like=" in link
    assert "like=" not in page.url
    page.unroute("**/thumbnails?*")
    expect(page).to_have_url(link)


def test_type_and_see(page):
    page.goto("/vitrine/met/")
    page.get_by_role("searchbox").fill("a castle with towers")
    page.get_by_role("button", name="Search").click()
    expect(pictures(page)).to_have_count(24)
    image = pictures(page).first.locator("img")
    expect(image).to_have_js_property("naturalWidth", 320)
    assert "n=" not in page.url
    assert "prefix=" not in page.url


def test_more_like_a_picture(page, emulator):
    page.goto("/vitrine/met/?q=a+red+car")
    calls, first = emulator.last_call(), name(page)
    like(page, 0)
    expect(page.locator(".like")).to_contain_text(first)
    expect(pictures(page)).to_have_count(24)
    assert first not in [name(page, number) for number in range(24)]
    assert emulator.last_call() == calls
    page.get_by_role("searchbox").fill("a fish")
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_contain_text("24 pictures")
    expect(page.locator(".like")).to_contain_text(first)  # the words are added to the picture
    page.get_by_role("link", name="Only the words").click()
    expect(page.locator(".like")).to_have_count(0)


def test_filters(page, airflow):
    page.goto("/vitrine/met/")
    page.get_by_role("searchbox").fill("a red car")
    page.get_by_text("Folders, types, years").click()
    page.get_by_label("Only below").fill(f"gs://{airflow.bucket}/photos/")
    page.get_by_role("button", name="Search").click()
    expect(pictures(page)).to_have_count(24)
    for number in range(5):
        expect(pictures(page).nth(number).locator(".uri")).to_contain_text("/photos/")
    page.locator(".facts summary").click()
    compare = page.get_by_role("link", name="Compare with every picture")
    expect(compare).to_have_count(0)  # no index, no choice
    page.get_by_role("link", name="In every folder").click()
    expect(page).to_have_url(re.compile(r"\?q=a\+red\+car$"))


def test_what_it_took_is_said_to_who_asks(page):
    page.goto("/vitrine/met/?q=a+red+car&exact=1")
    facts = page.locator(".facts")
    expect(facts.locator("p")).to_be_hidden()
    facts.get_by_text("How it was found").click()
    expect(facts).to_contain_text("use_brute_force option has been specified")
    expect(facts).to_contain_text("MiB billed")
    facts.get_by_role("link", name="Search by the index, if there is one").click()
    expect(page).to_have_url(re.compile(r"\?q=a\+red\+car$"))


def test_more_pictures_come_as_one_scrolls(page, emulator):
    before = jobs(emulator)
    page.goto("/vitrine/met/?q=something+to+scroll")
    expect(pictures(page)).to_have_count(24)
    page.wait_for_load_state("networkidle")
    assert jobs(emulator) == before + 1, "no job before somebody scrolls"
    for count in (120, 216, 276):
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        expect(pictures(page)).to_have_count(count)
        expect(page.locator("#count")).to_contain_text(f"{count} pictures")
    expect(page.locator("#next")).to_have_count(0)
    uris = pictures(page).evaluate_all("all => all.map((one) => one.dataset.uri)")
    assert len(set(uris)) == 276
    distances = [
        float(one) for one in pictures(page).evaluate_all("all => all.map((one) => one.dataset.distance)")
    ]
    assert distances == sorted(distances)
    assert jobs(emulator) == before + 4


def test_no_picture_comes_twice_although_one_was_published_meanwhile(page):
    page.goto("/vitrine/met/?q=a+photo&n=10")
    page.locator("#next a").evaluate(
        "(link) => link.setAttribute('href', link.getAttribute('href').replace('after=10', 'after=7'))"
    )
    page.get_by_role("link", name="More pictures").click()
    expect(pictures(page)).to_have_count(10 + 96 - 3)


def test_more_pictures_that_do_not_come_are_asked_for_again_by_a_click_alone(page):
    page.goto("/vitrine/met/?q=a+photo")
    asked = []
    page.route("**/?*after=*", lambda route: (asked.append(1), route.fulfill(status=500, body="no")))
    page.mouse.wheel(0, 3000)
    again = page.get_by_role("link", name="Try again")
    expect(again).to_be_visible()
    for _ in range(3):
        page.mouse.wheel(0, 3000)
        page.mouse.wheel(0, -3000)
    assert asked == [1]
    page.unroute("**/?*after=*")
    again.click()
    expect(pictures(page)).to_have_count(120)


def test_without_scripts_links_lead_to_it_all(browser, airflow):
    context = browser.new_context(base_url=airflow.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/vitrine/met/?q=a+red+car")
    page.get_by_role("link", name="More pictures").click()
    assert page.locator(".pictures").get_attribute("start") == "25"
    expect(pictures(page)).to_have_count(96)
    pictures(page).first.locator("a.picture").click()
    expect(page.locator("img")).to_be_visible()
    page.go_back()
    pictures(page).first.get_by_role("link", name="More like this").click()
    expect(page.locator(".like")).to_be_visible()
    context.close()


def test_a_picture_is_enlarged_and_the_next_ones(page):
    page.goto("/vitrine/met/?q=a+castle")
    second, third = name(page, 1), name(page, 2)
    address = page.url
    box = enlarge(page, 1)
    assert shown_name(box) == second
    expect(box.locator(".about")).to_contain_text(
        re.compile("gs://.+distance 0[.][0-9]{4}.+320 × [0-9]+ pixels.+[0-9]+ kB.+20[0-9]{2}-", re.DOTALL)
    )
    expect(box.locator("img[aria-hidden=false], [aria-hidden=false] img").first).to_have_js_property(
        "complete", True
    )
    page.keyboard.press("ArrowRight")
    expect(box.locator(".about .name")).to_have_text(third)
    expect(box.locator(".pswp__counter")).to_have_text("3 / 24")
    page.mouse.move(300, 400)  # a swipe to the right
    page.mouse.down()
    page.mouse.move(1100, 400, steps=10)
    page.mouse.up()
    expect(box.locator(".about .name")).to_have_text(second)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(pictures(page).nth(2).locator("a.picture")).to_be_focused()
    assert page.url == address


def test_the_last_enlarged_picture_brings_more(page):
    page.goto("/vitrine/met/?q=a+castle&n=6")  # too few to scroll
    box = enlarge(page, 5)
    expect(box.locator(".pswp__counter")).to_have_text("6 / 102")
    page.keyboard.press("ArrowRight")
    expect(box.locator(".pswp__counter")).to_have_text("7 / 102")


def test_back_leaves_the_enlarged_picture_where_one_was(page):
    page.goto("/plugin/image-search/vitrine/met/?q=a+castle")
    inner = frame_of(page)
    pictures(inner).nth(20).scroll_into_view_if_needed()
    place = inner.locator("body").evaluate("() => window.scrollY")
    assert place > 0
    box = enlarge(inner, 20)
    page.evaluate("history.back()")
    expect(box).to_have_count(0)
    assert inner.locator("body").evaluate("() => window.scrollY") == place
    page.evaluate("history.forward()")
    expect(box).to_be_visible()


def test_back_from_another_page_is_back_to_what_was_seen_and_costs_nothing(page, emulator):
    page.goto("/vitrine/met/?q=a+castle")
    expect(pictures(page)).to_have_count(24)
    page.mouse.wheel(0, 3000)
    expect(pictures(page)).to_have_count(120)
    box = enlarge(page, 60)
    seen, place = shown_name(box), page.evaluate("window.scrollY")
    box.get_by_role("link", name="More like this").click()
    expect(page.locator(".like")).to_contain_text(seen)
    before = jobs(emulator)
    page.go_back()
    expect(box.locator(".about .name")).to_have_text(seen)
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(pictures(page)).to_have_count(120)
    assert abs(page.evaluate("window.scrollY") - place) < 5
    assert jobs(emulator) == before


def test_a_picture_that_has_gone_is_said_to_be(page, emulator, airflow):
    page.route("**/enlarged?*", lambda route: route.fulfill(status=404, body="gone"))
    page.goto("/vitrine/met/?q=a+castle")
    expect(page.get_by_role("button", name="Select")).to_be_visible()
    pictures(page).first.locator("a.picture").click()
    expect(page.get_by_role("dialog")).to_contain_text("No picture: gone from the bucket")
    page.keyboard.press("Escape")


def test_copy_open_and_download(page, emulator):
    page.goto("/plugin/image-search/vitrine/met/?q=a+panda&n=1")
    inner = frame_of(page)
    box = enlarge(inner, 0)
    assert copied(page, inner, "Copy URI").endswith("/photos/panda.jpg")
    with page.expect_download() as started:
        box.get_by_role("link", name="Download").click()
    assert started.value.suggested_filename == "panda.jpg"
    assert Path(started.value.path()).read_bytes()[:2] == b"\xff\xd8"
    with page.context.expect_page() as opened:
        box.get_by_role("link", name="Original").click()
    expect(opened.value).to_have_url(re.compile(f"^{re.escape(emulator.storage_url)}.*/photos/panda[.]jpg$"))


def test_selected_pictures_are_taken_along_from_search_to_search(page):
    for words, number in (("a castle", 0), ('=1+1, "and"', 1)):
        page.goto("/vitrine/met/")
        page.get_by_role("searchbox").fill(words)
        page.keyboard.press("Enter")
        expect(pictures(page)).to_have_count(24)
        pictures(page).nth(number).get_by_role("checkbox").check(force=True)
    bar = page.get_by_role("region", name="Selected pictures")
    expect(bar).to_contain_text("2 selected")
    second = pictures(page).nth(1)
    uri, distance = second.get_attribute("data-uri"), second.get_attribute("data-distance")
    with page.expect_download() as started:
        bar.get_by_role("button", name="Save CSV").click()
    assert started.value.suggested_filename == "pictures.csv"
    with open(started.value.path(), encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["uri", "name", "distance", "query"]
    assert rows[0]["query"] == "a castle"
    assert rows[1] == {"uri": uri, "name": name(page, 1), "distance": distance, "query": """'=1+1, "and\""""}
    bar.get_by_role("button", name="Copy URIs").click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").split("\n") == [row["uri"] for row in rows]
    bar.get_by_role("button", name="Clear").click()
    expect(bar).to_be_hidden()
    expect(second.get_by_role("checkbox")).not_to_be_checked()


def test_a_finger_selects_pictures_after_the_button(page):
    page.goto("/vitrine/met/?q=a+castle")
    page.get_by_role("button", name="Select").click()
    pictures(page).nth(3).locator("a.picture").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("region", name="Selected pictures")).to_contain_text("1 selected")
    page.reload()
    expect(pictures(page).nth(3).get_by_role("checkbox")).to_be_checked()


def test_recent_searches(page):
    for words in ("a fish", "a panda", "a fish"):
        page.goto(f"/vitrine/met/?q={words}")
    recent = page.locator("#history li")
    expect(recent).to_have_text(["a panda"])
    page.goto("/vitrine/met/")
    expect(recent).to_have_text(["a fish", "a panda"])
    page.get_by_role("button", name="Clear").click()
    page.reload()
    expect(page.locator("#history")).to_be_hidden()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("?q=x&n=999", "use 1 to 200"),
        ("?q=" + "x" * 1024, "1,024 bytes long"),
        ("?q=x&prefix=photos", "must begin with gs://"),
    ],
)
def test_wrong_input_is_one_sentence(page, address, sentence):
    page.goto(f"/vitrine/met/{address}")
    expect(page.get_by_role("alert")).to_contain_text(sentence)
    expect(pictures(page)).to_have_count(0)


def test_no_results(page):
    page.goto("/vitrine/met/?q=x&prefix=gs://elsewhere/")
    expect(page.locator(".nothing")).to_contain_text("There is no searchable picture below gs://elsewhere/")
    page.get_by_role("link", name="Search everywhere").click()
    expect(pictures(page)).to_have_count(24)


def test_bigquery_is_down_and_comes_back(page, emulator_process):
    service = emulator_service()
    emulator_process.stop(service.name)
    try:
        for address in ("?q=down", "?like=gs://b/x.jpg", "health"):
            page.goto(f"/vitrine/met/{address}")
            expect(page.get_by_role("alert")).to_contain_text(
                "BigQuery cannot be reached. Try again in a minute"
            )
    finally:
        emulator_process.start(service)
    page.goto("/vitrine/met/?q=a+red+car")
    expect(pictures(page)).to_have_count(24)


@pytest.mark.parametrize("address", ["/vitrine/met/?q=nobody+answers", "/vitrine/met/health"])
def test_bigquery_does_not_answer(page, emulator, address):
    emulator.faults(http_errors=1.0)
    try:
        page.goto(address)
    finally:
        emulator.faults(http_errors=0.0)
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("Traceback")


def test_two_hundred_pictures_are_loaded_as_they_come_into_view(page):
    fetched = []
    page.on("request", lambda request: "thumbnails?" in request.url and fetched.append(request.url))
    page.goto("/vitrine/met/?q=a+photo&n=200")
    expect(pictures(page)).to_have_count(200)
    # A network without requests is also idle before a busy machine has drawn the page.
    expect(pictures(page).first.locator("img")).to_have_js_property("naturalWidth", 320)
    page.wait_for_load_state("networkidle")
    assert 0 < len(fetched) < 150
    last = pictures(page).last
    last.scroll_into_view_if_needed()
    expect(last.locator("img")).not_to_have_js_property("naturalWidth", 0)


def test_hostile_names_are_names(page, airflow):
    page.goto(f"/vitrine/met/?q=an+owl&n=200&prefix=gs://{airflow.bucket}/{HOSTILE[:10]}")
    expect(pictures(page)).to_have_count(1)
    expect(pictures(page).locator(".name")).to_contain_text("<script>alert('1')<")
    box = enlarge(page, 0)
    expect(box.locator(".about")).to_contain_text("<script>alert('1')<")
    box.get_by_role("link", name="More like this").click()
    expect(page.locator(".like")).to_contain_text("<script>alert('1')<")
    page.goto("/vitrine/met/health")
    expect(page.locator("body")).to_contain_text(BROKEN[:20])


@pytest.mark.parametrize("address", ["?q=a+red+car&n=6", "", "?q=x&n=0", "health", "../health"])
def test_a_phone_needs_no_sideways_scrolling(page, address):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"/vitrine/met/{address}")
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_phone_shows_two_pictures_side_by_side(page):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto("/vitrine/met/?q=a+red+car&n=6")
    first, second, third = (pictures(page).nth(number).bounding_box() for number in range(3))
    assert first["y"] == second["y"] < third["y"]


def test_the_entry_in_airflows_navigation_is_not_cut(page):
    page.goto("/")
    link = page.get_by_role("link", name="Images").first
    expect(link).to_be_visible()
    cut = (
        "(link) => [link, ...link.querySelectorAll('*')].some((one) => one.scrollWidth > one.clientWidth + 1)"
    )
    assert not link.evaluate(cut)


def test_no_white_bars_in_the_dark(page):
    page.emulate_media(color_scheme="dark")
    page.goto("/vitrine/met/?q=a+castle&n=6")
    first = pictures(page).first
    expect(first.locator("img")).to_have_js_property("naturalWidth", 320)
    expect(first).not_to_have_class("waiting")
    ground = first.locator(".picture").evaluate("(one) => getComputedStyle(one).backgroundColor")
    assert ground.startswith("oklch(0.2"), ground


WITH_A_LIGHTBOX = "?q=a+red+car&n=6#enlarged"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "address", ["?q=a+red+car&n=6", WITH_A_LIGHTBOX, "", "?q=x&n=0", "health", "../health"]
)
@pytest.mark.parametrize("width", [1280, 375])
def test_axe_finds_nothing(page, theme, address, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(f"/vitrine/met/{address}")
    page.wait_for_load_state("networkidle")
    if address == WITH_A_LIGHTBOX:
        enlarge(page, 0)
    elif "n=6" in address:
        page.get_by_role("button", name="Select").click()
        pictures(page).first.get_by_role("checkbox").check(force=True)
        page.locator(".facts summary").click()
    found = AXE.run(page, options=RULES).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], json.dumps(found, indent=1)


def test_by_keyboard_alone(page):
    page.goto("/vitrine/met/")
    expect(page.get_by_role("searchbox")).to_be_focused()  # as soon as the page is drawn, after it is loaded
    page.keyboard.type("a red car")
    page.keyboard.press("Enter")
    expect(pictures(page)).to_have_count(24)
    first = pictures(page).first.locator("a.picture")
    for _ in range(15):
        page.keyboard.press("Tab")
        if first.evaluate("link => link === document.activeElement"):
            break
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_focused()
    page.keyboard.press("Escape")
    expect(first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".like")).to_be_visible()


def test_dark_when_airflow_is_dark(page):
    page.goto("/vitrine/met/")
    page.evaluate("localStorage.setItem('theme', 'dark')")
    page.goto("/plugin/image-search")
    body = frame_of(page).locator("html")
    expect(body).to_have_css("color-scheme", "dark")
    page.evaluate("document.documentElement.style.colorScheme = 'light'")
    expect(body).to_have_css("color-scheme", "light")


def test_health_figures_and_filter(page):
    page.goto("/plugin/image-search/vitrine/met/health")
    inner = frame_of(page)
    expect(inner.locator(".tiles")).to_contain_text("276")
    expect(inner.locator(".tiles")).to_contain_text("Too small for an index: 276 of 5,000 rows")
    expect(inner.locator("[data-load] .figure")).to_be_visible()
    inner.get_by_role("link", name=f"2 {REFUSED}").click()
    expect(pictures(inner)).to_have_count(2)
    expect(inner.get_by_role("button", name="Replay 2 images")).to_be_visible()


def test_the_trend_of_the_recall(page):
    page.goto("/plugin/image-search/vitrine/met/health")
    inner = frame_of(page)
    chart = inner.get_by_role("img", name="Recall at the last 4 measurements")
    expect(chart).to_be_visible()
    lines = [chart.locator(f"polyline.{kind}-recall").bounding_box() for kind in ("image", "word")]
    assert lines[0]["y"] < lines[1]["y"], "images are found better than words"
    assert lines[1]["height"] > 10 > lines[0]["height"], "words are found better and better"
    expect(inner.get_by_role("region", name="Table of the measurements")).to_contain_text("Rebuilt.")
    link = inner.get_by_role("link", name="scheduled__22")
    expect(link).to_have_attribute("href", "../../dags/maintain_vector_index__met/runs/scheduled__22")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 401, "json": {"detail": "Not authenticated"}}, NOT_COUNTED),
        ({"status": 500, "content_type": "text/plain", "body": "Internal Server Error"}, NOT_COUNTED),
        (
            {"status": 503, "content_type": "text/html; charset=utf-8", "body": "<p>Try again.</p>"},
            "Try again.",
        ),
    ],
)
def test_a_backlog_that_is_no_page_of_ours_is_not_shown(page, answer, said):
    page.route("**/health/backlog", lambda route: route.fulfill(**answer))
    page.goto("/vitrine/met/health")
    expect(page.locator("[data-load]")).to_have_text(said)


def test_replay_asks_first_and_starts_a_run_that_embeds(page, airflow):
    finished = airflow.run("setup_image_search")
    assert finished.state == "success", airflow.explain(finished)
    airflow.wait_until_parsed("embed_images__met")
    page.goto(f"/vitrine/met/health?status={REFUSED}&prefix=gs://{airflow.bucket}/scans/a")
    page.get_by_role("button", name="Replay 1 image").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert airflow.runs("embed_images__met") == []
    page.get_by_role("button", name="Replay 1 image").click()
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator("#replayed")).to_contain_text("The DAG is paused: unpause it")
    [run] = airflow.runs("embed_images__met")
    assert run["conf"] == {
        "replay_quarantine": True,
        "replay_status": REFUSED,
        "uri_prefix": f"gs://{airflow.bucket}/scans/a",
    }
    assert run["logical_date"], "Airflow's calendar and its filters by date have no run without one"
    page.get_by_role("link", name=run["dag_run_id"]).click()
    expect(page).to_have_url(re.compile("/dags/embed_images__met/runs/manual"))

    page.goto("/vitrine/met/health")
    first = page.locator(".verdict .first")
    expect(first).to_contain_text("Paused: a run that is under way since today")
    airflow.unpause("embed_images__met")
    # Nobody reloads the page. The picture is a copy of one that is searchable, so the model was asked for none.
    expect(first).to_contain_text(": nothing new.", timeout=NIGHT_MILLISECONDS)
    assert airflow.wait("embed_images__met", run["dag_run_id"], seconds=300).state == "success"
    page.goto("/vitrine/met/?q=an+owl")
    expect(page.get_by_title(f"gs://{airflow.bucket}/scans/a.jpg")).to_be_visible()
    page.goto("/vitrine/met/health")
    expect(page.locator("#replay")).to_have_text("Replay 2 images …")


def test_a_night_from_its_question_to_the_line_that_says_why_it_failed(page, airflow, emulator):
    new = (DEMO / "photos/owl.jpg").read_bytes() + b"new"
    emulator.upload(airflow.bucket, {"photos/new-owl.jpg": new})
    before = emulator.faults()
    emulator.faults(retryable_share=1.0, retryable_attempts=1_000)
    run = airflow.trigger("embed_images__met", {"max_cost_usd": 0})
    page.goto("/vitrine/met/health")
    first = page.locator(".verdict .first")
    expect(first).to_contain_text("Waiting for approval", timeout=NIGHT_MILLISECONDS)
    expect(first).to_contain_text("Embed 1 image for about $0.0001? More than $0.00 needs approval.")
    first.get_by_role("link", name="Approve or reject").click()
    expect(page.get_by_text("Embed 1 image for about $0.0001?").first).to_be_visible()
    expect(page.get_by_role("cell", name="$0.00 (max_cost_usd)")).to_be_visible()
    expect(page.get_by_text("Without an answer within 24 hours")).to_be_visible()
    page.goto("/vitrine/met/health")
    airflow.answer("embed_images__met", run, "plan.approve_cost", "Approve")
    expect(first).to_contain_text("failed. 1 image left, all RESOURCE_EXHAUSTED.", timeout=NIGHT_MILLISECONDS)
    emulator.faults(**before)
    expect(page.locator(".verdict")).to_contain_text("The last complete run was")
    first.get_by_role("link", name="Why").click()
    expect(page).to_have_url(re.compile(r"/tasks/report_run\?try_number=\d+#\d+$"))
    line = page.url.partition("#")[2]
    expect(page.get_by_text("IncompleteRunError: 1 of 1 planned images").first).to_be_visible()
    assert page.locator(f"[id='{line}'], a:text-is('{line}')").count()


def test_all_collections_in_one_line_each(page):
    page.goto("/vitrine/health")
    line = page.locator(".overview li")
    expect(line).to_have_count(1)
    expect(line.get_by_role("link", name="met")).to_be_visible()
    expect(line).to_contain_text("failed. 1 image left")
    expect(line).to_contain_text(": model $")
