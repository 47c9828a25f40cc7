"""The Dockerfile, as far as it can be judged without Docker."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())


def stages() -> dict[str, list[str]]:
    """The instructions of each stage by its name, the first being where it starts from."""
    parts = re.split(r"^(?=FROM )", TEXT, flags=re.MULTILINE)[1:]
    lines = [[line for line in part.splitlines() if line and not line.startswith("#")] for part in parts]
    return {each[0].split()[-1]: each for each in lines}


def copies(stage: str) -> list[tuple[list[str], dict[str, str], str]]:
    """What a stage copies from the project: the sources, the options, and where to."""
    found = []
    for line in stages()[stage]:
        if line.startswith("COPY "):
            words = line.split()[1:]
            options = dict(word.removeprefix("--").split("=") for word in words if word.startswith("--"))
            *sources, target = [word for word in words if not word.startswith("--")]
            if "from" not in options:
                found.append((sources, options, target))
    return found


def reaches_the_build(name: str) -> bool:
    """Whether .dockerignore lets a path through: the last rule that matches it, or a folder above, decides."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    path, kept = Path(name), True
    for rule in rules:
        pattern = rule.removeprefix("!")
        if any(fnmatch(str(part), pattern) for part in (path, *path.parents)):
            kept = rule.startswith("!")
    return kept


def test_airflow_is_the_one_that_is_tested():
    [airflow] = re.findall(r"^apache-airflow==(\S+) ", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    python = (ROOT / ".python-version").read_text().strip()
    assert stages()["airflow"][0] == f"FROM apache/airflow:{airflow}-python{python} AS airflow"


def test_airflows_entrypoint_and_user_are_kept():
    words = [line.split()[0] for line in stages()["airflow"]]
    assert not {"ENTRYPOINT", "CMD", "WORKDIR"} & set(words)
    assert [line for line in stages()["airflow"] if line.startswith("USER ")][-1] == "USER airflow"


def test_airflow_is_not_replaced_by_what_is_installed():
    [install] = [line for line in stages()["airflow"] if "pip install" in line]
    assert '--constraint "${HOME}/constraints.txt"' in install
    assert '"apache-airflow==${AIRFLOW_VERSION}"' in install


def test_nothing_that_is_copied_can_be_written():
    for sources, options, target in copies("airflow"):
        assert options["chown"] == "root:0", sources
        assert int(options["chmod"], 8) & 0o222 == 0, sources
        assert target.startswith("/opt/airflow/"), sources


def test_the_collections_file_is_where_the_image_says():
    [setting] = [line for line in stages()["airflow"] if line.startswith("ENV VITRINE_COLLECTIONS=")]
    assert setting.partition("=")[2] in [target for _, _, target in copies("airflow")]


@pytest.mark.parametrize("stage", ["wheel", "airflow", "emulator"])
def test_what_is_copied_is_there_and_reaches_the_build(stage):
    names = [source for sources, _, _ in copies(stage) for source in sources]
    assert names
    assert [name for name in names if not (ROOT / name).exists() or not reaches_the_build(name)] == []


def test_the_wheel_is_built_of_all_that_it_needs():
    copied = {source for sources, _, _ in copies("wheel") for source in sources}
    assert copied == {"pyproject.toml", "README.md", "LICENSE", "plugins", "include/sql"}


def test_secrets_and_state_stay_outside():
    assert [name for name in (".env", ".git", ".local", "config/local.env") if reaches_the_build(name)] == []
