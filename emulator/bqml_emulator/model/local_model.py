"""The model as its callers see it: bytes or words in, one unit vector of 1,408 numbers out."""

from functools import cache

import numpy as np

from bqml_emulator.model import layout
from bqml_emulator.model.colour import ColourNames, colour_words
from bqml_emulator.model.concepts import Concepts
from bqml_emulator.model.sentence import SentenceEncoder
from bqml_emulator.model.vision import Vision, read_image
from bqml_emulator.model.weights import load_assets
from bqml_emulator.model.wording import without_colours, without_filler

# Part of what users see in the ledger: a new id means that stored vectors must be computed again.
MODEL_ID = "local-conse-effnetlite0-minilm-v1"


class LocalModel:
    """Embeds images and text into one space. Thread-safe; the same input always gives the same vector."""

    model_id = MODEL_ID

    def __init__(self) -> None:
        assets = load_assets()
        self._vision = Vision()
        self._sentences = SentenceEncoder()
        self._concepts = Concepts(assets)
        self._colours = ColourNames(assets["colours"])

    def embed_image(self, data: bytes) -> np.ndarray:
        """Embed an image file: float32, shape (1408,), unit length. Raises ImageError for unusable bytes."""
        pixels = read_image(data)
        logits, activation = self._vision.look(pixels)
        return layout.pack_image(
            semantic=self._concepts.meaning(logits),
            concepts=self._concepts.seen(logits),
            colours=self._colours.histogram(pixels, activation),
        )

    def embed_text(self, text: str) -> np.ndarray:
        """Embed an English text: float32, shape (1408,), unit length. Only its first 126 pieces count."""
        wish = without_filler(text)
        # Colour words pull the meaning towards coloured things of any kind, so half of it ignores them.
        meanings = self._sentences.encode([wish, without_colours(wish)])
        return layout.pack_text(
            semantic=meanings.sum(axis=0),
            concepts=self._concepts.asked(meanings).mean(axis=0),
            colours=colour_words(text),
        )


@cache
def load() -> LocalModel:
    """The process's one LocalModel: 0.5 s and 200 MB at first. Raises WeightsError for damaged files."""
    return LocalModel()
