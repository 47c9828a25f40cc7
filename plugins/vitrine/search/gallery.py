"""The gallery: search results as one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image, ImageOps

THUMBNAIL_PIXELS = 320
# A small file can unpack to gigabytes: what has more pixels is not shown.
MAX_PIXELS = 80_000_000
# What the model takes, and nothing for which Pillow would start another program (EPS).
FORMATS = ("JPEG", "PNG", "BMP", "GIF")


@dataclass(frozen=True)
class Picture:
    """One result as a person sees it. `thumbnail` is a data URI, or None when there is no picture to show."""

    rank: int
    gcs_uri: str
    distance: float
    thumbnail: str | None
    change: str = ""  # "new" since the time before, or ""

    @property
    def name(self) -> str:
        """Last part of the uri."""
        return self.gcs_uri.rsplit("/", 1)[-1]


def jpeg_thumbnail(data: bytes) -> bytes | None:
    """A JPEG of at most 320 x 320 pixels; None for bytes that are not a picture."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
            image.load()
            with suppress(Exception):  # a picture whose EXIF alone is broken is shown as it lies in the file
                ImageOps.exif_transpose(image, in_place=True)
            small = image.convert("RGBA")
    except Exception:  # noqa: BLE001  Pillow's decoders raise whatever the broken bytes lead them into
        return None
    page = Image.new("RGB", small.size, "white")
    page.paste(small, mask=small)
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def thumbnail(data: bytes) -> str | None:
    """The same as a data URI."""
    small = jpeg_thumbnail(data)
    return "data:image/jpeg;base64," + base64.b64encode(small).decode() if small else None


@dataclass(frozen=True)
class Section:
    """What one query has found, and the uris that it found the time before and finds no more."""

    query: str
    pictures: list[Picture]
    gone: list[str] = field(default_factory=list)


def gallery_page(sections: list[Section], *, model: str, searched_at: str) -> str:
    """The page. Every text is escaped: names of objects and words of searches come from strangers."""
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
    ).get_template("gallery.html")
    return template.render(sections=sections, model=model, searched_at=searched_at)


def results_as_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """The results as plain text, for logs and terminals."""
    lines = [f"{row['rank']:>4}  {row['distance']:.4f}  {row['gcs_uri']}" for row in rows]
    return "\n".join(["rank  distance  uri", *lines]) if lines else "Nothing was found."
