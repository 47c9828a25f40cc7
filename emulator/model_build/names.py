"""The names of ImageNet's classes and of WordNet's groups of them, as points in the text model's space."""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bqml_emulator.model.concepts import CLASSES
from bqml_emulator.model.layout import unit
from bqml_emulator.model.sentence import SentenceEncoder
from model_build.sources import Sources

# Groups of more classes than this ("artifact", "entity") say nothing.
LARGEST_GROUP = 220
LONGEST_DESCRIPTION = 300  # characters of class names and description, about what the text model reads well


class Noun(NamedTuple):
    """A WordNet noun synset."""

    words: list[str]
    above: list[str]  # ids of its hypernyms
    gloss: str


def arrays(sources: Sources) -> dict[str, np.ndarray]:
    """classes (1000, 384) and groups (n, 384), float16 unit vectors; members (1000, n), bool."""
    nouns = read_nouns(sources.nouns)
    ids = _json(sources, "imagenet1k_to_21k")
    synsets = [ids[str(number)][1:] for number in range(CLASSES)]
    groups = group_members(nouns, synsets)
    members = np.zeros((CLASSES, len(groups)), bool)
    for column, classes in enumerate(groups.values()):
        members[classes, column] = True
    encode = Encoder()
    return {
        "classes": encode.classes(sources, [nouns[synset] for synset in synsets]).astype(np.float16),
        "groups": encode.groups([nouns[synset] for synset in groups]).astype(np.float16),
        "members": members,
    }


def read_nouns(file: Path) -> dict[str, Noun]:
    """WordNet's data.noun by synset id (format: man 5 wndb)."""
    nouns = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):  # the licence at the top
            continue
        fields, _, gloss = line.partition("|")
        synset, _, _, count, *rest = fields.split()
        words = [word.replace("_", " ") for word in rest[: 2 * int(count, 16) : 2]]
        pointers = rest[2 * int(count, 16) + 1 :]
        above = [pointers[at + 1] for at in range(0, len(pointers) - 3, 4) if pointers[at] in ("@", "@i")]
        nouns[synset] = Noun(words, above, gloss.strip())
    return nouns


def group_members(nouns: dict[str, Noun], synsets: list[str]) -> dict[str, list[int]]:
    """Which classes each group holds, by synset id; a class's own synset counts where others are below it."""

    @cache
    def lineage(synset: str) -> frozenset[str]:
        return frozenset({synset}.union(*(lineage(parent) for parent in nouns[synset].above)))

    groups: dict[str, list[int]] = {}
    for number, synset in enumerate(synsets):
        for ancestor in lineage(synset):
            groups.setdefault(ancestor, []).append(number)
    return {synset: groups[synset] for synset in sorted(groups) if 2 <= len(groups[synset]) <= LARGEST_GROUP}


class Encoder:
    """Mixes several wordings of a thing into one point, as its name alone is often ambiguous ("crane")."""

    def __init__(self) -> None:
        self._sentences = SentenceEncoder()

    def classes(self, sources: Sources, nouns: list[Noun]) -> np.ndarray:
        """A point for each class: its names in three ways, its WordNet gloss, and twice its description."""
        clean = _json(sources, "imagenet1k_clean_names")
        described = _json(sources, "imagenet1k_gpt_names_descriptions")
        names = unit(
            self._each(", ".join(noun.words) for noun in nouns)
            + self._each(clean)
            + unit(np.array([self._each(noun.words).mean(axis=0) for noun in nouns]))
        )
        glosses = self._each(f"{', '.join(noun.words)}: {_first(noun.gloss)}" for noun in nouns)
        texts = (_description(described.get(str(number)), noun) for number, noun in enumerate(nouns))
        return unit(names + glosses + 2 * self._each(texts))

    def groups(self, nouns: list[Noun]) -> np.ndarray:
        """A point for each group: its first name, alone and with its gloss."""
        names = [noun.words[0] for noun in nouns]
        glosses = self._each(f"{name}: {_first(noun.gloss)}" for name, noun in zip(names, nouns, strict=True))
        return unit(glosses + self._each(names))

    def _each(self, texts) -> np.ndarray:
        # One at a time, as at run time: the int8 model's rounding depends on what else is in a batch.
        return np.concatenate([self._sentences.encode([text]) for text in texts])


def _description(described: dict | None, noun: Noun) -> str:
    names, text = (described["name"], described["description"]) if described else (noun.words, noun.gloss)
    return f"{', '.join(names)}. {text}"[:LONGEST_DESCRIPTION]


def _first(gloss: str) -> str:
    """A gloss without its further meanings and examples."""
    return gloss.split(";")[0]


def _json(sources: Sources, name: str):
    return json.loads((sources.classes / f"{name}.json").read_text(encoding="utf-8"))
