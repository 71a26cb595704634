"""Runs whose traces are written by hand: for pictures and files that need one, and no clock."""

from __future__ import annotations

from dataclasses import replace

from helpers.experiment.comparison import Comparison
from helpers.experiment.request import make_request
from helpers.measure.machine import Machine
from helpers.measure.run import Run
from helpers.measure.trace import HELD, READY, RUNNING, WAITING, Trace
from helpers.measure.usage import Usage
from helpers.models import MODELS
from helpers.workloads import work

MS = 1_000_000
MACHINE = Machine("3.12.1", "CPython", "Linux x86_64", 2, 2, None, 4096.0, True, False, 0.005,
                  8e-5, 1e-5, 3.6e-6, 7e-5, "2026-01-02")  # fmt: skip


def run(model, tasks, wall_ms, rows, *, cap=None, printed=""):
    """A recorded run; `rows` are (task, state, begin, end) in ms."""
    trace = Trace(tasks, round(wall_ms * MS))
    for task, state, begin, end in rows:
        trace.add(task, state, round(begin * MS), round(end * MS))
    own: list[list] = [[] for _ in range(tasks)]
    for row in trace.rows():
        own[row[0]].append(row)
    for task in range(tasks):
        trace.submitted.append(0)
        trace.started.append(min((row[2] for row in own[task]), default=-1))
        trace.ended.append(max((row[3] for row in own[task]), default=-1))
        trace.lanes.append(task)
    usage = Usage(wall_ms / 1e3, wall_ms / 2e3, 0.0, 12, 3, 30.0, 1.5, tasks)
    return Run(model, tasks, cap or tasks, wall_ms / 1e3, usage, trace=trace, printed=printed)


def waits(model, tasks=4, each=10.0, apart=0.0, **options):
    """Tasks that only wait, each begun `apart` ms after the one before."""
    rows = [(k, WAITING, k * apart, k * apart + each) for k in range(tasks)]
    return run(model, tasks, (tasks - 1) * apart + each + 0.5, rows, **options)


def turns(model="threads", tasks=3, slices=40, each=5.0):
    """Tasks that take turns; slices of slightly different lengths."""
    rows, clock, since = [], 0.0, [0.0] * tasks
    for k in range(slices):
        task, length = k % tasks, each + k % 3 * 0.1
        rows += [(task, READY, since[task], clock), (task, RUNNING, clock, clock + length)]
        if model == "asyncio":
            rows.append((task, HELD, clock, clock + length))
        clock += length
        since[task] = clock
    return run(model, tasks, clock, rows)


def comparison(*runs, said=None, repeats=3, names=None):
    """A comparison with these runs recorded, each repeated a little slower and faster."""
    request = make_request(work.sleep(10), runs[0].tasks, models=("sequential",))
    own = {r.model: print for r in runs if r.model not in MODELS}
    request = replace(request, models=tuple(r.model for r in runs), own_models=own)
    found = Comparison(request, MACHINE, {r.model: r for r in runs}, said=said or {})
    for r in runs:
        found.repeats[r.model] = {
            k: Run(r.model, r.tasks, r.cap, r.wall_s * (1 + 0.01 * k), r.usage)
            for k in range(repeats)
        }
    found.single = [(0.0101, 0.0)]
    return found


def three(**options):
    return comparison(waits("sequential", apart=10), waits("asyncio"), waits("threads"), **options)


#: How many tasks `many` has.
MANY = 5_000


def many() -> Run:
    """A made-up run of thousands of tasks, each a short step, a wait and a short step."""
    trace = Trace(MANY, 400 * MS)
    step = 20_000
    for task in range(MANY):
        begin, back = task * step, 200 * MS + task * step
        for state, a, b in ((HELD, begin, begin + step), (RUNNING, begin, begin + step),
                            (WAITING, begin + step, begin + 100 * MS),
                            (READY, begin + 100 * MS, back), (RUNNING, back, back + step),
                            (HELD, back, back + step)):  # fmt: skip
            trace.add(task, state, a, b)
        trace.submitted.append(0)
        trace.started.append(begin)
        trace.ended.append(back + step)
        trace.lanes.append(0)
    usage = turns("asyncio").usage
    return Run("asyncio", MANY, MANY, 0.4, usage, trace=trace)
