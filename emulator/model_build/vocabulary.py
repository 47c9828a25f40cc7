"""The text model's vocabulary, and the proof that our tokenizer reads it as the original does."""

import json
import random
from pathlib import Path

from tokenizers import Tokenizer

from bqml_emulator.model.tokenizer import MAX_TOKENS, WordPiece

RANDOM_TEXTS = 20_000
# Letters of many scripts, marks and CJK. Newer characters than the package's own Unicode tables are left out.
RANGES = (
    (0x20, 0x7E),
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x370, 0x373),
    (0x400, 0x52F),
    (0x2010, 0x2027),
    (0x4E00, 0x9FCC),
)


def write(tokenizer_file: Path, target: Path) -> None:
    """Write the word pieces, one a line, in the order of their ids."""
    pieces = json.loads(tokenizer_file.read_text(encoding="utf-8"))["model"]["vocab"]
    target.write_text("".join(f"{piece}\n" for piece in sorted(pieces, key=pieces.get)), encoding="utf-8")


def check(tokenizer_file: Path) -> int:
    """Compare both tokenizers on random texts; gives their number. Raises AssertionError at a difference."""
    original, ours = Tokenizer.from_file(str(tokenizer_file)), WordPiece()
    original.enable_truncation(MAX_TOKENS)
    original.no_padding()
    for text in _texts():
        expected, found = original.encode(text).ids, ours.encode(text)
        if expected != found:
            raise AssertionError(f"{text!r}: our ids {found}, the tokenizers package's {expected}")
    return RANDOM_TEXTS


def _texts():
    chance = random.Random(1)
    for _ in range(RANDOM_TEXTS):
        letters = (chr(chance.randint(*chance.choice(RANGES))) for _ in range(chance.randint(0, 60)))
        yield "".join(letters)
