"""CREATE MODEL … REMOTE WITH CONNECTION: endpoints of embedding models, served by the local model."""

import re

from local_bigquery.catalog import datasets, metadata, models, names, tables
from local_bigquery.errors import BigQueryError, already_exists
from local_bigquery.models import Model
from sqlglot import exp

from bqml_emulator.core import limits, statement
from bqml_emulator.core.config import LOCATION
from bqml_emulator.objects import connections

ENDPOINT_URL = re.compile(
    r"^https://[^/]+/v1/projects/[^/]+/locations/(?P<location>[^/]+)/publishers/google/models/(?P<name>[^/]+)$"
)
SERVED_HERE = (
    "Served by the embedded BigQuery's local model, a stand-in for {endpoint}: "
    "its vectors are not those of Vertex AI."
)


def get(reference: exp.Table, context) -> tuple[str, Model]:
    """The remote model an expression `MODEL name` means, with its full name project.dataset.model."""
    keys = names.reference(reference, context.project_id, context.dataset_id)
    if keys[1] is None:
        raise BigQueryError(
            "invalid", f'Model "{keys[2]}" must be qualified with a dataset (e.g. dataset.model).'
        )
    model = models.get(*keys)
    if model.remoteModelInfo is None:
        raise BigQueryError(
            "invalidQuery", f"not emulated: embeddings by {names.label(*keys)}, not a remote model"
        )
    return ".".join(keys), model


def check_access(model: Model):
    """The model's connection must still exist and its account must hold the Vertex AI User role."""
    connection = connections.resolve(model.remoteModelInfo.connection.split("."), "")
    _check_connection(connection)


def _check_connection(connection: connections.Connection):
    connection.require("use")
    if not connection.has_role(connection.project_id, {limits.MODEL_ROLE}):
        message = limits.MODEL_DENIED.format(account=connection.account)
        raise BigQueryError("invalidQuery", message)


def _endpoint(tree: exp.Create, location: str) -> str:
    properties = tree.args["properties"].expressions
    options = {p.name.lower(): p.args["value"] for p in properties if type(p) is exp.Property}
    if unknown := options.keys() - {"endpoint"}:
        message = f"not emulated: option {min(unknown)} of CREATE MODEL … REMOTE; only ENDPOINT is"
        raise BigQueryError("invalidQuery", message)
    if "endpoint" not in options:
        raise BigQueryError("invalidQuery", "CREATE MODEL … REMOTE needs OPTIONS (ENDPOINT = 'name')")
    endpoint = str(statement.literal(options["endpoint"]))
    model = limits.EMBEDDING_MODELS.get(_name(endpoint))
    if model is None:
        served = ", ".join(map(repr, limits.EMBEDDING_MODELS))
        raise BigQueryError("invalidQuery", f"not emulated: endpoint {endpoint!r}; those of {served} are")
    url = ENDPOINT_URL.match(endpoint)
    for place in (location, url["location"] if url else location):
        if model.locations and place.casefold() not in map(str.casefold, model.locations):
            message = limits.MODEL_NOT_HERE.format(
                endpoint=model.endpoint, location=place, available=" and ".join(model.locations)
            )
            raise BigQueryError("invalidQuery", message)
    return endpoint


def _name(endpoint: str) -> str:
    url = ENDPOINT_URL.match(endpoint)
    return url["name"] if url else endpoint


def facts(model: Model) -> limits.EmbeddingModel:
    """What is documented of the embedding model behind a remote model."""
    return limits.EMBEDDING_MODELS[_name(model.remoteModelInfo.endpoint)]


def _connection(tree: exp.Create, project_id: str) -> connections.Connection | None:
    remote = tree.find(exp.RemoteWithConnectionModelProperty)
    if remote is None:
        return None
    parts = [part for identifier in remote.this.parts for part in identifier.name.split(".")]
    return connections.resolve(parts, project_id)


def create(
    tree: exp.Create,
    connection: connections.Connection,
    project_id: str,
    dataset_id: str | None,
    dry_run: bool,
):
    """CREATE [OR REPLACE] MODEL [IF NOT EXISTS] name REMOTE WITH CONNECTION …"""
    keys = names.reference(tree.this, project_id, dataset_id)
    if keys[1] is None:
        raise BigQueryError(
            "invalid", f'Model "{keys[2]}" must be qualified with a dataset (e.g. dataset.model).'
        )
    dataset = datasets.get(*keys[:2])
    found = metadata.load(Model, *keys) is not None
    exists, replace = bool(tree.args.get("exists")), bool(tree.args.get("replace"))
    if metadata.outcome("Model", names.label(*keys), found, False, exists, replace) == "SKIP":
        return
    if tables.exists(*keys):
        raise already_exists("Table", names.label(*keys))
    endpoint = _endpoint(tree, dataset.location or LOCATION)
    if not dry_run:
        connections.create_default(connection, (limits.MODEL_ROLE,))
    _check_connection(connection)
    if not dry_run:
        metadata.save(_resource(keys, connection, endpoint), *keys)


def _resource(keys: tuple[str, str, str], connection: connections.Connection, endpoint: str) -> Model:
    now = metadata.now()
    return Model.model_validate(
        {
            "modelReference": dict(zip(("projectId", "datasetId", "modelId"), keys, strict=True)),
            "modelType": "MODEL_TYPE_UNSPECIFIED",  # what BigQuery reports for remote models
            "location": LOCATION,
            "creationTime": now,
            "lastModifiedTime": now,
            "description": SERVED_HERE.format(endpoint=_name(endpoint)),
            "remoteModelInfo": {"endpoint": endpoint, "connection": ".".join(connection.keys)},
        }
    )


def install():
    """Create models here; local-bigquery would take any statement for a model that it cannot run."""
    original = models.apply

    def apply(tree, project_id, dataset_id, fields, evaluate, dry_run):
        is_create = isinstance(tree, exp.Create)
        connection = _connection(tree, project_id) if is_create else None
        if is_create and connection is None:
            raise BigQueryError("invalidQuery", "not emulated: models that are not REMOTE WITH CONNECTION")
        if connection is None:
            return original(tree, project_id, dataset_id, fields, evaluate, dry_run)
        return create(tree, connection, project_id, dataset_id, dry_run)

    models.apply = apply
