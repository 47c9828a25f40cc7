"""Requests to every route of the REST API, each wrong in one or several ways."""

import copy
import gzip
import json

from hypothesis import strategies as st

API = "/bigquery/v2/projects/demo-project"
TABLE = f"{API}/datasets/ds/tables/t"
FIELD = {"name": "id", "type": "INTEGER", "mode": "NULLABLE", "fields": [], "description": "d"}
QUERY = {
    "query": "SELECT @x AS x, id FROM ds.t",
    "useLegacySql": False,
    "parameterMode": "NAMED",
    "queryParameters": [
        {"name": "x", "parameterType": {"type": "INT64"}, "parameterValue": {"value": "1"}},
        {
            "name": "a",
            "parameterType": {"type": "ARRAY", "arrayType": {"type": "FLOAT64"}},
            "parameterValue": {"arrayValues": [{"value": "1.5"}]},
        },
    ],
    "defaultDataset": {"projectId": "demo-project", "datasetId": "ds"},
}
CONFIGURATIONS = [
    {
        "query": QUERY
        | {
            "destinationTable": {"projectId": "demo-project", "datasetId": "ds", "tableId": "out"},
            "writeDisposition": "WRITE_TRUNCATE",
            "createDisposition": "CREATE_IF_NEEDED",
            "priority": "BATCH",
            "clustering": {"fields": ["id"]},
            "timePartitioning": {"type": "DAY", "field": "x"},
        }
    },
    {
        "load": {
            "sourceUris": ["gs://b/x.json"],
            "sourceFormat": "NEWLINE_DELIMITED_JSON",
            "destinationTable": {"projectId": "demo-project", "datasetId": "ds", "tableId": "loaded"},
            "schema": {"fields": [FIELD]},
            "autodetect": True,
            "skipLeadingRows": 1,
        }
    },
    {
        "copy": {
            "sourceTable": {"projectId": "demo-project", "datasetId": "ds", "tableId": "t"},
            "destinationTable": {"projectId": "demo-project", "datasetId": "ds", "tableId": "t2"},
        }
    },
    {
        "extract": {
            "sourceTable": {"projectId": "demo-project", "datasetId": "ds", "tableId": "t"},
            "destinationUris": ["gs://b/x-*.json"],
            "destinationFormat": "CSV",
        }
    },
]
JOBS = [
    {
        "jobReference": {"projectId": "demo-project", "jobId": "same", "location": "US"},
        "configuration": configuration | {"labels": {"a": "b"}, "dryRun": False, "jobTimeoutMs": "1000"},
    }
    for configuration in CONFIGURATIONS
]
NEW_TABLE = {
    "tableReference": {"projectId": "demo-project", "datasetId": "ds", "tableId": "new"},
    "schema": {"fields": [FIELD]},
    "labels": {"a": "b"},
    "expirationTime": "4102444800000",
    "timePartitioning": {"type": "DAY", "expirationMs": "1000", "field": "id"},
    "clustering": {"fields": ["id"]},
    "description": "d",
}
BODIES = [
    (
        "POST",
        f"{API}/queries",
        [QUERY | {"requestId": "r", "maxResults": 1, "timeoutMs": 1000, "labels": {}}],
    ),
    ("POST", f"{API}/jobs", JOBS),
    ("POST", f"{API}/datasets", [{"datasetReference": {"projectId": "demo-project", "datasetId": "other"}}]),
    ("PATCH", f"{API}/datasets/ds", [{"labels": {"a": "b"}, "defaultTableExpirationMs": "3600000"}]),
    ("PUT", f"{API}/datasets/ds", [{"description": "d", "access": [{"role": "READER"}]}]),
    ("POST", f"{API}/datasets/ds/tables", [NEW_TABLE, NEW_TABLE | {"view": {"query": "SELECT 1 AS x"}}]),
    ("PATCH", TABLE, [NEW_TABLE]),
    ("PUT", f"{API}/datasets/ds/tables/new", [NEW_TABLE]),
    ("POST", f"{TABLE}/insertAll", [{"rows": [{"insertId": "i", "json": {"id": 1, "v": [1.5]}}]}]),
    (
        "POST",
        f"{API}/datasets/ds/routines",
        [
            {
                "routineReference": {"projectId": "demo-project", "datasetId": "ds", "routineId": "g"},
                "routineType": "SCALAR_FUNCTION",
                "language": "SQL",
                "arguments": [{"name": "x", "dataType": {"typeKind": "INT64"}}],
                "definitionBody": "x + 1",
            }
        ],
    ),
    ("PATCH", f"{API}/datasets/ds/models/m", [{"description": "d"}]),
    ("POST", f"{TABLE}/rowAccessPolicies", [{"filterPredicate": "id > 1", "grantees": ["user:a@b.c"]}]),
    ("POST", "/bigquery/v2/projects/demo-project/datasets/ds/tables/t:setIamPolicy", [{"policy": {}}]),
    ("PUT", "/emulator/faults", [{"seed": 1, "retryable_share": 0.0, "terminal_uris": []}]),
]
READS = [
    "/bigquery/v2/projects",
    f"{API}/serviceAccount",
    f"{API}/jobs",
    f"{API}/jobs/same",
    f"{API}/queries/same",
    f"{API}/datasets",
    f"{API}/datasets/ds",
    f"{API}/datasets/ds/tables",
    f"{API}/datasets/ds/models",
    f"{API}/datasets/ds/routines",
    f"{API}/datasets/ds/routines/f",
    TABLE,
    f"{TABLE}/data",
    f"{TABLE}/rowAccessPolicies",
    "/emulator/ledger",
    "/emulator/ledger/summary",
    "/emulator/faults",
    "/discovery/v1/apis/bigquery/v2/rest",
]
PARAMETERS = (
    "pageToken",
    "maxResults",
    "startIndex",
    "timeoutMs",
    "stateFilter",
    "parentJobId",
    "minCreationTime",
    "maxCreationTime",
    "selectedFields",
    "filter",
    "all",
    "view",
    "formatOptions.useInt64Timestamp",
    "after",
    "limit",
    "location",
)
NUMBERS = [0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**30, 1.5, 1e308]
TEXTS = [
    "",
    " ",
    "x",
    "0",
    "-1",
    "1e9",
    "é\u0000",
    "\ud800",
    "a" * 2000,
    "'",
    '"',
    "`",
    "../..",
    "%",
    "*",
    "ds.t",
]
scalars = st.one_of(
    st.none(), st.booleans(), st.sampled_from(NUMBERS), st.sampled_from(TEXTS), st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "value", "name", "x"]), inner, max_size=2),
    ),
    max_leaves=4,
)
CONTENT_TYPES = [
    None,
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/related",
    "é",
]


