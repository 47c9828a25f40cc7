"""WordPiece for bert-base-uncased.

Our own, because the `tokenizers` package brings 15 others with it, an HTTP client among them. That the ids
are identical is checked against that very package by `python -m model_build tokenizer`.
"""

import re
import unicodedata

from bqml_emulator.model.weights import load_vocabulary

MAX_TOKENS = 128
LONGEST_WORD = 100
INVISIBLE = {"Cc", "Cf", "Co"}  # control, format and private characters
CJK = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0002a6df\U0002a700-\U0002b81f\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f]"
)


class WordPiece:
    """Turns text into the ids that BERT was trained on."""

    def __init__(self) -> None:
        self._ids = {piece: number for number, piece in enumerate(load_vocabulary())}
        self._start, self._end, self._unknown = (self._ids[name] for name in ("[CLS]", "[SEP]", "[UNK]"))

    def encode(self, text: str) -> list[int]:
        """Ids of the text's pieces between the start and end marks, at most MAX_TOKENS in all."""
        pieces = [number for word in split_words(text) for number in self._pieces(word)]
        return [self._start, *pieces[: MAX_TOKENS - 2], self._end]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > LONGEST_WORD:
            return [self._unknown]
        found, start = [], 0
        while start < len(word):
            number, start = self._longest(word, start)
            if number is None:
                return [self._unknown]
            found.append(number)
        return found

    def _longest(self, word: str, start: int) -> tuple[int | None, int]:
        """The longest known piece that begins at `start`, and where it ends."""
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):
            number = self._ids.get(prefix + word[start:end])
            if number is not None:
                return number, end
        return None, start


def split_words(text: str) -> list[str]:
    """BERT's basic split: lower case, no accents, each punctuation mark and CJK character a word."""
    cleaned = "".join(_cleaned(character) for character in text)
    plain = "".join(c for c in unicodedata.normalize("NFD", cleaned) if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if _is_punctuation(c) else c for c in plain.lower()).split()


def _cleaned(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if character == "\ufffd" or unicodedata.category(character) in INVISIBLE:
        return ""
    return " " if character.isspace() else CJK.sub(r" \g<0> ", character)


def _is_punctuation(character: str) -> bool:
    # BERT counts ASCII symbols such as $ and + as punctuation although Unicode does not.
    is_ascii_mark = "!" <= character <= "~" and not character.isalnum()
    return is_ascii_mark or unicodedata.category(character).startswith("P")
