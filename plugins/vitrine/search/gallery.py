"""The gallery: search results as one self-contained HTML file."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import ExifTags, Image, ImageOps

THUMBNAIL_PIXELS = 320
# Images with more pixels are not shown: a small file can decode to gigabytes.
MAX_PIXELS = 80_000_000
# What the model embeds, whatever an object is called, and no format for which Pillow would start another
# program (EPS).
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
# Orientations of EXIF in which what is stored as width is seen as height.
ON_ITS_SIDE = (5, 6, 7, 8)


@dataclass(frozen=True)
class Picture:
    """One result. `thumbnail` is a data URI, or None if there is no picture to show."""

    rank: int
    gcs_uri: str
    distance: float
    thumbnail: str | None
    change: str = ""  # "new" since the previous run, or ""

    @property
    def name(self) -> str:
        """Last part of the URI."""
        return self.gcs_uri.rsplit("/", 1)[-1]


class Rendition(NamedTuple):
    """A picture as a JPEG that fits a square, and the pixels of the original as it is seen."""

    jpeg: bytes
    width: int
    height: int


def rendition(data: bytes, pixels: int) -> Rendition | None:
    """A JPEG of at most `pixels` x `pixels`; None if the data is not a picture."""
    made = _scaled(data, pixels, math.inf)
    if made is None:
        return None
    image, width, height = made
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return Rendition(buffer.getvalue(), width, height)


def square(data: bytes, pixels: int) -> Image.Image | None:
    """The middle of a picture, `pixels` x `pixels`; None if the data is not a picture."""
    made = _scaled(data, math.inf, pixels)
    return ImageOps.fit(made[0], (pixels, pixels)) if made else None


def _scaled(data: bytes, longer: float, shorter: float) -> tuple[Image.Image, int, int] | None:
    """A picture on white, upright, and the pixels of the original as it is seen; None if it is not a picture.

    :param longer: most pixels of the longer side.
    :param shorter: most pixels of the shorter side; at least as many, if the picture has them.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                return None
            side = min(longer, shorter * max(width, height) / min(width, height))
            image.thumbnail((side, side))
            image.load()
            with suppress(Exception):  # broken EXIF: show the picture as it is stored
                if image.getexif().get(ExifTags.Base.Orientation, 1) in ON_ITS_SIDE:
                    width, height = height, width
                ImageOps.exif_transpose(image, in_place=True)
            small = image.convert("RGBA")
    except Exception:  # noqa: BLE001  Pillow's decoders raise anything on broken data
        return None
    page = Image.new("RGB", small.size, "white")
    page.paste(small, mask=small)
    return page, width, height


def thumbnail(data: bytes) -> str | None:
    """The thumbnail as a data URI; None if the data is not a picture."""
    small = rendition(data, THUMBNAIL_PIXELS)
    return "data:image/jpeg;base64," + base64.b64encode(small.jpeg).decode() if small else None


@dataclass(frozen=True)
class Section:
    """The results of one query, and the URIs that only the previous run found."""

    query: str
    pictures: list[Picture]
    gone: list[str] = field(default_factory=list)


def gallery_page(sections: list[Section], *, model: str, searched_at: str) -> str:
    """Render the page. All texts are escaped: object names and search words are untrusted."""
    template = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1] / "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
    ).get_template("gallery.html")
    return template.render(sections=sections, model=model, searched_at=searched_at)


def results_as_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """The results as a plain-text table."""
    lines = [f"{row['rank']:>4}  {row['distance']:.4f}  {row['gcs_uri']}" for row in rows]
    return "\n".join(["rank  distance  uri", *lines]) if lines else "Nothing was found."
