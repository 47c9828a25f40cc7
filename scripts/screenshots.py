"""Retake docs/images: `make up`, embed the demo images, draw the map, then `make screenshots`.

The last one leaves a failed run of setup_image_search behind.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import requests
from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs/images"
DESKTOP, TALL, PHONE = (1280, 860), (1280, 1800), (320, 640)
INSIDE_AIRFLOW = "/plugin/image-search/vitrine/met/"
# Images in view at every window size; those further down load lazily.
IN_SIGHT = 3
# What an account lacks that may do everything with BigQuery's tables, and no more.
DENIED = ["bigquery.connections.use", "resourcemanager.projects.setIamPolicy", "storage.objects.get"]
POLL_SECONDS = 1.0
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
    "map-page": Screenshot(f"{INSIDE_AIRFLOW}map", DESKTOP, "light"),
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
        with stopped_setup() as path:
            take_log(browser, "stopped-setup", path)


@contextmanager
def stopped_setup() -> Iterator[str]:
    """A run of setup_image_search that its preflight stops: the address of the log that says why."""
    faults = f"{os.environ['BIGQUERY_EMULATOR_HOST']}/emulator/faults"
    before = requests.get(faults, timeout=30).json()["denied_permissions"]
    requests.put(faults, json={"denied_permissions": DENIED}, timeout=30).raise_for_status()
    try:
        dag = "setup_image_search__met"
        airflow("PATCH", f"dags/{dag}?update_mask=is_paused", {"is_paused": False})
        run = airflow("POST", f"dags/{dag}/dagRuns", {"logical_date": None})["dag_run_id"]
        while airflow("GET", f"dags/{dag}/dagRuns/{run}")["state"] not in ("failed", "success"):
            time.sleep(POLL_SECONDS)
        yield f"/dags/{dag}/runs/{run}/tasks/preflight.check_cloud"
    finally:
        requests.put(faults, json={"denied_permissions": before}, timeout=30).raise_for_status()


def airflow(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What Airflow's REST API answers."""
    url = f"{os.environ['AIRFLOW__API__BASE_URL']}/api/v2/{path}"
    response = requests.request(method, url, json=body, timeout=60)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


def take_log(browser: Browser, name: str, path: str) -> None:
    """Take a screenshot of a task's log in Airflow, at its end, where the reason is."""
    width, height = DESKTOP
    page = browser.new_page(
        base_url=os.environ["AIRFLOW__API__BASE_URL"], viewport={"width": width, "height": height}
    )
    page.goto(path)
    reason = page.get_by_text("of what the DAGs need is missing").last
    reason.wait_for()
    page.keyboard.press("w")
    page.keyboard.press("f")
    reason.scroll_into_view_if_needed()
    shown = reason.bounding_box()
    assert shown, "it was scrolled into view"
    # Without the calls that led there.
    page.screenshot(
        path=IMAGES / f"{name}.png",
        clip={"x": 0, "y": 0, "width": width, "height": shown["y"] + shown["height"]},
    )
    page.close()
    print(f"docs/images/{name}.png")


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
    if "health" in path:
        inner.locator("[data-load] .figure").wait_for()
    elif path.endswith("/map"):
        inner.locator("#map .leaflet-tile-loaded").first.wait_for()
        inner.locator("#map:not(.loading)").wait_for()
    else:
        inner.locator(".pictures .name").first.wait_for()
    for image in inner.locator(".pictures img").all()[:IN_SIGHT]:
        image.evaluate(LOADED)
    page.screenshot(path=IMAGES / f"{name}.png")
    page.close()
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    main()
