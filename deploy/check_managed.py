"""Says what a managed Airflow lacks before it can run Vitrine, and the line to paste for each.

    python deploy/check_managed.py composer ENVIRONMENT LOCATION    where gcloud is logged in
    python deploy/check_managed.py astro DEPLOYMENT                 where astro is, in the Astro project

Changes nothing. The exit code is 1 while something is missing. Needs Python 3.9 and nothing else.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = "airflow-vitrine"
AIRFLOW = (3, 3, 1)  # the oldest on which the tests run
DAGS = sorted(path.stem for path in Path(__file__).parents[1].glob("dags/*.py"))
USAGE = 2


@dataclass(frozen=True)
class Finding:
    """Whether something is as it must be, and what to paste if not."""

    what: str
    ok: bool
    paste: str = ""


class CommandError(Exception):
    """A command of gcloud or astro failed; the message is its own."""


def output(*command: str) -> str:
    """What a command prints. Errors: CommandError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise CommandError(f"{command[0]} is not installed, or not in PATH") from None
    if done.returncode:
        raise CommandError(f"{' '.join(command)}\n{done.stderr.strip()}")
    return done.stdout


def at_least(version: str) -> bool:
    """Whether an Airflow version is new enough: 3.3.1, or 3.3 where the patch is not told."""
    numbers = tuple(map(int, re.findall(r"\d+", version)[:3]))
    return len(numbers) > 1 and numbers >= AIRFLOW[: len(numbers)]


def settings(variables: Mapping[str, str], paste: str) -> list[Finding]:
    """What Vitrine's environment variables must say, wherever Airflow runs."""
    by_file = "VITRINE_COLLECTIONS" in variables
    required = () if by_file else ("VITRINE_PROJECT", "VITRINE_OBJECTS", "VITRINE_GALLERY")
    found = [Finding(f"variable {name}", bool(variables.get(name)), paste.format(name)) for name in required]
    gallery = variables.get("VITRINE_GALLERY", "gs://")
    return [
        *found,
        Finding("galleries are in a bucket", gallery.startswith("gs://"), paste.format("VITRINE_GALLERY")),
    ]


def composer(name: str, location: str) -> list[Finding]:
    """An environment of Composer 3."""
    where = f"{name} --location {location}"
    update = f"gcloud composer environments update {where}"
    told = output("gcloud", "composer", "environments", "describe", *where.split(), "--format=json")
    config: dict[str, Any] = json.loads(told)["config"]
    software = config.get("softwareConfig", {})
    image = software.get("imageVersion", "")
    packages = {key.lower(): value for key, value in software.get("pypiPackages", {}).items()}
    workloads = config.get("workloadsConfig", {})
    account = config.get("nodeConfig", {}).get("serviceAccount", "")
    findings = [
        Finding(
            f"image {image}: Composer 3, Airflow {'.'.join(map(str, AIRFLOW))} or newer",
            image.startswith("composer-3-airflow-") and at_least(image.removeprefix("composer-3-airflow-")),
            f"{update} --image-version composer-3-airflow-3.3.1   # from Composer 2: make a new environment",
        ),
        Finding(f"package {PACKAGE}", PACKAGE in packages, f"{update} --update-pypi-package={PACKAGE}"),
        Finding(
            "a triggerer, for the tasks that wait",
            workloads.get("triggerer", {}).get("count", 0) > 0,
            f"{update} --triggerer-count 1 --triggerer-cpu 0.5 --triggerer-memory 1",
        ),
        Finding(
            f"acts as {account or 'the default account'}: deploy/terraform's",
            account.startswith("vitrine-airflow@"),
            "# an environment keeps its account: make it anew with --service-account, or grant this one the "
            "roles in docs/production.md",
        ),
        *settings(software.get("envVariables", {}), f"{update} --update-env-variables={{}}=…"),
    ]
    files = output(
        "gcloud", "composer", "environments", "storage", "dags", "list", *file_options(name, location)
    )
    bucket = f"gcloud composer environments storage dags import {file_flags(name, location)}"
    findings += [
        Finding(f"dags/{dag}.py", f"{dag}.py" in files, f"{bucket} --source dags/{dag}.py") for dag in DAGS
    ]
    return findings


def file_flags(name: str, location: str) -> str:
    """The flags of gcloud's storage commands."""
    return f"--environment {name} --location {location}"


def file_options(name: str, location: str) -> list[str]:
    """The same, as a list."""
    return file_flags(name, location).split()


def astro(name: str, project: Path = Path()) -> list[Finding]:
    """A Deployment of Astro, and the Astro project in this folder."""
    told = output("astro", "deployment", "inspect", "--deployment-name", name, "--output", "json")
    deployment: dict[str, Any] = json.loads(told)["deployment"]
    runtime = str(deployment["configuration"].get("runtime_version", ""))
    variables = {
        item["key"]: item.get("value") or "…" for item in deployment.get("environment_variables") or []
    }
    requirements, dockerfile = (text_of(project / file) for file in ("requirements.txt", "Dockerfile"))
    image = re.search(r"^FROM \S*runtime:(\S+)", dockerfile, re.MULTILINE)
    paste = f"astro deployment variable create {{}}=… --deployment-name {name}"
    return [
        Finding(
            f"runtime {runtime}: Airflow 3.3",
            at_least(runtime.partition("-")[0]),
            "astro deploy  # upgrades it",
        ),
        Finding(
            f"Dockerfile: FROM …runtime:{image.group(1) if image else '?'}",
            bool(image) and at_least(image.group(1).partition("-")[0]),
            "echo 'FROM astrocrpublic.azurecr.io/runtime:3.3-1' > Dockerfile",
        ),
        Finding(
            f"package {PACKAGE} in requirements.txt",
            bool(re.search(rf"^(\S*/)?{PACKAGE.replace('-', '[-_]')}\b", requirements, re.MULTILINE)),
            f"echo '{PACKAGE}' >> requirements.txt",
        ),
        *(
            Finding(
                f"dags/{dag}.py", (project / f"dags/{dag}.py").exists(), f"cp …/vitrine/dags/{dag}.py dags/"
            )
            for dag in DAGS
        ),
        *settings(variables, paste),
        Finding(
            "a way to act on Google Cloud",
            bool({"AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", "GOOGLE_APPLICATION_CREDENTIALS"} & variables.keys())
            or bool(deployment["configuration"].get("workload_identity")),
            "# Astro: Deployment, Details, Advanced, Workload Identity; see deploy/astro/README.md",
        ),
    ]


def text_of(path: Path) -> str:
    """Content of a file, "" if there is none."""
    return path.read_text() if path.exists() else ""


def main(arguments: list[str]) -> int:
    """Print the findings; 1 if something is missing."""
    checks = {"composer": (composer, 2), "astro": (astro, 1)}
    check, count = checks.get(arguments[0] if arguments else "", (None, 0))
    if check is None or len(arguments) != count + 1:
        print(__doc__, file=sys.stderr)
        return USAGE
    try:
        findings = check(*arguments[1:])
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    for finding in findings:
        print(f"{'ok     ' if finding.ok else 'MISSING'}  {finding.what}")
        if not finding.ok:
            print(f"         {finding.paste}")
    return int(not all(finding.ok for finding in findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
