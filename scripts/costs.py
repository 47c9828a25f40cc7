"""The table of times and costs in docs/production.md, from the limits and prices that the code uses."""

from __future__ import annotations

import re
from math import ceil
from typing import Final

from scripts.stack import ROOT
from vitrine import limits

PAGE: Final = ROOT / "docs" / "production.md"
SIZES: Final = (10_000, 600_000, 10_000_000)
NUMBERS: Final = max(limits.EMBEDDING_DIMENSIONS["multimodalembedding@001"])  # in a vector, by default
BYTES: Final = 8  # of a FLOAT64
# List price of the US multi-region, https://cloud.google.com/bigquery/pricing, as public tools repeat it
# since that page could not be read. Storage is active logical, for a month.
STORAGE_USD_PER_GIB: Final = 0.02
MARKS: Final = ("<!-- costs: written by `make golden` -->", "<!-- /costs -->")


def table() -> str:
    """The table: a column for each size."""
    rows = {
        "embedding them (c)": [f"${size * limits.IMAGE_PRICE_USD:,.0f}" for size in SIZES],
        f"time at {limits.EMBEDDING_REQUESTS_PER_MINUTE} a minute, the quota of a new project (c)": [
            _duration(size / limits.EMBEDDING_REQUESTS_PER_MINUTE) for size in SIZES
        ],
        f"time at {limits.EMBEDDING_REQUESTS_PER_MINUTE_EUROPE} a minute, in a European region (c)": [
            _duration(size / limits.EMBEDDING_REQUESTS_PER_MINUTE_EUROPE) for size in SIZES
        ],
        "runs of `embed_images`, each up to six hours (c)": [f"{_runs(size):,}" for size in SIZES],
        "vectors (c)": [_size(_bytes(size)) for size in SIZES],
        "keeping them, a month (c)": [_dollars(_bytes(size) / 2**30 * STORAGE_USD_PER_GIB) for size in SIZES],
        "one search that compares with every picture (c)": [
            _dollars(_bytes(size) / 2**40 * limits.QUERY_USD_PER_TIB) for size in SIZES
        ],
    }
    head = ["", *(f"{size:,} images" for size in SIZES)]
    lines = [head, ["---"] * len(head), *([name, *cells] for name, cells in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def with_table(page: str) -> str:
    """The page with the table as it is now."""
    start, end = map(re.escape, MARKS)
    return re.sub(f"{start}.*{end}", "\n".join([MARKS[0], table(), MARKS[1]]), page, flags=re.DOTALL)


def _bytes(images: int) -> int:
    return images * NUMBERS * BYTES


def _runs(images: int) -> int:
    return ceil(images / (limits.EMBEDDING_REQUESTS_PER_MINUTE * limits.MAX_QUERY_MINUTES))


def _duration(minutes: float) -> str:
    if minutes < 120:
        return f"{minutes:.0f} minutes"
    return f"{minutes / 60:.0f} hours" if minutes < 48 * 60 else f"{minutes / 60 / 24:.0f} days"


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def _dollars(amount: float) -> str:
    return "under a cent" if amount < 0.01 else f"${amount:,.2f}"
