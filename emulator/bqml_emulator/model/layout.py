"""Where each kind of evidence sits in a vector, and how much it weighs.

    image: [ semantic 384 | concepts 1000 | 0.5 x colours 12 | slack 1 | 0 x 11 ]  -> unit length
    text:  [ semantic 384 | 0.75 x concepts 1000 | colours 12 |  0  | 0 x 11 ]     -> unit length

1,384 + 12 + 1 numbers are padded to the 1,408 of multimodalembedding@001, so that tables and indexes look the
same.
"""

import numpy as np

DIMENSION = 1408
SEMANTIC = slice(0, 384)
CONCEPTS = slice(384, 1384)
COLOURS = slice(1384, 1396)
SLACK = 1396

# Weights chosen on evaluation sets A-D of the model card, never on the demo images.
TEXT_CONCEPT_WEIGHT = 0.75
IMAGE_COLOUR_WEIGHT = 0.5


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale the last axis to length 1; a zero vector stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def pack_image(semantic: np.ndarray, concepts: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Join an image's evidence: meaning (384,), class probabilities (1000,) and colour shares (12,)."""
    vector = _pack(semantic, concepts, IMAGE_COLOUR_WEIGHT * colours)
    # Tops the concepts up to length 1: every image then has the same norm, and no image wins by being unsure.
    vector[SLACK] = np.sqrt(max(0.0, 1.0 - float(concepts @ concepts)))
    return unit(vector)


def pack_text(semantic: np.ndarray, concepts: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Join a text's evidence: meaning (384,), class probabilities (1000,) and colour words (12,)."""
    return unit(_pack(semantic, TEXT_CONCEPT_WEIGHT * concepts, colours))


def _pack(semantic: np.ndarray, concepts: np.ndarray, colours: np.ndarray) -> np.ndarray:
    vector = np.zeros(DIMENSION, np.float32)
    vector[SEMANTIC], vector[CONCEPTS], vector[COLOURS] = unit(semantic), concepts, colours
    return vector
