"""deploy/terraform: arguments, references and roles. The provider itself can be had from no package index."""

import re
import shutil
import subprocess
from pathlib import Path

import hcl2
import pytest
import yaml
from dotenv import dotenv_values

from vitrine.collection import DEFAULTS, variable_of

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/terraform"
FILES = sorted(FOLDER.glob("*.tf"))
PROVIDER = yaml.safe_load(Path(__file__).with_name("google_provider.yaml").read_text())
META = {"for_each", "count", "depends_on", "lifecycle", "dynamic", "provider"}
# Who may do what: (who, role, on what). The same as the table in docs/production.md.
GRANTS = {
    ("connection", "aiplatform.user", "project"),
    ("connection", "storage.objectViewer", "bucket"),
    ("vertex", "storage.objectViewer", "bucket"),
    ("airflow", "bigquery.jobUser", "project"),
    ("airflow", "bigquery.connectionUser", "connection"),
    ("airflow", "bigquery.dataEditor", "dataset"),
    ("airflow", "storage.objectViewer", "bucket"),
    ("airflow", "storage.objectAdmin", "bucket"),
    ("airflow", "storage.legacyBucketWriter", "bucket"),
    ("airflow", "bigquery.objectRefReader", "connection"),
    ("airflow", "iam.workloadIdentityUser", "service_account"),
    ("setup", "bigquery.user", "project"),
    ("setup", "bigquery.connectionAdmin", "project"),
    ("setup", "bigquery.dataEditor", "dataset"),
    ("notebook", "bigquery.readSessionUser", "project"),
    ("notebook", "bigquery.studioUser", "project"),
    ("notebook", "bigquery.connectionUser", "connection"),
    ("notebook", "bigquery.dataViewer", "dataset"),
    ("notebook", "storage.objectViewer", "bucket"),
}


def plain(value: object) -> object:
    """What hcl2 reads, without its quotes and notes."""
    if isinstance(value, dict):
        return {key.strip('"'): plain(item) for key, item in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.strip('"') if isinstance(value, str) else value


@pytest.fixture(scope="module")
def blocks() -> dict[str, dict]:
    """Everything that is declared, by kind and name: `resource` and `data` by type.name."""
    found: dict[str, dict] = {"resource": {}, "data": {}, "variable": {}, "output": {}, "locals": {}}
    for file in FILES:
        for kind, items in plain(hcl2.loads(file.read_text())).items():
            for item in items if kind in found else []:
                if kind == "locals":
                    found[kind] |= item
                elif kind in ("resource", "data"):
                    found[kind] |= {
                        f"{of}.{name}": body for of, named in item.items() for name, body in named.items()
                    }
                else:
                    found[kind] |= item
    return found


def every_resource(blocks: dict[str, dict]) -> list[tuple[str, str, dict]]:
    """(address, type, arguments)"""
    both = [*blocks["resource"].items(), *blocks["data"].items()]
    return [(address, address.partition(".")[0], body) for address, body in both]


def test_there_is_something_to_check(blocks):
    assert len(blocks["resource"]) > 15
    assert len(blocks["variable"]) > 8


def test_every_argument_is_one_that_the_provider_has(blocks):
    wrong = []
    for address, of, body in every_resource(blocks):
        known = {*PROVIDER[of]["required"], *PROVIDER[of]["optional"]} | META
        wrong += [f"{address}: unknown {name}" for name in body.keys() - known]
        wrong += [f"{address}: missing {name}" for name in set(PROVIDER[of]["required"]) - body.keys()]
    assert wrong == []


def test_every_reference_leads_somewhere(blocks):
    text = "\n".join(file.read_text() for file in FILES)
    assert set(re.findall(r"\bvar\.(\w+)", text)) == blocks["variable"].keys()
    assert set(re.findall(r"\blocal\.(\w+)", text)) == blocks["locals"].keys()
    for data, of, name, attribute in re.findall(r"(data\.)?\b(google_\w+)\.(\w+)(?:\.(\w+))?", text):
        address = f"{of}.{name}"
        assert address in blocks["data" if data else "resource"], address
        known = {name for names in PROVIDER[of].values() for name in names}
        assert not attribute or attribute in known, f"{address}.{attribute}"


def test_every_variable_and_output_is_explained(blocks):
    for kind in ("variable", "output"):
        assert [name for name, body in blocks[kind].items() if not body.get("description")] == []
    assert [name for name, body in blocks["variable"].items() if not body.get("type")] == []


def who(address: str, member: str) -> str:
    """Whom a grant is for."""
    for text, name in (("connection_account", "connection"), ("vertex_account", "vertex")):
        if text in member:
            return name
    if "service_account.airflow" in member or address.endswith(".kubernetes"):
        return "airflow"
    return address.partition(".")[2].partition("_")[0]


def test_everybody_may_do_what_the_table_says_and_no_more(blocks):
    grants = set()
    for address, of, body in every_resource(blocks):
        if not of.endswith("_iam_member"):
            assert "_iam_" not in of, f"{address} would take away the grants of others"
            continue
        target = (
            of.removeprefix("google_")
            .removesuffix("_iam_member")
            .replace("bigquery_", "")
            .replace("storage_", "")
        )
        roles = [body["role"].removeprefix("roles/")]
        if "each.value[0]" in roles[0]:
            roles = re.findall(r"bigquery\.\w+", body["for_each"])
        grants |= {(who(address, body["member"]), role, target) for role in roles}
    assert grants == GRANTS


def test_what_it_prints_are_settings_that_reach_airflow(blocks):
    printed = set(re.findall(r"\bVITRINE_\w+", blocks["output"]["dotenv"]["value"]))
    assert printed <= {variable_of(name) for name in DEFAULTS}
    assert printed <= dotenv_values(ROOT / "deploy/compose/google.env").keys()
    assert "VITRINE_MANAGE_IAM=false" in blocks["output"]["dotenv"]["value"]


def test_embeddings_survive_terraform_destroy(blocks):
    assert blocks["resource"]["google_bigquery_dataset.collection"]["delete_contents_on_destroy"] is False


@pytest.mark.skipif(not shutil.which("terraform"), reason="Terraform is not installed")
def test_it_is_formatted():
    done = subprocess.run(["terraform", "fmt", "-check", "-diff", FOLDER], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
