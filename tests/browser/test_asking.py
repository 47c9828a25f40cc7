"""What can be asked on the search page, in a real browser."""

import base64
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DEMO
from tests.browser.test_pages import AXE, RULES, name, pictures

UPLOADS = "met-demo-uploads"
COUPE = DEMO / "drawings/car-white-coupe.jpg"
DROP = """data => {
  const file = new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], "mine.jpg", { type: "image/jpeg" });
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(file);
  for (const kind of ["dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
}"""
PASTE = DROP.replace('for (const kind of ["dragover", "drop"])\n', "").replace(
    "new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true })",
    'new ClipboardEvent("paste", { clipboardData: dataTransfer, bubbles: true })',
)


@pytest.fixture
def uploads(airflow, emulator):
    """The bucket for pictures of one's own; nothing is left in it."""
    yield
    assert list(emulator.storage.list_blobs(UPLOADS)) == []


def encoded(path) -> str:
    """A file as a script takes it."""
    return base64.b64encode(path.read_bytes()).decode()


def accessible(page: Page) -> None:
    """No fault that axe-core finds."""
    found = AXE.run(page, options=RULES).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_this_but_red(page, airflow):
    page.goto(f"/vitrine/met/?like=gs://{airflow.bucket}/drawings/car-white-coupe.jpg")
    page.get_by_role("searchbox").fill("red")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?q=red&like=[^&]+$"))
    expect(pictures(page)).to_have_count(24)
    assert name(page) == "car-red-coupe.jpg"


def test_words_are_added_taken_away_weighed_and_left_out(page):
    page.goto("/vitrine/met/?q=a+car")
    page.get_by_text("Add or take away words").click()
    page.get_by_label("− Take away").fill("red")
    page.get_by_role("slider").fill("0.3")
    expect(page.get_by_role("status").filter(has_text="30 %")).to_be_visible()
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?q=a\+car&minus=red&weight=0.3$"))
    assert not name(page).startswith("car-red")
    accessible(page)
    page.get_by_role("link", name="Leave out red").click()
    expect(page).to_have_url(re.compile(r"\?q=a\+car$"))


def test_a_negation_is_taken_away_with_one_click(page):
    page.goto("/vitrine/met/?q=a+castle+without+people&n=3")
    page.get_by_role("link", name="Take “people” away instead").click()
    expect(page).to_have_url(re.compile(r"\?q=a\+castle&minus=people&n=3$"))
    expect(pictures(page)).to_have_count(3)


def test_the_line_is_between_good_and_weaker_matches(page):
    page.goto("/vitrine/met/")  # looks up what is typical
    line = page.get_by_text("Weaker matches below")
    for _ in range(20):
        page.goto("/vitrine/met/?q=a+hammer")
        if line.count():
            break
        page.wait_for_timeout(500)
    expect(line).to_have_count(1)
    assert name(page, 8).startswith("hammer")
    first_weaker, above = pictures(page).nth(9), pictures(page).nth(8)
    expect(first_weaker).to_have_class(re.compile("weaker"))
    box, above = line.bounding_box(), above.bounding_box()
    assert above["y"] + above["height"] <= box["y"]
    assert box["width"] == page.locator(".pictures").bounding_box()["width"]
    below = [pictures(page).nth(number).bounding_box() for number in (9, 10, 11)]
    assert all(
        box["y"] + box["height"] <= one["y"] for one in below
    )  # not behind the pictures beside the first
    accessible(page)


@pytest.mark.parametrize("script", [DROP, PASTE], ids=["drop", "paste"])
def test_a_picture_of_ones_own(page, uploads, script):
    page.goto("/vitrine/met/")
    page.evaluate(script, encoded(COUPE))
    send = page.get_by_role("button", name="Search with this picture")
    expect(send).to_be_focused()
    expect(page.get_by_text("one call to the model")).to_be_visible()
    accessible(page)
    send.press("Enter")
    expect(page.get_by_text("Pictures like yours, which was deleted.")).to_be_visible()
    assert name(page) == "car-white-coupe.jpg"
    assert page.get_by_alt_text("Your picture").evaluate("image => image.naturalWidth") > 0
    accessible(page)
    page.get_by_role("searchbox").fill("red")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(pictures(page).first.locator(".name bdi")).to_have_text("car-red-coupe.jpg")
    page.get_by_role("link", name="Search without it").click()
    expect(page.get_by_role("heading", name="Try one of these")).to_be_visible()


def test_a_picture_that_is_too_large_stays_here(page, uploads, tmp_path):
    page.goto("/vitrine/met/")
    large = tmp_path / "large.jpg"
    large.write_bytes(COUPE.read_bytes() + bytes(20 * 2**20))
    page.get_by_text("Own picture").click()
    page.get_by_label("Choose, paste or drop it here").set_input_files(large)
    page.get_by_role("button", name="Search with this picture").click()
    message = page.get_by_label("Choose, paste or drop it here").evaluate("field => field.validationMessage")
    assert message == "This picture has more than 20 MiB."
    expect(page.get_by_role("heading", name="Try one of these")).to_be_visible()


def test_folders_are_browsed(page, airflow):
    page.goto("/vitrine/met/?q=a+car&n=3")
    page.get_by_text("Folders, types, years").click()
    page.get_by_role("link", name="photos/").click()
    expect(page).to_have_url(re.compile(r"\?q=a\+car&prefix=gs%3A%2F%2F[^&]+%2Fphotos%2F&n=3$"))
    expect(pictures(page)).to_have_count(3)
    assert all("/photos/" in uri for uri in page.locator(".pictures .uri").all_inner_texts())
