"""What a text means, as a point in all-MiniLM-L6-v2's space."""

import numpy as np

from bqml_emulator.model.layout import unit
from bqml_emulator.model.tokenizer import WordPiece
from bqml_emulator.model.weights import text_session


class SentenceEncoder:
    """all-MiniLM-L6-v2 with mean pooling."""

    def __init__(self) -> None:
        self._tokenizer = WordPiece()
        self._session = text_session()

    def encode(self, texts: list[str]) -> np.ndarray:
        """Unit vectors, float32, shape (len(texts), 384)."""
        ids, mask = self._padded([self._tokenizer.encode(text) for text in texts])
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (hidden,) = self._session.run(None, feed)
        pooled = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return unit(pooled).astype(np.float32)

    @staticmethod
    def _padded(tokens: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
        """Token ids and their mask as (texts, longest) arrays; 0 is BERT's padding."""
        ids = np.zeros((len(tokens), max(map(len, tokens))), np.int64)
        mask = np.zeros_like(ids)
        for row, numbers in enumerate(tokens):
            ids[row, : len(numbers)] = numbers
            mask[row, : len(numbers)] = 1
        return ids, mask
