"""The colour a picture's subject has, and the colour a text names, in twelve basic colour names."""

import re

import numpy as np
from PIL import Image

NAMES = "black white grey red orange yellow green blue purple pink brown beige".split()
SYNONYMS = {
    "grey": "gray silver charcoal",
    "red": "crimson scarlet maroon burgundy",
    "yellow": "gold golden",
    "green": "teal emerald",
    "blue": "navy azure cyan turquoise indigo",
    "purple": "violet lavender lilac mauve",
    "pink": "magenta fuchsia",
    "beige": "cream ivory tan khaki ecru",
}
NAME_OF = {word: name for name in NAMES for word in [name, *SYNONYMS.get(name, "").split()]}
# "cream colored", "reddish", "navy-blue": the suffix belongs to the colour.
COLOUR_WORD = re.compile(
    rf"\b({'|'.join(NAME_OF)})(d?ish)?\b(\s*[- ]?(colou?red|colou?rs?|coloring))?", re.IGNORECASE
)

GRID = 64
CENTRE_WIDTH = 0.6
# A plain ground, as in catalogues and drawings, would pass for the subject's own colour: it counts less. Not
# nothing, for a subject may have its ground's colour.
GROUND_WEIGHT = 0.25
GROUND_TOLERANCE = 40  # of 255, in each of red, green and blue
PLAIN_SHARE = 0.6  # of the border's pixels
# Each pixel counts a little even where the network saw nothing, so that a blank picture still has a colour.
LEAST_SHARE = 1e-3


def colour_words(text: str) -> np.ndarray:
    """The colours a text names, shape (12,): unit length, or all zero when it names none."""
    named = {NAME_OF[match.group(1).lower()] for match in COLOUR_WORD.finditer(text)}
    marks = np.array([name in named for name in NAMES], np.float32)
    return marks / max(float(np.linalg.norm(marks)), 1.0)


class ColourNames:
    """Names pixels' colours with a table learnt from the XKCD colour survey."""

    def __init__(self, table: np.ndarray) -> None:
        """Takes the survey's table: uint8 (32, 32, 32, 12), each name's share x 255 for a coarse RGB."""
        self._table = table.astype(np.float32) / 255
        y, x = np.mgrid[0:GRID, 0:GRID] / (GRID - 1) * 2 - 1
        self._centre = np.exp(-(x**2 + y**2) / (2 * CENTRE_WIDTH**2)).astype(np.float32)

    def histogram(self, pixels: np.ndarray, activation: np.ndarray) -> np.ndarray:
        """Square roots of the colour names' shares, shape (12,) and so of unit length.

        `pixels` is a uint8 (side, side, 3) image, `activation` the network's (7, 7) map of where it saw
        something: the subject counts, not its ground.
        """
        small = np.asarray(Image.fromarray(pixels).resize((GRID, GRID), Image.Resampling.BILINEAR))
        weight = (_resized_map(activation) ** 3 + LEAST_SHARE) * self._centre
        weight = np.where(_plain_ground(small), GROUND_WEIGHT * weight, weight)
        coarse = small >> 3
        names = self._table[coarse[..., 0], coarse[..., 1], coarse[..., 2]]
        return np.sqrt(np.tensordot(weight / weight.sum(), names, axes=2))


def _plain_ground(small: np.ndarray) -> np.ndarray:
    """Which pixels of a (side, side, 3) image have its border's colour; none if the border is not plain."""
    border = np.concatenate([small[0], small[-1], small[1:-1, 0], small[1:-1, -1]])
    usual = np.median(border, axis=0)

    def is_near(colours: np.ndarray) -> np.ndarray:
        return (np.abs(colours - usual) < GROUND_TOLERANCE).all(axis=-1)

    return is_near(small) & (is_near(border).mean() >= PLAIN_SHARE)


def _resized_map(activation: np.ndarray) -> np.ndarray:
    """The activation map stretched to 0..1 and to the grid's size."""
    spread = (activation - activation.min()) / (np.ptp(activation) + 1e-6)
    image = Image.fromarray(spread.astype(np.float32)).resize((GRID, GRID), Image.Resampling.BILINEAR)
    return np.asarray(image).clip(0, 1)
