"""The tasks of setup_image_search that look for what the DAGs need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator

from vitrine.collection import Collection
from vitrine.setup import preflight
from vitrine.setup.checks import as_table, refuse_bad

if TYPE_CHECKING:
    from typing import Any

    from airflow.sdk import Context


class CheckCloudOperator(BaseOperator):
    """Look for all that the DAGs need on Google Cloud, and fail with everything that is missing.

    Free of charge. Errors: PreflightError.
    """

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection = collection

    def execute(self, context: Context) -> None:
        """Log the table; fail if something is missing."""
        # Tables of an earlier version may lack what this run is about to add.
        checks = preflight.check(self.collection, is_set_up=False)
        self.log.info("%s\n%s", self.collection.name, as_table(checks))
        refuse_bad(checks)


class CheckStatementsOperator(BaseOperator):
    """Let BigQuery look at every statement of the DAGs without running it. Free of charge.

    Errors: PreflightError.
    """

    def __init__(self, *, collection: Collection, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.collection = collection

    def execute(self, context: Context) -> None:
        """Log the table; fail if a statement is refused."""
        checks = preflight.check_statements(self.collection, is_set_up=True)
        self.log.info("%s\n%s", self.collection.name, as_table(checks))
        refuse_bad(checks)
