"""Several ways to do a thing, each an `async def` of the learner's, run in turn and repeated."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ...measure.machine import Machine
from ...worker.errors import Busy, RunError, Stopped
from ...worker.ways import Heard, run_way
from ..compare import read_machine_card
from ..request import BadRequest, seconds, whole
from ..rounds import Rounds

MOST_WAYS, LONGEST_LABEL = 20, 80
#: So many rounds may be repeated for other programs' sake; a rehearsal has no time for it.
RETRIES = 2


@dataclass
class Ways:
    """What was measured: for each way, by its label, one `Heard` a round.

    `failed` holds the sentence and the traceback of each way that failed; it has no runs.
    `printed` is what the ways printed in their first round. `control` is how much more two
    processes computed than one meanwhile (None: not asked for), `foreign` the cores that other
    programs used (None: the system does not tell).
    """

    machine: Machine
    runs: dict[str, list[Heard]] = field(default_factory=dict)
    failed: dict[str, tuple[str, str]] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    control: float | None = None
    foreign: float | None = None

    @property
    def labels(self) -> list[str]:
        """The ways that were measured, in the order given."""
        return [label for label in self.runs if label not in self.failed]

    def took(self, label: str) -> list[float]:
        """Seconds that a way took, in each round."""
        return [run.took_s for run in self._of(label)]

    def _of(self, label: str) -> list[Heard]:
        if label in self.labels:
            return self.runs[label]
        if label in self.failed:
            raise LookupError(f"{label!r} failed: {self.failed[label][0]}")
        raise LookupError(f"There is no way {label!r}: choose among {', '.join(self.labels)}.")

    def failures(self) -> list[str]:
        """A sentence for each way that failed."""
        return [f"{label} failed. {sentence}" for label, (sentence, _) in self.failed.items()]


def run_ways(rounds: Rounds, ways: Any, repeats: Any, *, beating: bool, budget_s: float,
             name: str, control: bool = False, time_box: Any = 8.0) -> Ways:  # fmt: skip
    """Run every way once a round, interleaved, each run a process of its own.

    A way that fails, or takes more than `time_box` seconds, is not run again, and costs the
    others nothing. Raises BadRequest, Stopped, Busy, and RunError where every way failed.
    """
    ways = checked(ways)
    repeats, box = whole(repeats, "repeats", 1, 50), seconds(time_box, "time_box", 60.0)
    worker = rounds.workers[0]
    with rounds.held():
        result = Ways(read_machine_card(worker))

        def once(label: str) -> Heard | None:
            if label in result.failed:
                return None
            try:
                answer = worker.call(run_way, ways[label], beating, time_box=box)
            except (Stopped, Busy):
                raise
            except RunError as error:
                result.failed[label] = str(error), error.details
                return None
            result.printed.setdefault(label, answer["printed"])
            return answer["value"]

        steps = {label: partial(once, label) for label in ways}
        found = rounds.repeat(steps, repeats, budget_s=budget_s, name=name, retries=RETRIES,
                              controlled=control and result.machine.cores >= 1.5)  # fmt: skip
    if len(result.failed) == len(ways):
        raise RunError(*next(iter(result.failed.values())))
    result.runs = {label: [run for run in runs if run] for label, runs in found.values.items()}
    result.control, result.foreign = found.control, found.foreign
    return result


def checked(ways: Any) -> dict[str, Callable]:
    """The ways by label. Raises BadRequest with one sentence."""
    if not isinstance(ways, Mapping) or not ways:
        raise BadRequest('Ways have names: write {"in a thread": in_a_thread, ...}.')
    if len(ways) > MOST_WAYS:
        raise BadRequest(f"That are {len(ways)} ways; at most {MOST_WAYS} at a time.")
    for label, way in ways.items():
        if not isinstance(label, str) or not 0 < len(label.strip()) <= LONGEST_LABEL:
            raise BadRequest(f"A way's name is a text of at most {LONGEST_LABEL} characters, "
                             f"and {label!r} is not.")  # fmt: skip
        if inspect.iscoroutine(way) or inspect.isasyncgen(way):
            called = way.__name__
            if inspect.iscoroutine(way):
                way.close()
            raise BadRequest(f"{called}() was called already: pass the function itself, {called}.")
        if not (inspect.iscoroutinefunction(way) or inspect.isasyncgenfunction(way)):
            raise BadRequest(f"{label!r} must be an async def without parameters, such as: async "
                             f"def way(): await asyncio.to_thread(time.sleep, 0.2).")  # fmt: skip
        try:
            inspect.signature(way).bind()
        except TypeError:
            raise BadRequest(f"{label!r} is called without arguments, but its function has "
                             f"parameters: give them defaults.") from None  # fmt: skip
    return dict(ways)
