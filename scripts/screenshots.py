"""Retake docs/images: `make up`, embed the demo images, then `make screenshots`."""

import os
import shutil
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs/images"
DESKTOP, TALL, PHONE = (1280, 860), (1280, 1800), (320, 640)
INSIDE_AIRFLOW = "/plugin/image-search/vitrine/met/"
# Images in view at every window size; those further down load lazily.
IN_SIGHT = 3
LOADED = "image => image.complete || new Promise(done => (image.onload = image.onerror = () => done()))"


class Screenshot(NamedTuple):
    """What to take: a page, the size of the window, the theme."""

    path: str
    size: tuple[int, int]
    theme: Literal["light", "dark"]


SCREENSHOTS = {
    "more-like-this": Screenshot(
        f"{INSIDE_AIRFLOW}?like=gs://met-demo/photos/castle-chambord.jpg", DESKTOP, "dark"
    ),
    "search-page": Screenshot(
        f"{INSIDE_AIRFLOW}?q=pictures+of+white+or+cream+colored+dress+from+victorian+era",
        DESKTOP,
        "light",
    ),
    "duplicates-page": Screenshot(f"{INSIDE_AIRFLOW}duplicates", DESKTOP, "light"),
    "health-page": Screenshot(f"{INSIDE_AIRFLOW}health", TALL, "light"),
    "search-page-phone": Screenshot("/vitrine/met/?q=a+red+car", PHONE, "dark"),
}


def main() -> None:
    """Take every screenshot."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in SCREENSHOTS:
            take(browser, name)


def take(browser: Browser, name: str) -> None:
    """Take one screenshot and print where it is."""
    path, (width, height), theme = SCREENSHOTS[name]
    page = browser.new_page(
        base_url=os.environ["AIRFLOW__API__BASE_URL"],
        viewport={"width": width, "height": height},
        color_scheme=theme,
    )
    page.goto(path)
    inner = page.frame_locator("iframe") if path.startswith("/plugin") else page
    inner.locator(".pictures .name").first.wait_for()
    if "health" in path:
        inner.locator("[data-load] .figure").wait_for()
    for image in inner.locator(".pictures img").all()[:IN_SIGHT]:
        image.evaluate(LOADED)
    page.screenshot(path=IMAGES / f"{name}.png")
    page.close()
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    main()