def _paths(value, path=()) -> list[tuple]:
    """The place of everything inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in items for found in _paths(inner, (*path, key)))]


def _changed(body, path: tuple, value):
    """The body with another value at a place, or without it when the value is KEEP_OUT."""
    if not path:
        return value
    body = copy.deepcopy(body)
    holder = body
    for key in path[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return body


@st.composite
def _broken_body(draw):
    method, path, bodies = draw(st.sampled_from(BODIES))
    body = draw(st.sampled_from(bodies))
    for _ in range(draw(st.integers(1, 3))):
        places = _paths(body)
        body = _changed(
            body, draw(st.sampled_from(places[1:] or places)), draw(st.one_of(values, st.just(...)))
        )
    return method, path, {"json": None if body is ... else body}


@st.composite
def _broken_bytes(draw):
    method, path, bodies = draw(st.sampled_from(BODIES))
    data = json.dumps(draw(st.sampled_from(bodies))).encode()
    cut = draw(st.integers(0, len(data)))
    data = draw(
        st.sampled_from(
            [data, data[:cut], data[:cut] + b"\xff" + data[cut:], b"", b"[" * 3000, gzip.compress(data)]
        )
    )
    kind, encoding = draw(st.sampled_from(CONTENT_TYPES)), draw(st.sampled_from([None, "gzip", "br"]))
    headers = {"Content-Type": kind, "Content-Encoding": encoding}
    return method, path, {"data": data, "headers": {k: v.encode() for k, v in headers.items() if v}}


@st.composite
def _odd_read(draw):
    path = draw(st.sampled_from(READS)) + draw(
        st.sampled_from(["", "", "", "/", "/x", "/é", "%00", ":cancel", "/cancel"])
    )
    names = draw(st.lists(st.sampled_from(PARAMETERS), max_size=3))
    method = draw(
        st.sampled_from(["GET", "GET", "GET", "DELETE", "POST", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE"])
    )
    parameters = {name: str(draw(scalars)).encode(errors="replace") for name in names}
    if method == "DELETE":  # the dataset is still needed
        path += "/nosuch"
    return method, path, {"params": parameters}


@st.composite
def _broken_upload(draw):
    job = json.dumps(JOBS[1])
    parts = [("application/json", job), ("x/y", '{"id": 1}')]
    body = "".join(f"--b\r\nContent-Type: {kind}\r\n\r\n{part}\r\n" for kind, part in parts) + "--b--"
    cut = draw(st.integers(0, len(body)))
    data = draw(st.sampled_from([body, body[:cut], body[cut:], body[:cut] + "--b" + body[cut:]])).encode()
    boundary = draw(st.sampled_from(["; boundary=b", "; boundary=c", "", "; boundary="]))
    headers = draw(
        st.sampled_from([{"Content-Type": f"multipart/related{boundary}"}, {}, {"Content-Range": "bytes x"}])
    )
    parameters = {
        "uploadType": draw(st.sampled_from(["multipart", "resumable", "media", ""])),
        "upload_id": "x",
    }
    return (
        draw(st.sampled_from(["POST", "PUT"])),
        f"/upload{API}/jobs",
        {"data": data, "headers": headers, "params": parameters},
    )


def requests():
    """(method, path, keyword arguments for requests.request)."""
    return st.one_of(
        _broken_body(), _broken_body(), _broken_body(), _broken_bytes(), _odd_read(), _broken_upload()
    )
