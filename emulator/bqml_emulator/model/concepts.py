"""The bridge between pictures and words: the 1,000 ImageNet classes and 461 WordNet groups of them.

An image becomes a mixture of the *names* of the classes it may show (ConSE, arXiv:1312.5650);
a text is read as a wish for certain classes. WordNet's groups let "an animal" mean every class below it.
"""

import numpy as np

CLASSES = 1000
LIKELIEST = 50
IMAGE_TEMPERATURE = 1.5
TEXT_TEMPERATURE = 0.04
# A group hands its share to each of its n classes, divided by n to this power: 1 would drown large groups,
# 0 small ones.
GROUP_SPREAD = 0.25


class Concepts:
    """Class and group names as points in the sentence encoder's space."""

    def __init__(self, assets: dict[str, np.ndarray]) -> None:
        """Takes assets.npz' points `classes` (1000, 384), `groups` (n, 384), and `members` (1000, n)."""
        self._classes = assets["classes"].astype(np.float32)
        self._names = np.concatenate([self._classes, assets["groups"].astype(np.float32)]).T
        members = assets["members"].astype(np.float32)
        self._spread = (members / members.sum(axis=0) ** GROUP_SPREAD).T

    def meaning(self, logits: np.ndarray) -> np.ndarray:
        """What an image shows, in words' space (384,): its likeliest classes' names, mixed by probability."""
        shares = softmax(logits, IMAGE_TEMPERATURE)
        shares[shares < np.sort(shares)[-LIKELIEST]] = 0
        return shares @ self._classes

    def seen(self, logits: np.ndarray) -> np.ndarray:
        """The probability of each class in an image, shape (1000,)."""
        return softmax(logits)

    def asked(self, meanings: np.ndarray) -> np.ndarray:
        """How much each text, given by its meaning (n, 384), asks for each class: shape (n, 1000)."""
        shares = softmax(meanings @ self._names, TEXT_TEMPERATURE)
        return shares[:, :CLASSES] + shares[:, CLASSES:] @ self._spread


def softmax(scores: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Scores on the last axis as shares that add up to 1; a higher temperature evens them out."""
    powers = np.exp((scores - scores.max(axis=-1, keepdims=True)) / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)
