"""deploy/helm/values.yaml: what can be seen without the chart, which no package index has; check.py renders it."""

from hashlib import sha256
from pathlib import Path

import yaml

from deploy.helm import check

HELM = Path(check.__file__).parent
VALUES = yaml.safe_load((HELM / "values.yaml").read_text())


def test_it_was_rendered_and_checked_as_it_is_now():
    digest = sha256((HELM / "values.yaml").read_bytes()).hexdigest()
    assert f"values.yaml sha256 {digest}" in (HELM / "rendered.txt").read_text(), "run deploy/helm/check.py"


def test_every_secret_is_in_a_secret():
    for key in ("fernetKey", "apiSecretKey", "jwtSecret"):
        assert key not in VALUES
        assert VALUES[f"{key}SecretName" if key != "jwtSecret" else "jwtSecretName"] == "vitrine-keys"
    assert VALUES["postgresql"] == {"enabled": False}


def a_pod(**changes: object) -> dict:
    """A pod as it should be, but for these changes of its container."""
    env = [
        {"name": name, "valueFrom": {"secretKeyRef": dict(zip(("name", "key"), secret, strict=True))}}
        for name, secret in check.KEYS.items()
    ]
    container = {
        "image": "registry.example/vitrine-airflow:1.0.0",
        "env": env,
        "envFrom": [{"configMapRef": {"name": "vitrine-settings"}}],
        "volumeMounts": [{"mountPath": "/opt/airflow/config/collections.yaml"}],
    }
    return {"serviceAccountName": "vitrine-airflow", "containers": [container | changes]}


def test_the_check_finds_what_is_wrong():
    assert list(check.problems("worker", a_pod())) == []
    for changes in ({"image": "apache/airflow"}, {"env": []}, {"envFrom": []}, {"volumeMounts": []}):
        assert list(check.problems("worker", a_pod(**changes)))
    assert list(check.problems("worker", a_pod() | {"serviceAccountName": "default"}))
