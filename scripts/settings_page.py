"""docs/settings.md, written from the models of plugins/vitrine/collection.py; `make golden` rewrites it."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic.fields import FieldInfo

from vitrine.collection import (
    DEFAULT_MODEL,
    FILE_VARIABLE,
    REPOSITORY,
    SQL_DIR,
    Collection,
    Model,
    variable_of,
)

PAGE = REPOSITORY / "docs" / "settings.md"
HEAD = f"""# Settings

<!-- Written from plugins/vitrine/collection.py by `make golden`. -->

`include/collections.yaml` of the checkout says what a deployment keeps searchable. Where there is no checkout
([installation](installation.md)) it is `collections.yaml` beside the DAGs folder. `{FILE_VARIABLE}` names
another file.

```yaml
defaults: # for all collections and models
  project: my-project
  gallery: gs://my-pages/galleries
collections:
  met:
    objects: [gs://my-bucket/*]
  dresses: # a second collection: a dataset, a schedule and a budget of its own
    objects: [gs://my-dresses/*]
    dataset: dresses
    schedule: 0 4 * * *
    monthly_budget_usd: 20
    models:
      default: {{dimension: 512}}
```

A setting is looked for in the collection (or in its model), then in the environment variable in the last
column, then in `defaults`, then in the column *default*. In a variable, a list is separated by commas or
written as JSON, and a mapping is JSON. Whatever is unknown or cannot work is refused before anything runs: as
an import error of the DAGs, and in the same words on every page.

A collection's name consists of lower-case letters, digits and single underscores. It is part of its DAG ids
(`embed_images__met`), of its tables' names (`met_image_embeddings`) and of the addresses of its pages
(`/vitrine/met/`).
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            HEAD,
            "## Of a collection",
            "",
            *_table(Collection.model_fields, leave_out=("name",)),
            "",
            "## Of a model",
            "",
            f"Below `models`, by name. A collection that names none has one, `{DEFAULT_MODEL}`.",
            "",
            *_table(Model.model_fields),
            "",
        ]
    )


def _table(fields: dict[str, FieldInfo], leave_out: tuple[str, ...] = ()) -> list[str]:
    rows = [
        f"| `{name}` | {field.description} | {_unit(field)} | {_default(field)} | {_shown(field.examples)} | "
        f"`{variable_of(name)}` |"
        for name, field in fields.items()
        if name not in leave_out
    ]
    return ["| setting | meaning | unit | default | example | variable |", "|---|---|---|---|---|---|", *rows]


def _unit(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    return str(extra["unit"]) if isinstance(extra, dict) else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    return _shown([field.default]) if field.default not in (None, "", (), {}) else "not set"


def _shown(values: list[Any] | None) -> str:
    [value] = values or [""]
    value = list(value) if isinstance(value, tuple) else value
    if value == SQL_DIR:
        return "those that come with this version"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("\n...\n").strip()
    return f"`{text}`"
