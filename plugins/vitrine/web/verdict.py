"""Was last night good, and what must a person do? The answer in sentences. Pure functions over plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from vitrine import limits
from vitrine.embed.reports import Outcome
from vitrine.embed.stages import kind

# Airflow looks every second; this much later something is wrong with its scheduler.
LATE_AFTER: Final = timedelta(minutes=5)
# Scheduled times without a success after which the search page shows an old collection.
STALE_AFTER: Final = 2
# Hours (UTC) of runs that people call last night's.
NIGHT: Final = (18, 8)
MOST_STATUSES: Final = 3
# What is going on while a task of a kind runs, in the order of a run.
STAGES: Final = {
    "take_turn": "taking its turn",
    "refresh_listing": "listing the bucket",
    "plan_batches": "planning",
    "approve_cost": "asking for approval",
    "take_quota": "taking its turn at the model",
    "embed_batch": "embedding",
    "settle_batch": "embedding",
    "check_status": "checking what is left",
    "sync_bucket": "following the bucket",
    "create_vector_index": "filling the index",
    "wait_for_vector_index": "filling the index",
    "report_run": "writing the report",
    "next_wave": "starting the next run",
}
DEFERRED_BY: Final = {
    "max_images": "the Param max_images of that run",
    "max_images_per_run": "the setting max_images_per_run",
    "monthly_budget": "the monthly budget",
}


class State(StrEnum):
    """What the first line is about."""

    HIDDEN = "hidden"  # this person may not see the runs
    NOT_SET_UP = "not set up"
    NO_DAG = "no DAG"
    PAUSED = "paused"
    APPROVAL = "approval"
    TURN = "turn"
    RUNNING = "running"
    LATE = "late"
    NEVER_RUN = "never run"
    STALE = "stale"
    FAILED = "failed"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    COMPLETE = "complete"


class Tone(StrEnum):
    """How the first line looks: good and busy ask for nothing, warn and bad for a person."""

    GOOD = "good"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"


TONES: Final = {
    State.HIDDEN: Tone.BUSY,
    State.NOT_SET_UP: Tone.WARN,
    State.NO_DAG: Tone.BAD,
    State.PAUSED: Tone.WARN,
    State.APPROVAL: Tone.WARN,
    State.TURN: Tone.BUSY,
    State.RUNNING: Tone.BUSY,
    State.LATE: Tone.BAD,
    State.NEVER_RUN: Tone.WARN,
    State.STALE: Tone.WARN,
    State.FAILED: Tone.BAD,
    State.REJECTED: Tone.WARN,
    State.DEFERRED: Tone.GOOD,
    State.COMPLETE: Tone.GOOD,
}


@dataclass(frozen=True)
class Task:
    """A task instance: one that is under way, or one that failed. `map_index` is -1 if it is not mapped."""

    task_id: str
    state: str = "running"
    map_index: int = -1
    try_number: int = 1


@dataclass(frozen=True)
class Progress:
    """Images that the model was asked for, and that are left; `minutes_left` is None before the first."""

    done: int
    left: int
    minutes_left: int | None = None


@dataclass(frozen=True)
class Run:
    """A run as Airflow has it. `at` is when it was due, `tasks` are those under way or failed."""

    run_id: str
    state: str
    at: datetime
    scheduled: bool = True
    tasks: tuple[Task, ...] = ()
    progress: Progress | None = None
    waits_for: str = ""  # who has the turn, in words; "" if that is unknown
    question: str = ""  # what a person is asked

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("queued", "running")


class Failure(NamedTuple):
    """Images that are `pending` or `quarantined` with a status."""

    place: str
    status: str
    images: int


@dataclass(frozen=True)
class Report:
    """A run as embedding_runs has it. None and () where an earlier version wrote nothing."""

    run_id: str
    at: datetime
    outcome: str
    complete: bool
    published: int = 0
    quarantined: int = 0
    pending: int = 0
    deferred: int = 0
    deferred_reason: str = ""
    cost_usd: float | None = None
    reason: str = ""
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True)
class Dag:
    """The DAG embed_images of a collection. `next_run` is None if none is due."""

    dag_id: str
    is_paused: bool = False
    next_run: datetime | None = None


@dataclass(frozen=True)
class Situation:
    """All that a verdict is made of.

    :param dag: None if Airflow has no such DAG.
    :param may_see: whether this person may see the runs of the DAG.
    :param runs: newest first.
    :param reports: newest first; None if the collection is not set up.
    :param gap: longest time between two scheduled runs.
    :param within: how long after its time a scheduled run should be complete; None: no deadline.
    """

    now: datetime
    dag: Dag | None
    reports: Sequence[Report] | None
    image_usd: float
    gap: timedelta
    runs: Sequence[Run] = ()
    may_see: bool = True
    within: timedelta | None = None
    setup_dag: str = "setup_image_search"


class Link(NamedTuple):
    """Where a line leads: `to` is log, question, run, dag, setup or quarantine."""

    text: str
    to: str
    run_id: str = ""
    task: Task | None = None


class Line(NamedTuple):
    """A sentence or two, and what to click."""

    words: str
    link: Link | None = None


@dataclass(frozen=True)
class Verdict:
    """The first line says how things are, and what to do; the others what else one wants to know."""

    state: State
    lines: tuple[Line, ...]
    is_live: bool = field(default=False, kw_only=True)  # a run is under way: look again soon

    @property
    def tone(self) -> Tone:
        """How it looks."""
        return TONES[self.state]


def verdict(situation: Situation) -> Verdict:
    """How a collection is."""
    if not situation.may_see:
        return Verdict(State.HIDDEN, (Line("You may not see the runs of this collection in Airflow."),))
    if situation.reports is None:
        words = (
            "Not set up yet: there are no tables. Run the DAG setup_image_search first, then embed_images."
        )
        return Verdict(State.NOT_SET_UP, (Line(words, Link(situation.setup_dag, "setup")),))
    if situation.dag is None:
        words = "Airflow has no DAG that embeds this collection. Its list of DAGs shows import errors."
        return Verdict(State.NO_DAG, (Line(words, Link("DAGs", "dags")),))
    active = next((run for run in reversed(situation.runs) if run.is_active), None)
    if active:
        return _active(situation, situation.dag, active)
    last = _last_night(situation)
    if situation.dag.is_paused and last.state is not State.NEVER_RUN:
        words = "Paused: no run starts by itself until the DAG is unpaused."
        lines = (Line(words, Link("Unpause it", "dag")), *last.lines, *_age(situation, last))
        return Verdict(State.PAUSED, lines)
    due = situation.dag.next_run
    if due and situation.now - due > LATE_AFTER:
        words = (
            f"Late: the run of {when(due, situation.now)} has not begun. Look after Airflow's scheduler and "
            "dag-processor."
        )
        return Verdict(State.LATE, (Line(words, Link("The DAG", "dag")), *last.lines, *_age(situation, last)))
    if last.tone is Tone.GOOD and (old := _stale(situation)):
        return Verdict(State.STALE, (old, *last.lines))
    return Verdict(last.state, last.lines + _age(situation, last))


def _active(situation: Situation, dag: Dag, run: Run) -> Verdict:
    """A run that has not ended."""
    before = _last_night(situation)
    more = (*before.lines, *_age(situation, before)) if before.state is not State.NEVER_RUN else ()
    due = run.at + situation.within if situation.within and run.scheduled else None
    if due and situation.now > due:
        late = Line(f"Late: it was to be complete by {when(due, situation.now)}.")
        more = (late, *more)
    since = f"since {when(run.at, situation.now)}"
    open_run = Link("The run", "run", run.run_id)
    if dag.is_paused:
        words = f"Paused: a run that is under way {since} waits until the DAG is unpaused."
        return Verdict(State.PAUSED, (Line(words, Link("Unpause it", "dag")), *more), is_live=True)
    if asked := _waiting(run, "approve_cost", "awaiting_input"):
        question = run.question or "Its plan costs more than max_cost_usd."
        words = f"Waiting for approval {since}. {question}"
        link = Link("Approve or reject", "question", run.run_id, asked)
        return Verdict(State.APPROVAL, (Line(words, link), *more), is_live=True)
    for sensor, what in (("take_turn", "turn"), ("take_quota", "turn at the model")):
        if waiting := _waiting(run, sensor, "up_for_reschedule"):
            whom = f"for {run.waits_for}" if run.waits_for else "(its log says for whom)"
            link = Link("The log", "log", run.run_id, waiting)
            words = f"Waiting for its {what} {since}, {whom}. It goes on by itself."
            return Verdict(State.TURN, (Line(words, link), *more), is_live=True)
    words = f"Running {since}: {_stage(run)}." if run.state == "running" else f"Queued {since}."
    if run.progress:
        words += f" {_progress(run.progress, situation.image_usd)}"
    return Verdict(State.RUNNING, (Line(words, open_run), *more), is_live=True)


def _last_night(situation: Situation) -> Verdict:
    """The last run that has ended and was no dry run."""
    now, reports = situation.now, {report.run_id: report for report in situation.reports or ()}
    ended = [run for run in situation.runs if not run.is_active]
    known = {run.run_id for run in situation.runs}
    # Airflow may have forgotten runs that are reported.
    ended += [
        Run(report.run_id, "success" if report.complete else "failed", report.at, scheduled=False)
        for report in situation.reports or ()
        if report.run_id not in known
    ]
    for run in sorted(ended, key=lambda run: run.at, reverse=True):
        report = reports.get(run.run_id)
        if report and report.outcome == Outcome.DRY_RUN:
            continue
        said = _ended(run, report, _then(situation))
        first, *others = said.lines
        begun = f"{_capital(when(run.at, now, ran=run.scheduled))}: "
        return Verdict(said.state, (first._replace(words=begun + first.words), *others))
    paused = situation.dag is not None and situation.dag.is_paused
    then = "The DAG is paused: unpause it." if paused else _then(situation, "The first run is")
    words = f"Never run: nothing was embedded yet. {then}"
    return Verdict(State.NEVER_RUN, (Line(words.rstrip(), Link("Run it", "dag")),))


def _ended(run: Run, report: Report | None, then: str) -> Verdict:
    """A run that has ended, and what is next."""
    if report is None and run.state == "success":
        return Verdict(State.COMPLETE, (Line(f"complete. {then}", Link("The run", "run", run.run_id)),))
    if report and report.outcome == Outcome.REJECTED:
        words = f"not approved, so nothing was embedded. {report.deferred:,} images are left. {then}"
        return Verdict(State.REJECTED, (Line(words, Link("The run", "run", run.run_id)),))
    if report and report.complete and run.state == "success":
        return _complete(run, report, then)
    cause = next(
        (task for task in run.tasks if kind(task.task_id) not in ("embed_batch", "report_run")), None
    )
    task = cause or next((task for task in run.tasks if kind(task.task_id) == "report_run"), None)
    link = Link("Why", "log", run.run_id, task) if task else Link("The run", "run", run.run_id)
    words, more = f"failed in {cause.task_id}." if cause else "failed.", list[Line]()
    if report is None:
        words += " It wrote no report."
    else:
        if report.pending:
            words += f" {_images(report.pending)} left{_by_status(report, 'pending')}."
        if cause and not report.reason.startswith("Failed: "):
            more.append(Line(report.reason))
        more += _set_aside(report)
    # Images that a retry may cure need nobody; anything else is for a person to read.
    if report and not cause and _may_be_cured(report):
        words += f" {then.replace('Next run', 'Tried again') or 'Not tried again while the DAG is paused.'}"
    else:
        words += f" Read why, and clear what failed. {then}" if cause else f" Read why. {then}"
    return Verdict(State.FAILED, (Line(words.strip(), link), *more))


def _complete(run: Run, report: Report, then: str) -> Verdict:
    link = Link("The run", "run", run.run_id)
    if report.outcome == Outcome.NOTHING_PENDING:
        return Verdict(State.COMPLETE, (Line(f"nothing new. {then}".rstrip(), link),))
    price = f" for ${report.cost_usd:,.2f}" if report.cost_usd else ""
    words = f"complete. {_images(report.published)} published{price}."
    if report.deferred:
        by = DEFERRED_BY.get(report.deferred_reason, report.deferred_reason)
        words += f" {report.deferred:,} left to later runs by {by}."
    state = State.DEFERRED if report.deferred else State.COMPLETE
    return Verdict(state, (Line(f"{words} {then}".rstrip(), link), *_set_aside(report)))


def _set_aside(report: Report) -> list[Line]:
    if not report.quarantined:
        return []
    words = f"{_images(report.quarantined)} set aside{_by_status(report, 'quarantined')}."
    return [Line(words, Link("See them", "quarantine"))]


def _may_be_cured(report: Report) -> bool:
    """Whether all that is wrong is images that another try may embed."""
    left = [failure.status for failure in report.failures if failure.place == "pending"]
    return bool(left) and all(status.startswith(limits.RETRYABLE_STATUS_PREFIX) for status in left)


def _then(situation: Situation, begin: str = "Next run") -> str:
    """What is next; "" if that is said elsewhere."""
    dag = situation.dag
    if dag is None or dag.is_paused or dag.next_run is None or dag.next_run < situation.now:
        return ""
    return f"{begin} {when(dag.next_run, situation.now, ahead=True)}."


def _age(situation: Situation, last: Verdict) -> tuple[Line, ...]:
    """The age of the last success, unless the last run is it."""
    if last.state in (State.COMPLETE, State.DEFERRED, State.NEVER_RUN):
        return ()
    succeeded = _succeeded(situation)
    if succeeded is None:
        return (Line("No run has been complete yet."),)
    old = _stale(situation)
    return (old or Line(f"The last complete run was {_ago(situation.now - succeeded)}."),)


def _stale(situation: Situation) -> Line | None:
    succeeded = _succeeded(situation)
    if succeeded is None or situation.now - succeeded <= STALE_AFTER * situation.gap:
        return None
    return Line(
        f"Stale: the last complete run was {_ago(situation.now - succeeded)}, on {succeeded:%a %-d %b %Y}. "
        "Newer images cannot be found."
    )


def _succeeded(situation: Situation) -> datetime | None:
    return max((report.at for report in situation.reports or () if report.complete), default=None)


def _by_status(report: Report, place: str) -> str:
    """The images at a place by status: ", all BUSY", ": 28 BUSY, 3 INTERNAL", or "" if that is unknown."""
    by_status: dict[str, int] = {}
    for failure in report.failures:
        if failure.place == place:
            name = short(failure.status)
            by_status[name] = by_status.get(name, 0) + failure.images
    if len(by_status) <= 1:
        return "".join(f", all {name}" for name in by_status)
    ranked = sorted(by_status.items(), key=lambda pair: -pair[1])
    others = [f"{sum(images for _, images in ranked[MOST_STATUSES:]):,} others"] * (
        len(ranked) > MOST_STATUSES
    )
    return ": " + ", ".join([f"{images:,} {name}" for name, images in ranked[:MOST_STATUSES]] + others)


def short(status: str) -> str:
    """The part of a status that tells it from others, for a sentence.

    >>> short("A retryable error occurred: RESOURCE EXHAUSTED error from remote service/endpoint.")
    'RESOURCE_EXHAUSTED'
    >>> short("INVALID_ARGUMENT: the image was refused.")
    'INVALID_ARGUMENT'
    """
    text = status.removeprefix(limits.RETRYABLE_STATUS_PREFIX).strip()
    code = text.partition(" error from")[0].partition(":")[0].strip().rstrip(".")
    return code.replace(" ", "_") if code.isupper() else code


def _waiting(run: Run, name: str, state: str) -> Task | None:
    return next((task for task in run.tasks if kind(task.task_id) == name and task.state == state), None)


def _stage(run: Run) -> str:
    """What a run is doing: the furthest of its tasks under way."""
    order = list(STAGES)
    under_way = [task for task in run.tasks if kind(task.task_id) in STAGES and task.state != "failed"]
    if not under_way:
        return "between two tasks"
    task = max(under_way, key=lambda task: (_pass(task), order.index(kind(task.task_id))))
    number = _pass(task)
    if kind(task.task_id) == "check_status" and task.state == "deferred":
        return "a pause before what is left is tried again"
    words = STAGES[kind(task.task_id)]
    return f"{words} again, pass {number}" if number > 1 and words in ("embedding", "planning") else words


def _pass(task: Task) -> int:
    """The pass that a task belongs to; 1 for those outside of passes before the last.

    >>> _pass(Task("pass_2.embed_batch")), _pass(Task("repair.plan_batches_3")), _pass(Task("take_turn"))
    (2, 3, 1)
    """
    group, _, name = task.task_id.rpartition(".")
    number = (group if group.startswith("pass_") else name).rpartition("_")[2]
    return int(number) if number.isdigit() else 1


def _progress(progress: Progress, image_usd: float) -> str:
    """How far a run is. What it asked the model for may have failed, and a failed call is not billed."""
    asked = f"{progress.done:,} of {progress.done + progress.left:,} images asked for"
    if progress.minutes_left is not None and progress.left:
        asked += f", about {_span(timedelta(minutes=progress.minutes_left))} to go"
    return f"{asked}; at most ${progress.done * image_usd:,.2f} so far."


def _images(number: int) -> str:
    return f"{number:,} image{'' if number == 1 else 's'}"


def _ago(age: timedelta) -> str:
    return f"{_span(age)} ago"


def _span(age: timedelta) -> str:
    """A time in the unit that fits it.

    >>> _span(timedelta(minutes=5)), _span(timedelta(hours=30)), _span(timedelta(days=5))
    ('5 min', '30 h', '5 days')
    """
    minutes = max(round(age.total_seconds() / 60), 1)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def when(at: datetime, now: datetime, *, ran: bool = False, ahead: bool = False) -> str:
    """A time (UTC) as a person says it: `ran` is a scheduled run's, `ahead` that of a run to come.

    >>> now = datetime(2026, 11, 27, 15)
    >>> when(datetime(2026, 11, 27, 2), now, ran=True), when(datetime(2026, 11, 28, 2), now, ahead=True)
    ('last night 02:00 UTC', 'tonight 02:00 UTC')
    >>> when(datetime(2026, 11, 26, 14, 5), now), when(datetime(2026, 11, 12, 2), now, ran=True)
    ('yesterday 14:05 UTC', 'Thu 12 Nov 02:00 UTC')
    """
    clock, days = f"{at:%H:%M} UTC", (at.date() - now.date()).days
    evening, morning = NIGHT
    is_night = at.hour >= evening or at.hour < morning
    if is_night and ran and timedelta(0) <= now - at < timedelta(days=1):
        return f"last night {clock}"
    if is_night and ahead and timedelta(0) <= at - now <= timedelta(days=1):
        return f"tonight {clock}"
    if day := {0: "today", -1: "yesterday", 1: "tomorrow"}.get(days):
        return f"{day} {clock}"
    return f"{at:%a %-d %b}{'' if at.year == now.year else f' {at.year}'} {clock}"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]
