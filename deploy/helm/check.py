"""Renders values.yaml with the official chart, checks what comes out, and writes rendered.txt.

`pip install helm-python-sdk pyyaml` brings Helm 4 as a library; no cluster is needed. Then, beside this file:
`python check.py airflow-1.22.0.tgz`, the chart from `helm pull apache-airflow/airflow --version 1.22.0`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
VALUES, RENDERED = HERE / "values.yaml", HERE / "rendered.txt"
# What README.md gives on the command line.
GIVEN = {
    "images": {"airflow": {"repository": "registry.example/vitrine-airflow", "tag": "1.0.0"}},
    "config": {"logging": {"remote_base_log_folder": "gs://my-logs/airflow"}},
}
PODS = ("Deployment", "StatefulSet", "Job")
AIRFLOW = ("api-server", "dag-processor", "scheduler", "triggerer", "worker")
KEYS = {
    "AIRFLOW__CORE__FERNET_KEY": ("vitrine-keys", "fernet-key"),
    "AIRFLOW__API__SECRET_KEY": ("vitrine-keys", "api-secret-key"),
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": ("vitrine-database", "connection"),
}
# Of the chart itself: Redis's password, which it makes.
CHARTS_OWN = {"vitrine-redis-password", "vitrine-broker-url"}


def merged(values: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Values with others on top, as --set puts them."""
    both = {
        name: merged(values[name], more[name])
        for name in values.keys() & more.keys()
        if isinstance(more[name], dict)
    }
    return values | more | both


def pods(manifests: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind/name, what runs) of everything that starts pods."""
    for path, text in manifests.items():
        for document in yaml.safe_load_all(text) if path.endswith(".yaml") else []:
            if document and document["kind"] in PODS:
                yield (
                    f"{document['kind']}/{document['metadata']['name']}",
                    document["spec"]["template"]["spec"],
                )


def secrets_of(container: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The Secrets, and keys in them, that a container's variables come from."""
    return {
        variable["name"]: (reference["name"], reference["key"])
        for variable in container.get("env", [])
        if (reference := variable.get("valueFrom", {}).get("secretKeyRef"))
    }


def read_by(pod: dict[str, Any]) -> list[str]:
    """The Secrets that a pod's container reads."""
    return sorted({secret for secret, _ in secrets_of(pod["containers"][0]).values()})


def problems(name: str, pod: dict[str, Any]) -> Iterator[str]:
    """What is wrong with one of Airflow's pods."""
    if pod.get("serviceAccountName") != "vitrine-airflow":
        yield f"{name} acts as {pod.get('serviceAccountName')}, whom Google does not know"
    main = pod["containers"][0]
    if main["image"] != "registry.example/vitrine-airflow:1.0.0":
        yield f"{name} runs {main['image']}"
    for variable, secret in KEYS.items():
        if secrets_of(main).get(variable) != secret:
            yield f"{name} has {variable} from {secrets_of(main).get(variable)}"
    if {"configMapRef": {"name": "vitrine-settings"}} not in main.get("envFrom", []):
        yield f"{name} lacks the settings"
    if "/opt/airflow/config/collections.yaml" not in [mount["mountPath"] for mount in main["volumeMounts"]]:
        yield f"{name} lacks the collections"


def main(chart_file: str) -> int:
    """Render, check, write. 1 if anything is wrong."""
    from helm_python.chart import Chart

    values = merged(yaml.safe_load(VALUES.read_text()), GIVEN)
    chart = Chart.load(chart_file)
    chart.validate_schema(values)
    manifests = chart.render(values, name="vitrine", namespace="vitrine")
    found = dict(pods(manifests))
    wrong = [text for name in AIRFLOW for text in problems(name, found[f"Deployment/vitrine-{name}"])]
    wrong += [
        f"{path}: a Secret with a value of its own"
        for path, text in manifests.items()
        for document in (yaml.safe_load_all(text) if path.endswith(".yaml") else [])
        if document and document["kind"] == "Secret" and document["metadata"]["name"] not in CHARTS_OWN
    ]
    print("\n".join(wrong) or f"{len(found)} workloads are as they should be.")
    if wrong:
        return 1
    lines = [f"{name}: {', '.join(read_by(pod)) or 'no secret'}" for name, pod in sorted(found.items())]
    head = [
        "What check.py found in values.yaml, rendered: workloads, and the Secrets that each reads.",
        f"chart {chart.name} {chart.version}",
        f"values.yaml sha256 {sha256(VALUES.read_bytes()).hexdigest()}",
        "",
    ]
    RENDERED.write_text("\n".join([*head, *lines, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
