"""The gallery page."""

import base64
import io
import struct
import zlib

import pytest
from PIL import ExifTags, Image

from vitrine.search.gallery import (
    Picture,
    Section,
    gallery_page,
    rendition,
    results_as_text,
    square,
    thumbnail,
)


def image_bytes(mode="RGB", size=(2000, 1000), format="PNG", color="red") -> bytes:
    """An image file."""
    buffer = io.BytesIO()
    Image.new(mode, size, color).save(buffer, format)
    return buffer.getvalue()


def open_thumbnail(uri: str) -> Image.Image:
    """The picture in a data URI."""
    return Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))))


@pytest.mark.parametrize(
    ("mode", "format"), [("RGB", "JPEG"), ("RGBA", "PNG"), ("P", "GIF"), ("L", "BMP"), ("CMYK", "JPEG")]
)
def test_thumbnails_are_small_jpegs(mode, format):
    color = 0 if mode in "PL" else "white" if mode != "CMYK" else (0, 0, 0, 0)
    picture = open_thumbnail(thumbnail(image_bytes(mode, format=format, color=color)))
    assert (picture.format, picture.size) == ("JPEG", (320, 160))


def test_transparent_parts_are_white():
    assert open_thumbnail(thumbnail(image_bytes("RGBA", color=(0, 0, 0, 0)))).getpixel((5, 5)) == (
        255,
        255,
        255,
    )


def test_a_picture_that_unpacks_to_gigabytes_has_no_thumbnail(monkeypatch):
    monkeypatch.setattr("vitrine.search.gallery.MAX_PIXELS", 2000 * 1000 - 1)
    assert thumbnail(image_bytes()) is None


@pytest.mark.parametrize("data", [b"", b"no image", image_bytes()[:60]])
def test_what_is_no_picture_has_no_thumbnail(data):
    assert thumbnail(data) is None


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG, as it stands in the file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_with(exif: bytes) -> bytes:
    """A PNG of 320 x 160 pixels with this EXIF, right after its header of 33 bytes."""
    png = image_bytes(size=(320, 160))
    return png[:33] + png_chunk(b"eXIf", exif) + png[33:]


def exif_on_its_side(replaced: bytes = b"", by: bytes = b"") -> bytes:
    """EXIF of a picture that was taken upright, with some of its bytes replaced."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription], exif[ExifTags.Base.Orientation] = "a car", 6
    return exif.tobytes().removeprefix(b"Exif\0\0").replace(replaced, by, 1)


# The number of the description's tag, and that of a tag which is a number: Pillow cannot write that text.
NOT_WRITABLE = (b"\x01\x0e", b"\x01\x08")


@pytest.mark.parametrize(
    ("exif", "size"),
    [
        (b"garbage!", (320, 160)),
        (exif_on_its_side(), (160, 320)),
        (exif_on_its_side(*NOT_WRITABLE), (160, 320)),
    ],
)
def test_a_picture_whose_exif_alone_is_broken_is_shown(exif, size):
    assert open_thumbnail(thumbnail(png_with(exif))).size == size


def test_a_picture_that_cannot_be_decoded_has_no_thumbnail_whatever_pillow_raises():
    broken = image_bytes()[:33] + png_chunk(b"IDAT", b"") + png_chunk(b"\xd8\0\0\x98", b"")
    with Image.open(io.BytesIO(broken)) as image, pytest.raises(SyntaxError, match="broken PNG file"):
        image.load()
    assert thumbnail(broken) is None
    assert thumbnail(image_bytes(size=(64, 64))[:-30]) is None  # not even a half of it


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "WEBP"])
def test_every_format_that_the_model_takes_is_shown_whatever_it_is_called(kind):
    assert open_thumbnail(thumbnail(image_bytes(format=kind))).size


def test_a_format_that_the_model_does_not_take_is_not_even_opened():
    assert thumbnail(image_bytes(format="EPS")) is None
    assert thumbnail(image_bytes(format="TIFF")) is None


def test_hostile_names_and_words_stay_text():
    picture = Picture(1, 'gs://b/"><script>alert(1)</script>.jpg', 0.5, None)
    page = gallery_page([Section("<img src=x onerror=alert(2)>", [picture])], model="m", searched_at="now")
    assert "<script>" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page


def test_a_page_shows_rank_distance_and_uri_of_each_picture():
    pictures = [Picture(n, f"gs://b/{n}.jpg", n / 10, thumbnail(image_bytes())) for n in (1, 2)]
    page = gallery_page([Section("a red car", pictures)], model="m/1408", searched_at="now")
    assert page.count('<img src="data:image/jpeg;base64,') == 2
    assert all(text in page for text in ("a red car", "0.1000", "gs://b/2.jpg", "2 pictures", "m/1408"))


def test_no_results_is_a_sentence():
    assert "Nothing was found" in gallery_page([Section("x", [])], model="m", searched_at="now")
    assert results_as_text([]) == "Nothing was found."


def test_the_table_is_aligned():
    assert (
        results_as_text([{"rank": 1, "distance": 0.25, "gcs_uri": "gs://b/1.jpg"}]).splitlines()[1]
        == "   1  0.2500  gs://b/1.jpg"
    )


def test_saved_queries_say_what_has_changed():
    new = Picture(1, "gs://b/new.jpg", 0.1, None, change="new")
    old = Picture(2, "gs://b/old.jpg", 0.2, None)
    sections = [Section("a car", [new, old], ["gs://b/<gone>.jpg"]), Section("a dog", [])]
    page = gallery_page(sections, model="m", searched_at="now")
    assert "<h2>a car</h2>\n<p>1 new, 1 gone" in page
    assert "<h2>a dog</h2>\n<p>0 new, 0 gone" in page
    assert page.count("<strong>new</strong>") == 1
    assert "Gone: gs://b/&lt;gone&gt;.jpg" in page


def test_no_saved_query_says_where_to_write_one():
    page = gallery_page([], model="m", searched_at="now")
    assert "saved_queries" in page
    assert "include/collections.yaml" in page


def test_an_enlargement_says_how_large_the_original_is_as_it_is_seen():
    made = rendition(image_bytes(size=(2000, 1000)), 1_600)
    with Image.open(io.BytesIO(made.jpeg)) as picture:
        assert picture.size == (1_600, 800)
    assert (made.width, made.height) == (2_000, 1_000)
    on_its_side = rendition(png_with(exif_on_its_side()), 1_600)
    assert (on_its_side.width, on_its_side.height) == (160, 320)


@pytest.mark.parametrize("size", [(2000, 1000), (30, 400), (10, 10), (5000, 1)])
def test_a_square_is_the_middle_of_a_picture_however_long_that_is(size):
    picture = square(image_bytes(size=size), 64)
    assert picture is not None
    assert (picture.mode, picture.size, picture.getpixel((32, 32))) == ("RGB", (64, 64), (255, 0, 0))


def test_a_square_of_what_is_no_picture_is_none():
    assert square(b"broken", 64) is None
