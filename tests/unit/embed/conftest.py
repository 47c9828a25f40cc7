"""Jobs that answer at once."""

from typing import Any

import pytest

from tests.unit.fakes import FakeBigQuery, statement
from vitrine.google.statement import BigQueryRowsOperator


@pytest.fixture
def jobs(monkeypatch, bigquery: FakeBigQuery) -> FakeBigQuery:
    """Let the job of an operator answer at once, as those of a client do."""

    def execute(operator: BigQueryRowsOperator, context: Any) -> Any:
        bigquery.asked.append(operator.configuration)
        return operator.on_rows(context, bigquery.answers.get(statement(operator.configuration), []))

    monkeypatch.setattr(BigQueryRowsOperator, "execute", execute)
    return bigquery
