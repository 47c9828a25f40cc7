"""A name for every colour, from the XKCD survey: what 954 colours were called by 200,000 people (CC0)."""

import re
import runpy
from pathlib import Path

import numpy as np

from bqml_emulator.model.colour import NAME_OF, NAMES

STEPS = 32  # per channel
REACH = 9.0  # in CIELAB units: how far a surveyed colour's name carries
COMMON = 8  # names with fewer surveyed colours are not raised further
# Survey words that would be things, not colours, in a request; so the run-time table does not have them.
SURVEY_WORDS = {
    "grey": "slate steel",
    "red": "wine ruby brick",
    "orange": "rust peach apricot amber coral",
    "yellow": "mustard lemon canary blond",
    "green": "lime olive mint forest jade",
    "blue": "aqua cobalt sapphire",
    "purple": "plum",
    "pink": "rose salmon",
    "brown": "chocolate chestnut bronze copper sepia",
    "beige": "sand",
    "white": "offwhite",
}
ALL_NAMES = NAME_OF | {word: name for name, words in SURVEY_WORDS.items() for word in words.split()}
# The survey has few greys; brightness 0..1 and the name it stands for.
GREYS = {
    "black": (0, 0.06, 0.12),
    "grey": (0.35, 0.45, 0.55, 0.65, 0.75),
    "white": (0.95, 0.98, 1),
}
GREY_VOTES = 3
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
WHITE_POINT = np.array([0.95047, 1, 1.08883])  # D65


def build(survey_file: Path) -> np.ndarray:
    """uint8 (32, 32, 32, 12): for each coarse RGB the share of each name, times 255."""
    colours, names = surveyed(survey_file)
    votes = names / np.maximum(names.sum(axis=0), COMMON) ** 0.5
    level = (np.arange(STEPS) + 0.5) / STEPS
    grid = lab(np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1))
    shares = np.stack([_shares(plane, colours, votes) for plane in grid.reshape(STEPS, -1, 3)])
    return np.round(shares.reshape(STEPS, STEPS, STEPS, len(NAMES)) * 255).astype(np.uint8)


def surveyed(survey_file: Path) -> tuple[np.ndarray, np.ndarray]:
    """The survey's colours that have a basic name: CIELAB (n, 3), and that name as one-hot rows (n, 12)."""
    found = []
    for title, code in runpy.run_path(str(survey_file))["XKCD_COLORS"].items():
        words = re.split(r"[ /]", title.removeprefix("xkcd:").replace("off white", "offwhite"))
        named = [ALL_NAMES[word] for word in words if word in ALL_NAMES]
        if named:  # of "greenish blue", the last word is the head
            found.append((tuple(int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)), named[-1]))
    for name, levels in GREYS.items():
        found += [((level,) * 3, name) for level in levels] * GREY_VOTES
    colours = lab(np.array([colour for colour, _ in found]))
    return colours, np.eye(len(NAMES))[[NAMES.index(name) for _, name in found]]


def lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB 0..1 on the last axis as CIELAB (IEC 61966-2-1, CIE 15)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio, edge = linear @ TO_XYZ.T / WHITE_POINT, 6 / 29
    curve = np.where(ratio > edge**3, np.cbrt(ratio), ratio / (3 * edge**2) + 4 / 29)
    x, y, z = np.moveaxis(curve, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def _shares(points: np.ndarray, colours: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """Each point's share of every name, by the surveyed colours near it."""
    distance = ((points[:, None] - colours[None]) ** 2).sum(axis=-1)
    # From the nearest colour's distance on, so that remote points still get the name nearest to them.
    weight = np.exp((distance.min(axis=1, keepdims=True) - distance) / (2 * REACH**2))
    share = weight @ votes
    return share / share.sum(axis=1, keepdims=True)
