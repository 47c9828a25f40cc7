"""The local model: one vector space for images and English text, with no network and no training.

It stands in for `multimodalembedding@001`. The two spaces are NOT compatible: store the model's id with every
vector. What it can and cannot do is in MODEL_CARD.md beside this file.
"""

from bqml_emulator.model.local_model import LocalModel, load
from bqml_emulator.model.projection import DIMENSIONS, project
from bqml_emulator.model.vision import ImageError

__all__ = ["DIMENSIONS", "ImageError", "LocalModel", "load", "project"]
