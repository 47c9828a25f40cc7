"""Give a flat drawing's main colour another value: the same dress in red, blue or cream."""

import numpy as np
from PIL import Image

COLOURS = {
    "white": (250, 250, 248),
    "cream": (250, 238, 205),
    "red": (200, 25, 35),
    "yellow": (245, 205, 40),
    "green": (40, 140, 60),
    "blue": (40, 80, 190),
    "black": (35, 35, 38),
}
# Of Pillow's 0..255 for hue and saturation: how colourful a pixel must be, and how near to the main hue.
LEAST_SATURATION = 60
HUE_REACH = 18


def recolour(image: Image.Image, change: str) -> Image.Image:
    """Carry out a change such as "recoloured cream"; "" leaves the RGB image as it is."""
    if not change:
        return image
    name = change.removeprefix("recoloured ")
    if name not in COLOURS:
        raise ValueError(f"unknown change {change!r}: write 'recoloured' and one of {', '.join(COLOURS)}")
    hue, saturation, value = np.moveaxis(np.asarray(image.convert("HSV")).astype(int), -1, 0)
    coloured = saturation > LEAST_SATURATION
    main = np.bincount(hue[coloured], minlength=256).argmax()
    distance = np.abs((hue - main + 128) % 256 - 128)
    chosen = coloured & (distance < HUE_REACH)
    shade = value / np.percentile(value[chosen], 90)
    painted = np.clip(shade[..., None] * np.array(COLOURS[name]), 0, 255)
    return Image.fromarray(np.where(chosen[..., None], painted, np.asarray(image)).astype(np.uint8))
