"""What a picture shows, in the 1,000 classes of ImageNet (EfficientNet-Lite0)."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from bqml_emulator.model.weights import vision_session

SIDE = 224
# multimodalembedding@001 documents BMP, GIF, JPEG and PNG, and was seen to take WebP (bigquery-semantics.md 3.5).
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP")
# Our own bound, so that one small file cannot unpack into gigabytes; the service's own is not documented.
MAX_PIXELS = 100_000_000


class ImageError(ValueError):
    """These bytes are not an image the model can use; the message says why."""


class Vision:
    """The network: pixels in, class scores and a map of where it saw something out."""

    def __init__(self) -> None:
        self._session = vision_session()

    def look(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For one uint8 (224, 224, 3) image: class scores (1000,) and activation map (7, 7), both float32."""
        # The TPU variant's own scaling; the usual ImageNet mean and deviation would cost 7-10 points of accuracy.
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
    except Exception as error:  # Pillow's decoders raise whatever the broken bytes lead them into
        raise ImageError(f"the image cannot be decoded: {error or type(error).__name__}") from error


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(
            f"the image has {image.width} x {image.height} pixels, more than {MAX_PIXELS:,}: scale it down first"
        )


def _squashed(image: Image.Image) -> Image.Image:
    """The whole image as an upright square; small first, so that all further steps are cheap."""
    orientation = image.getexif()
    image.draft("RGB", (2 * SIDE, 2 * SIDE))
    square = _eight_bits(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    square.info["exif"] = orientation.tobytes()
    return ImageOps.exif_transpose(square)


def _eight_bits(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where there is transparency, with 8 bits a channel."""
    if image.mode.startswith(("I", "F")):
        # Pillow would clip 16-bit grey at 255 and so turn nearly all of it white.
        return Image.fromarray((np.asarray(image).astype(np.float32) / 257).clip(0, 255).astype(np.uint8)).convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")
