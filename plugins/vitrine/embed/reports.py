"""The content of a run's report. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a run of embed_images ended."""

    COMPLETE = "complete"
    NOTHING_PENDING = "nothing_pending"
    DEFERRED = "deferred"  # complete, but a limit has left images to later runs
    DRY_RUN = "dry_run"
    REJECTED = "rejected"
    INCOMPLETE = "incomplete"

    @property
    def complete(self) -> bool:
        """Whether every planned image is accounted for."""
        return self in (Outcome.COMPLETE, Outcome.NOTHING_PENDING, Outcome.DEFERRED)


def without_the_stopped(progress: Mapping[str, Any]) -> dict[str, Any]:
    """The progress of a run that was stopped after planning, with its pending images counted as deferred."""
    pending = progress["pending"]
    return {
        **progress,
        "planned": progress["planned"] - pending,
        "pending": 0,
        "deferred": progress["deferred"] + pending,
    }


def outcome(progress: Mapping[str, Any], stopped: Outcome | None, incomplete: str | None) -> Outcome:
    """How the run ended.

    :param stopped: how it was stopped before it cost anything; None if it was not.
    :param incomplete: why it is incomplete; None if it is not.
    """
    if incomplete:
        return Outcome.INCOMPLETE
    if stopped:
        return stopped
    if progress["deferred"]:
        return Outcome.DEFERRED
    return Outcome.COMPLETE if progress["planned"] else Outcome.NOTHING_PENDING


def why_incomplete(
    progress: Mapping[str, Any], *, broken: str | None, gave_up: str | None, failed: Sequence[str]
) -> str | None:
    """Why a run is incomplete, or None. The first sentence is the cause.

    :param broken: what the brake on quarantine, or a plan that was refused, says.
    :param gave_up: why the passes stopped, as the last check says.
    :param failed: ids of the tasks that failed.
    """
    reasons = [broken] if broken else []
    if progress["pending"]:
        reasons.append(
            f"{progress['pending']:,} of {progress['planned']:,} planned images are neither published, "
            f"quarantined nor gone. The next run takes them up again. {gave_up or ''}".rstrip()
        )
        reasons.extend(failures(progress, "pending"))
    if progress["duplicates"]:
        reasons.append(
            f"{progress['duplicates']:,} rows of image_embeddings repeat the uri of another row: delete them."
        )
    if failed:
        reasons.append(f"Failed: {', '.join(failed)}. See their logs and clear them; nothing is paid twice.")
    return "\n".join(reasons) or None


def failures(progress: Mapping[str, Any], place: str) -> list[str]:
    """The images that are `pending` or `quarantined`: a line for each status, with examples."""
    return [
        f"  {failure['images']:,} x {failure['status']}\n    for example {', '.join(failure['examples'])}"
        for failure in progress["failures"]
        if failure["place"] == place
    ]


def verdict(figures: Mapping[str, Any], outcome: Outcome, reason: str | None) -> str:
    """The run in one sentence, the last line of its log.

    :param reason: why it is incomplete; its first line is used.
    """
    if outcome is Outcome.INCOMPLETE:
        return f"INCOMPLETE: {first_line(reason)}"
    if outcome is Outcome.NOTHING_PENDING:
        return "Nothing was pending."
    if outcome in (Outcome.DRY_RUN, Outcome.REJECTED):
        return f"Stopped before it cost anything ({outcome}): {figures['deferred']:,} images are left."
    parts = [f"{figures['published']:,} of {figures['planned']:,} images published"]
    parts += [f"{figures[name]:,} {words}" for name, words in IN_WORDS.items() if figures[name]]
    if figures["deferred"]:
        parts.append(f"{figures['deferred']:,} left to later runs by {figures['deferred_reason']}")
    return f"Complete: {', '.join(parts)}."


def first_line(reason: str | None) -> str:
    """The cause, of a text that why_incomplete has returned; "" of None."""
    return (reason or "").partition("\n")[0]


IN_WORDS = {
    "quarantined": "quarantined",
    "changed": "changed while they were embedded",
    "vanished": "gone from the bucket",
}


def as_text(figures: Mapping[str, Any]) -> str:
    """The figures as a table for the log, one per line.

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
