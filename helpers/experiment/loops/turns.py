"""Tasks with known steps on one event loop: who runs next, in virtual time and for real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...measure.machine import Machine
from ...measure.run import Run
from ...workloads.stepped import stepped
from ..compare import Experiment, read_machine_card
from ..request import BadRequest

#: Tasks by name: milliseconds of computing and waiting in turn. First come, first served is a
#: bad order for them: the longest wait begins last.
TASKS = {"bread": (40,), "cake": (30, 20, 10), "rolls": (10, 40, 20), "pie": (10, 80, 10)}
MOST_TASKS, MOST_STEPS, LONGEST_MS, LONGEST_IN_ALL_MS = 6, 5, 500, 3000
#: Runs; the quickest is kept, since another program can only slow one down.
TRIES = 3
_WRITE = 'write be_the_loop({"bread": [40], "pie": [10, 80, 10]}).'


@dataclass
class Turns:
    """Named tasks, a recorded run of them in asyncio, and the least time they can take.

    `best_ms` is that of a loop that never rests while a task is ready. `order_ms` is what the
    order of the run takes where a step takes its planned time and nothing else takes any; None
    where something disturbed the run so much that its order is not one of the plans'.
    """

    names: list[str]
    plans: list[tuple[int, ...]]
    run: Run
    best_ms: int
    order_ms: int | None
    machine: Machine


def checked(tasks: Any = None) -> dict[str, tuple[int, ...]]:
    """Names and steps in whole ms: compute, wait, compute. Raises BadRequest."""
    if tasks is None:
        return dict(TASKS)
    if not isinstance(tasks, Mapping) or not 2 <= len(tasks) <= MOST_TASKS:
        raise BadRequest(f"be_the_loop takes 2 to {MOST_TASKS} tasks by name: {_WRITE}")
    found = {_name(name): _steps(name, steps) for name, steps in tasks.items()}
    total = sum(map(sum, found.values()))
    if total > LONGEST_IN_ALL_MS:
        raise BadRequest(f"All steps together take at most {LONGEST_IN_ALL_MS:,} ms; these take "
                         f"{total:,} ms: make them shorter.")  # fmt: skip
    return found


def _name(name: Any) -> str:
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 20:
        raise BadRequest(f"A task's name is a text of 1 to 20 letters: {_WRITE}")
    return name.strip()


def _steps(name: str, steps: Any) -> tuple[int, ...]:
    listed = list(steps) if isinstance(steps, Sequence) and not isinstance(steps, str) else []
    if len(listed) % 2 == 0 or len(listed) > MOST_STEPS:
        raise BadRequest(f"The steps of {name!r} are 1, 3 or {MOST_STEPS} numbers, compute and "
                         f"wait in turn, the last one to compute: {_WRITE}")  # fmt: skip
    for ms in listed:
        if isinstance(ms, bool) or not isinstance(ms, int) or not 1 <= ms <= LONGEST_MS:
            raise BadRequest(f"A step of {name!r} takes 1 to {LONGEST_MS} whole milliseconds; "
                             f"{ms!r} is not that: {_WRITE}")  # fmt: skip
    return tuple(listed)


def best_ms(plans: Sequence[Sequence[int]]) -> int:
    """The least time in which one loop can do all of `plans`, never resting while one is ready."""

    @cache
    def left(at: tuple[int, ...], away: tuple[int, ...]) -> int:
        """ms from now on: `at` is each task's next step, `away` how long until it is ready."""
        open_ = [k for k, step in enumerate(at) if step < len(plans[k])]
        if not open_:
            return 0
        rest = min(away[k] for k in open_)
        if rest:
            return rest + left(at, _passed(away, rest))
        return min(ran(at, away, k) for k in open_ if not away[k])

    def ran(at: tuple[int, ...], away: tuple[int, ...], task: int) -> int:
        steps, step = plans[task], at[task]
        later = list(_passed(away, steps[step]))
        later[task] = steps[step + 1] if step + 1 < len(steps) else 0
        moved = (*at[:task], step + 2, *at[task + 1 :])
        return steps[step] + left(moved, tuple(later))

    return left((0,) * len(plans), (0,) * len(plans))


def virtual_ms(plans: Sequence[Sequence[int]], order: Sequence[int]) -> int | None:
    """What `order`, the numbers of the tasks turn by turn, takes; None where it is not possible."""
    at, ready, now = [0] * len(plans), [0] * len(plans), 0
    for task in order:
        if at[task] >= len(plans[task]):
            return None
        open_ = [k for k, step in enumerate(at) if step < len(plans[k])]
        now = max(now, min(ready[k] for k in open_))  # the loop rests until one is ready
        if ready[task] > now:
            return None
        now += plans[task][at[task]]
        waits = plans[task][at[task] + 1 : at[task] + 2]
        ready[task] = now + sum(waits)
        at[task] += 2
    return now if all(step >= len(plan) for step, plan in zip(at, plans, strict=True)) else None


def _passed(away: Sequence[int], ms: int) -> tuple[int, ...]:
    return tuple(max(0, one - ms) for one in away)


def run_turns(experiment: Experiment, tasks: dict[str, tuple[int, ...]]) -> Turns:
    """Run the tasks in asyncio, recorded, and keep the quickest run.

    Raises a RunError as `Experiment.run` does.
    """
    names, plans = list(tasks), list(tasks.values())
    with experiment.held():
        machine = read_machine_card(experiment.worker)
        experiment.check()
        experiment.worker.load(stepped(plans))
        runs = []
        for number in range(TRIES):
            experiment.tell(number / TRIES, f"asyncio, run {number + 1} of {TRIES}")
            runs.append(experiment.worker.run("asyncio", len(plans), len(plans), detail=True))
    run = min(runs, key=lambda one: one.wall_s)
    order_ms = virtual_ms(plans, [task for task, _, _ in run.detailed().holders()])
    return Turns(names, plans, run, best_ms(plans), order_ms, machine)
