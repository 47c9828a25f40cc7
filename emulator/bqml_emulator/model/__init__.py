"""The local model: one vector space for images and English text, with no network and no training.

It stands in for `multimodalembedding@001` and, in a space of its own, for `gemini-embedding-2`. No two of
these spaces are compatible: store the model's id with every vector. What it can and cannot do is in
MODEL_CARD.md beside this file.
"""

from bqml_emulator.model.local_model import LocalModel, load
from bqml_emulator.model.projection import GEMINI, MULTIMODAL, Space
from bqml_emulator.model.vision import ImageError

__all__ = ["GEMINI", "MULTIMODAL", "ImageError", "LocalModel", "Space", "load"]
