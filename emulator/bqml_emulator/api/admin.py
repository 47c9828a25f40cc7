"""The emulator's own endpoints under /emulator: ledger, faults, health. Real BigQuery has none of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from local_bigquery import app
from local_bigquery.errors import BigQueryError

from bqml_emulator.core import faults
from bqml_emulator.core.ledger import ledger

MAX_PAGE = 10_000
router = APIRouter(prefix="/emulator", tags=["emulator"])


@router.get("/health")
def health() -> dict:
    """Answer when the REST API serves."""
    return {"status": "ok"}


@router.get("/ledger")
def calls(after: int = 0, limit: int = 1000) -> dict:
    """Model calls after id `after`, oldest first."""
    if not 1 <= limit <= MAX_PAGE:
        raise BigQueryError("invalid", f"limit must be between 1 and {MAX_PAGE}, not {limit}")
    return ledger().page(after, limit)


@router.get("/ledger/summary")
def summary() -> dict:
    """The ledger in six numbers."""
    return ledger().summary()


@router.get("/faults")
def get_faults() -> dict:
    """The conditions in force."""
    return faults.as_json(faults.current())


@router.put("/faults")
def put_faults(changes: Annotated[Any, Body()]) -> dict:
    """Merge the given keys and answer the whole."""
    return faults.as_json(faults.update(changes))


def install():
    """Serve them beside BigQuery's."""
    app.include_router(router)
