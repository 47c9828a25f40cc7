"""What a picture shows, in the 1,000 classes of ImageNet (EfficientNet-Lite0)."""

from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from bqml_emulator.model.weights import vision_session

SIDE = 224
# multimodalembedding@001 documents BMP, GIF, JPEG and PNG, and was seen to take WebP (bigquery-semantics.md).
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP")
# Our own bound, so that a small file cannot unpack into gigabytes; the service's is not documented.
MAX_PIXELS = 80_000_000

# What undoes each value of EXIF's Orientation (EXIF 2.32, 4.6.4, tag 274).
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(ValueError):
    """These bytes are not an image the model can use; the message says why."""


class Vision:
    """The network: pixels in, class scores and a map of where it saw something out."""

    def __init__(self) -> None:
        self._session = vision_session()

    def look(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For one uint8 (224, 224, 3) image: class scores (1000,) and activation map (7, 7), both float32."""
        # The TPU variant's own scaling; ImageNet's mean and deviation cost 7-10 points of accuracy.
        scaled = (pixels.astype(np.float32) - 127) / 128
        logits, activation = self._session.run(["logits", "sal"], {"x": scaled.transpose(2, 0, 1)[None]})
        return logits[0], activation[0]


def read_image(data: bytes) -> np.ndarray:
    """Decode an image file's bytes to uint8 (224, 224, 3), upright, on white ground. Raises ImageError."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            _check_size(image)
            return np.asarray(_on_white(_squashed(image)))
    except (ImageError, MemoryError):
        raise
    except UnidentifiedImageError as error:  # its own text names a memory address
        raise ImageError(f"the content is not an image of a known format ({', '.join(FORMATS)})") from error
    except Exception as error:  # Pillow's decoders raise whatever the broken bytes lead them into
        raise ImageError(f"the image cannot be decoded: {error}") from error


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        size = f"{image.width} x {image.height}"
        raise ImageError(f"the image has {size} pixels, more than {MAX_PIXELS:,}: scale it down first")


def _squashed(image: Image.Image) -> Image.Image:
    """The whole image as an upright square; small first, so that all further steps are cheap."""
    turn = TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    image.draft("RGB", (2 * SIDE, 2 * SIDE))
    square = _eight_bits(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return square if turn is None else square.transpose(turn)


def _eight_bits(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where there is transparency, with 8 bits a channel."""
    if image.mode.startswith("I"):
        # Pillow would clip 16-bit grey at 255 and so turn nearly all of it white.
        grey = (np.asarray(image) / 257).clip(0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")
