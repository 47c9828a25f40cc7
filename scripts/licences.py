"""docs/licences.md: every package that is installed to run, check or try Vitrine, and its licence as it says.

`make licences` writes the page from the environments, after `make lock`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "licences.md"
# The environment that each file of pins is installed into, and what for.
ENVIRONMENTS: Final = {
    "requirements.txt": (".venv", "Airflow on one machine"),
    "requirements-dev.txt": (".venv", "checks and tests of the Airflow side"),
    "emulator/requirements.txt": ("emulator/.venv", "the embedded BigQuery"),
    "emulator/requirements-dev.txt": ("emulator/.venv", "its tests"),
    "emulator/smoke/requirements.txt": ("emulator/smoke/.venv", "clients that are tried on it"),
    "notebooks/requirements.txt": ("notebooks/.venv", "the notebook"),
}
PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ \\;]+)", re.MULTILINE)
HEAD: Final = """# Licences

<!-- Written from the installed packages by `make licences`. -->

Vitrine itself is under the [Apache License 2.0](../LICENSE). It contains
[PhotoSwipe](../plugins/vitrine/web/static/vendor/photoswipe/LICENSE) 5.4.4, which enlarges pictures on the
pages and is under the MIT licence, and
[Leaflet](../plugins/vitrine/web/static/vendor/leaflet/LICENSE) 1.9.4, which moves the map and is under the
BSD 2-Clause licence. What follows is installed with it, at these versions. A test refuses
a package whose licence is unknown, or would bind who uses Vitrine:
only what checks and tests need may be under the GPL, and that is in no image and no wheel.
"""
# What packages call their licence, in SPDX's words. Classifiers are cut to their last part.
SPDX: Final = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License Version 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Artistic License": "Artistic-1.0-Perl",
    "BSD 3-Clause OR Apache-2.0": "BSD-3-Clause OR Apache-2.0",
    "GNU General Public License (GPL)": "GPL-1.0-or-later",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.1-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "The Unlicense (Unlicense)": "Unlicense",
    "Public Domain": "LicenseRef-Public-Domain",
}
# Classifiers that are a kind of licence, not one.
UNSPECIFIC: Final = {"OSI Approved", "DFSG approved"}
# Packages whose metadata say nothing, and who says it instead.
SAID_ELSEWHERE: Final = {
    "axe-playwright-python": "MIT",  # the file LICENSE in its wheel, read 2026-11-27
    "openlineage-sql": "Apache-2.0",  # integration/sql/iface-py/src/lib.rs in its repository, read 2026-11-27
}


def pins(file: str) -> dict[str, str]:
    """The packages that a file of pins has, by their canonical names, and their versions."""
    return {_canonical(name): version for name, version in PIN.findall((ROOT / file).read_text())}


def page() -> str:
    """The whole page. Errors: KeyError if an environment lacks a package."""
    return "\n".join([HEAD, *(line for file in ENVIRONMENTS for line in _section(file))])


def _section(file: str) -> Iterator[str]:
    folder, purpose = ENVIRONMENTS[file]
    [packages] = (ROOT / folder / "lib").glob("python*/site-packages")
    installed = {_canonical(one.name): one for one in distributions(path=[str(packages)])}
    yield f"## {file}: {purpose}\n"
    yield "| package | version | licence |\n|---|---|---|"
    for name, version in pins(file).items():
        yield f"| {name} | {version} | {_licence(installed[name])} |"
    yield ""


def _licence(package: Distribution) -> str:
    about = package.metadata
    if expression := about.get("License-Expression") or SAID_ELSEWHERE.get(_canonical(package.name)):
        return SPDX.get(expression, expression)
    classifiers = [
        text.split(" :: ")[-1] for text in about.get_all("Classifier") or [] if "License ::" in text
    ]
    named = [SPDX.get(text, text) for text in classifiers if text not in UNSPECIFIC]
    if named:
        return " OR ".join(dict.fromkeys(named))
    written = (about.get("License") or "unknown").strip().splitlines()[0]
    return SPDX.get(written, written)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    PAGE.write_text(page())
