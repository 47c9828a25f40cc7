"""Steps that run one after another, where each says itself what it must come before or after."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter


class Order[Step]:
    """Functions or modules in the order that they declare; in every other respect as they were added."""

    def __init__(self, name: str):
        """`name` says in errors what these steps are."""
        self.name = name
        self._added: dict[Step, bool] = {}  # whether it is one of the first
        self._arrows: list[tuple[Step, Step]] = []
        self._sorted: tuple[Step, ...] | None = None

    def add(
        self, step: Step, *, before: Iterable[Step] = (), after: Iterable[Step] = (), first: bool = False
    ):
        """One more step; `first` ones come before all that are not. ValueError if it is there already."""
        if step in self._added:
            raise ValueError(f"{self.name}: {_label(step)} is there already")
        self._added[step] = first
        self._arrows += [(step, other) for other in before] + [(other, step) for other in after]
        self._sorted = None

    def steps(self) -> tuple[Step, ...]:
        """All steps in order; ValueError names a circle, or one that is named but was not added."""
        if self._sorted is None:
            self._sorted = self._sort()
        return self._sorted

    def _sort(self) -> tuple[Step, ...]:
        numbers = {step: number for number, step in enumerate(self._added)}
        first = [step for step, is_first in self._added.items() if is_first]
        graph = {step: set() if is_first else set(first) for step, is_first in self._added.items()}
        for earlier, later in self._arrows:
            if unknown := {earlier, later} - self._added.keys():
                raise ValueError(
                    f"{self.name}: {_label(earlier)} must come before {_label(later)}, "
                    f"but nobody added {_label(*unknown)}"
                )
            graph[later].add(earlier)
        sorter = TopologicalSorter(graph)
        try:
            sorter.prepare()
        except CycleError as error:
            circle = " -> ".join(map(_label, error.args[1]))
            raise ValueError(f"{self.name}: {circle} is a circle") from error
        found: list[Step] = []
        ready: list[Step] = []
        while sorter.is_active():
            ready += sorter.get_ready()
            ready.sort(key=numbers.__getitem__)  # the one that was added first
            found.append(ready.pop(0))
            sorter.done(found[-1])
        return tuple(found)


def _label(*steps: object) -> str:
    names = (getattr(step, "__qualname__", None) for step in steps)
    return ", ".join(
        f"{step.__module__}.{name}" if name else getattr(step, "__name__", str(step))
        for step, name in zip(steps, names, strict=True)
    )
