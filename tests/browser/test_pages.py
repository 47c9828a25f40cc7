"""What a person does with the pages, in a real browser before Airflow's real web server."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from scripts.stack import emulator_service
from tests.browser.conftest import BROKEN, HOSTILE, REFUSED

AXE = Axe()
SERIOUS = ("serious", "critical")
NOT_COUNTED = "Counting failed. Reload the page."


def pictures(page):
    """The pictures of a search, as one locator."""
    return page.locator(".pictures > li")


def frame_of(page: Page):
    """The page inside Airflow's own."""
    return page.frame_locator("iframe[title='Image search']")


def name(page, number: int = 0) -> str:
    """The name under a picture."""
    return pictures(page).nth(number).locator(".name bdi").inner_text()


def copied(page: Page, shown, button: str) -> str:
    """What a button of this page has copied: a click ends before the copy does, so the page must say it."""
    shown.get_by_role("button", name=button).click()
    expect(shown.locator("#said")).to_have_text("Copied")
    return page.evaluate("navigator.clipboard.readText()")


def test_from_airflows_navigation_to_pictures_and_back(page):
    page.goto("/")
    page.get_by_role("link", name="Image search").first.click()
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
    pictures(inner).first.locator("a.picture").click()
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
    pictures(page).first.locator("a.picture").click()
    expect(page.locator(".like")).to_contain_text(first)
    expect(pictures(page)).to_have_count(24)
    assert first not in [name(page, number) for number in range(24)]
    assert emulator.last_call() == calls
    page.get_by_role("searchbox").fill("a fish")
    page.keyboard.press("Enter")
    expect(page.locator(".like")).to_have_count(0)
    expect(page.locator("#count")).to_contain_text("24 pictures")


def test_filters(page, airflow):
    page.goto("/vitrine/met/")
    page.get_by_role("searchbox").fill("a red car")
    page.get_by_label("Only below").fill(f"gs://{airflow.bucket}/photos/")
    page.get_by_label("Pictures").fill("5")
    page.get_by_label("Compare with").select_option("every picture")
    page.get_by_role("button", name="Search").click()
    expect(pictures(page)).to_have_count(5)
    for number in range(5):
        expect(pictures(page).nth(number).locator(".uri")).to_contain_text("/photos/")
    expect(page.locator(".cost")).to_contain_text("use_brute_force option has been specified")
    expect(page.get_by_label("Pictures")).to_have_value("5")


def test_copy_and_open(page, emulator):
    page.goto("/plugin/image-search/vitrine/met/?q=a+panda&n=1")
    inner = frame_of(page)
    assert copied(page, inner, "Copy URI").endswith("/photos/panda.jpg")
    with page.context.expect_page() as opened:
        inner.get_by_role("link", name=re.compile("^Open")).click()
    expect(opened.value).to_have_url(re.compile(f"^{re.escape(emulator.storage_url)}.*/photos/panda[.]jpg$"))


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
    expect(pictures(page).locator(".uri")).to_contain_text("<script>alert('1')<")
    pictures(page).locator("a.picture").click()
    expect(page.locator(".like")).to_contain_text("<script>alert('1')<")
    page.goto("/vitrine/met/health")
    expect(page.locator("body")).to_contain_text(BROKEN[:20])


@pytest.mark.parametrize("address", ["?q=a+red+car&n=6", "", "?q=x&n=0", "health"])
def test_a_phone_needs_no_sideways_scrolling(page, address):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"/vitrine/met/{address}")
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("address", ["?q=a+red+car&n=6", "", "?q=x&n=0", "health"])
def test_axe_finds_nothing_serious(page, theme, address):
    page.emulate_media(color_scheme=theme)
    page.goto(f"/vitrine/met/{address}")
    page.wait_for_load_state("networkidle")
    found = AXE.run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS] == []


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
    page.get_by_role("link", name=run["dag_run_id"]).click()
    expect(page).to_have_url(re.compile("/dags/embed_images__met/runs/manual"))

    airflow.unpause("embed_images__met")
    assert airflow.wait("embed_images__met", run["dag_run_id"], seconds=300).state == "success"
    page.goto("/vitrine/met/?q=an+owl")
    expect(page.get_by_text(f"gs://{airflow.bucket}/scans/a.jpg")).to_be_visible()
    page.goto("/vitrine/met/health")
    expect(page.locator("#replay")).to_have_text("Replay 2 images …")
