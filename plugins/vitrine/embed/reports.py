"""What the report of a run says. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a run of embed_images ended."""

    COMPLETE = "complete"
    NOTHING_PENDING = "nothing_pending"
    DEFERRED = "deferred"  # what was planned is complete; a cap has left images to later runs
    DRY_RUN = "dry_run"
    REJECTED = "rejected"
    INCOMPLETE = "incomplete"

    @property
    def complete(self) -> bool:
        """Whether every planned image is accounted for."""
        return self in (Outcome.COMPLETE, Outcome.NOTHING_PENDING, Outcome.DEFERRED)


def without_the_stopped(progress: Mapping[str, Any]) -> dict[str, Any]:
    """The progress of a run that was stopped after planning: what is pending was not planned but deferred."""
    pending = progress["pending"]
    return {
        **progress, "planned": progress["planned"] - pending, "pending": 0,
        "deferred": progress["deferred"] + pending,
    }  # fmt: skip


def outcome(progress: Mapping[str, Any], stopped: Outcome | None, problem: str | None) -> Outcome:
    """How the run ended.

    :param stopped: how it was stopped before anything was paid, if it was.
    :param problem: why it is not complete, if it is not.
    """
    if problem:
        return Outcome.INCOMPLETE
    if stopped:
        return stopped
    if progress["deferred"]:
        return Outcome.DEFERRED
    return Outcome.COMPLETE if progress["planned"] else Outcome.NOTHING_PENDING


def why_incomplete(progress: Mapping[str, Any], passes: int | None, failed: Sequence[str]) -> str | None:
    """Why a run is not complete, or None.

    :param passes: passes that were checked; None when the run was stopped before the first.
    :param failed: ids of the tasks that failed.
    """
    problems = []
    if failed:
        problems.append(f"Failed: {', '.join(failed)}. See their logs and clear them; nothing is paid twice.")
    elif passes == 0:
        problems.append("No pass was checked: clear the run. Nothing is paid twice.")
    if progress["pending"]:
        named = "\n  ".join(progress["pending_images"])
        problems.append(
            f"{progress['pending']:,} of {progress['planned']:,} planned images are neither published, "
            f"quarantined nor gone. The next run takes them up again.\n  {named}"
        )
    if progress["duplicates"]:
        problems.append(
            f"{progress['duplicates']:,} rows of image_embeddings repeat the uri of another: delete them."
        )
    return "\n".join(problems) or None


def as_text(figures: Mapping[str, Any]) -> str:
    """The figures as a small table for the log, one a line.

    >>> print(as_text({"planned": 1200, "cost_usd": 0.12}))
    planned   1,200
    cost_usd   0.12
    """
    texts = {name: value if isinstance(value, str) else f"{value:,}" for name, value in figures.items()}
    names = max(map(len, texts))
    numbers = max(
        (len(texts[name]) for name, value in figures.items() if not isinstance(value, str)), default=0
    )
    return "\n".join(
        f"{name:{names}}  {text}" if isinstance(figures[name], str) else f"{name:{names}}  {text:>{numbers}}"
        for name, text in texts.items()
    )
