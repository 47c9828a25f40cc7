"""The APIs of case-insensitive datasets: a path in a request is spelt as its dataset and table are."""

import re
from collections.abc import Callable

from local_bigquery import app

from bqml_emulator.engine import spelling

PATH = re.compile(r"(?P<above>.*/projects/)(?P<project>[^/]+)/datasets/(?P<dataset>[^/]+)(?P<rest>/.*)?")
TABLE = re.compile(r"/tables/([^/:]+)(.*)")


def spelt(path: str) -> str:
    """The path of a request."""
    match = PATH.fullmatch(path)
    if not match:
        return path
    project, dataset, rest = match["project"], match["dataset"], match["rest"] or ""
    if of_table := TABLE.fullmatch(rest):
        _, dataset, name = spelling.table(project, dataset, of_table[1])
        rest = f"/tables/{name}{of_table[2]}"
    else:
        dataset = spelling.dataset(project, dataset)
    return f"{match['above']}{project}/datasets/{dataset}{rest}"


def reading(table: Callable[[str], tuple[str, str, str]]) -> Callable[[str], tuple[str, str | None, str]]:
    """The same for the table in a request of the Storage Read API."""
    return lambda path: spelling.table(*table(path))


class Spelt:
    """ASGI middleware."""

    def __init__(self, inner):
        self.inner = inner

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            scope["path"] = spelt(scope["path"])
        await self.inner(scope, receive, send)


def install():
    """Read every path so."""
    app.add_middleware(Spelt)
