"""WordPiece for bert-base-uncased.

Our own 60 lines because the `tokenizers` package brings 15 others with it, an HTTP client among them; that its ids are
identical is checked against that very package by model_build/check_tokenizer.py.
"""

import unicodedata

from bqml_emulator.model.weights import load_vocabulary

MAX_TOKENS = 128
LONGEST_WORD = 100
CJK = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2CEAF), (0x2F800, 0x2FA1F))


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
    """BERT's basic split: lower case, no accents, every punctuation mark and CJK character a word of its own."""
    cleaned = "".join(_cleaned(character) for character in text)
    plain = "".join(c for c in unicodedata.normalize("NFD", cleaned) if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if _is_punctuation(c) else c for c in plain.lower()).split()


def _cleaned(character: str) -> str:
    if character in "\t\n\r" or character.isspace():
        return " "
    if character in "\0\ufffd" or unicodedata.category(character).startswith("C"):
        return ""
    return f" {character} " if _is_cjk(character) else character


def _is_cjk(character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in CJK)


def _is_punctuation(character: str) -> bool:
    # BERT counts ASCII symbols such as $ and + as punctuation although Unicode does not.
    is_ascii_mark = "!" <= character <= "~" and not character.isalnum()
    return is_ascii_mark or unicodedata.category(character).startswith("P")
