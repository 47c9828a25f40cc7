"""The emulator's side: many expressions in one query, and one by one only where some fail."""

import requests

from judge import values
from judge.reference import Answer, query

BATCH = 30
PARTS = 5  # into which a batch with a failing expression is cut: failures come in groups
SECONDS = 60


class Ours:
    """An emulator, asked through its REST API."""

    def __init__(self, url: str, project: str):
        self._session = requests.Session()
        self._url = f"{url}/bigquery/v2/projects/{project}/queries"

    def evaluate(self, expressions: list[str], source: str = "") -> list[Answer]:
        """The answers in the order of the expressions, all of one row of the source if there is one."""
        batches = (expressions[at : at + BATCH] for at in range(0, len(expressions), BATCH))
        return [answer for batch in batches for answer in self._batch(batch, source)]

    def _batch(self, expressions: list[str], source: str) -> list[Answer]:
        columns = ",\n".join(f"{text} AS c{number}" for number, text in enumerate(expressions))
        body = {
            "query": query(columns, source),
            "useLegacySql": False,
            "useQueryCache": False,
            "timeoutMs": SECONDS * 1000,
            "formatOptions": {"useInt64Timestamp": True},
        }
        try:
            answer = self._session.post(self._url, json=body, timeout=SECONDS).json()
        except requests.RequestException as problem:  # none in time, or none that is JSON
            answer = {"error": {"message": f"no answer: {type(problem).__name__}"}}
        if error := answer.get("error"):
            if len(expressions) == 1:
                return [Answer(error=error["message"])]
            size = -(-len(expressions) // PARTS)
            parts = (expressions[at : at + size] for at in range(0, len(expressions), size))
            return [answer for part in parts for answer in self._batch(part, source)]
        fields = answer["schema"]["fields"]
        cells = answer["rows"][0]["f"]
        return [
            Answer(values.of_field(f), values.of_cell(c["v"], f)) for f, c in zip(fields, cells, strict=True)
        ]
