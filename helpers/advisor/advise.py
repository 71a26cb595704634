"""`advise`: look at one call, race the models, and say which one the evidence supports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..experiment.compare import own_processes, read_machine_card
from ..experiment.pace import in_haste
from ..experiment.request import BadRequest, seconds
from ..experiment.rounds import Rounds
from ..experiment.surveys.surveyed import GAIN
from ..measure.load import ForeignLoad
from ..measure.machine import Machine
from ..worker.client import Worker
from ..worker.errors import MemoryCapReached, RunError, Stopped, TimeBoxEnded
from ..worker.sources import sources_of
from ..worker.travel import as_code
from ..workloads import Workload, as_workload
from ..workloads.own import BadWorkload
from .conditions import code, conditions
from .evidence import Arm, Evidence
from .look import look
from .race import race
from .rules import CANT_TELL, FOREIGN, recommend
from .shipping import name_of, uses_lock, why_not
from .words import duration

TIME_BOX_S = 10.0
#: Rounds in any case, and at most while a verdict is open; seconds for them if calls are short.
ROUNDS, MOST_ROUNDS, RACE_S = 9, 17, 3.0
#: A run lasts about so many seconds, and has no more calls than this.
RUN_S = 0.04
MOST = {"sequential": 50_000, "threads": 4_000, "processes": 800, "asyncio": 4_000}
MOST_THREADS, MOST_PROCESSES = 8, 4
#: An async function whose gathered calls are not this many times as fast as calls in a row
#: keeps the loop, and so does one that computes most of the time: then there is more to try
#: than the loop.
OVERLAPS = 1.5


@dataclass
class Advice:
    """What to do with a function: `model`, `gain` with its spread, why, when not, and how.

    `gain` is how many times as fast as one call after the other (None where nothing is
    gained), `low` and `high` its interval. `code` is ready to paste.
    """

    machine: Machine
    evidence: Evidence
    model: str
    because: str
    gain: float | None
    low: float | None
    high: float | None
    conditions: list[str]
    code: str

    @property
    def name(self) -> str:
        """The function's name."""
        return self.evidence.name

    def headline(self) -> str:
        """The answer in one sentence."""
        if self.model == CANT_TELL:
            return f"{self.name}: can't tell."
        if self.model == "sequential":
            return f"{self.name}: leave it as it is, one call after the other."
        workers = self.evidence.arms[self.model].workers
        how = {"threads": f"with {workers} threads", "processes": f"with {workers} processes",
               "asyncio": f"with {workers} calls gathered"}[self.model]  # fmt: skip
        digits = 0 if (self.gain or 0.0) >= 9.95 else 1
        return (f"{self.name}: use {self.model}. {self.gain:.{digits}f}× as fast as one call after "
                f"the other (95 % interval {self.low:.{digits}f} to {self.high:.{digits}f}), {how} "
                f"on this machine.")  # fmt: skip

    def limits(self) -> list[str]:
        """What kept the measurement from saying more."""
        e, said = self.evidence, []
        if e.foreign is not None and e.foreign > FOREIGN:
            said.append(f"Other programs used {e.foreign:.1f} cores meanwhile.")
        if in_haste() and e.pairs:
            said.append("A rehearsal (COURSE_ROUNDS=few): one round, too few for a verdict.")
        return said

    def summary(self) -> list[str]:
        """The answer, why, when it changes, and what limits it."""
        return [self.headline(), self.because, *self.conditions, *self.limits()]


def run_advise(rounds: Rounds, function: Any, args: Any = (),
               time_box: Any = TIME_BOX_S) -> Advice:  # fmt: skip
    """Measure `function` with the sample `args`, and say which model the evidence supports.

    `time_box` is about how many seconds the measurement may take in all. Raises BadRequest
    for what can't be called, RunError for a function that fails.
    """
    workload = _checked(function, args)
    box = seconds(time_box, "time_box")
    with rounds.held():
        machine = read_machine_card(rounds.workers[0])
        evidence = measure(rounds, machine, workload, box)
        found = recommend(evidence)
        gain = found.gain
        spread: tuple[float | None, float | None, float | None] = (None, None, None)
        if gain:
            spread = gain.ratio, gain.low, gain.high
        return Advice(machine, evidence, found.model, found.because, *spread,
                      conditions(evidence, found), code(evidence, found))  # fmt: skip


def _checked(function: Any, args: Any) -> Workload:
    if not isinstance(args, (tuple, list)):
        raise BadRequest(f"args is a tuple of sample arguments: write args=({args!r},).")
    try:
        workload = as_workload(function, tuple(args))
    except BadWorkload as error:
        raise BadRequest(str(error)) from None
    if workload.takes_number and workload.spec is None:
        raise BadRequest(
            f"{workload.title} needs {'one more argument' if args else 'an argument'}:"
            f" give it sample arguments, advise({workload.name}, args=(...,))."
        )
    return workload


# --- measuring ------------------------------------------------------------------------------


def measure(rounds: Rounds, machine: Machine, workload: Workload, box: float) -> Evidence:
    """The evidence on one function. Raises RunError where it fails."""
    worker, forms = rounds.workers[0], [workload.blocking, workload.coroutine]
    functions = [f for f in forms if f is not None]
    e = Evidence(workload.name if workload.spec else name_of(functions[0]), _form(workload),
                 machine.cores, machine.gil is not False)  # fmt: skip
    e.given = len(workload.args)
    e.async_name = name_of(workload.coroutine) if workload.coroutine else ""
    e.local = any(getattr(f, "__module__", "") == "__main__" for f in functions)
    e.cached = any(hasattr(f, "cache_info") for f in functions)
    e.locks = uses_lock(functions, workload.args)
    why = "" if workload.spec else why_not(functions[:1], workload.args)
    if e.locks:
        why = "it holds a lock, and in processes each would have one of its own"
    if why:
        e.out["processes"] = why
    args = workload.args if not workload.takes_number else (0, *workload.args)
    blob = as_code((*forms, args, sources_of(functions)))
    load = ForeignLoad(lambda: own_processes([worker]))
    rounds.tell(0.02, f"{e.name}: one call after the other")
    try:
        found = worker.call(look, blob, "processes" not in e.out, time_box=box)["value"]
    except TimeBoxEnded:
        e.problem = (f"The first calls did not end within {duration(box)}: give it smaller sample "
                     f"arguments, or more time with time_box=.")  # fmt: skip
        return e
    except MemoryCapReached as error:
        e.problem = f"One call alone needs too much memory. {error} Give it smaller arguments."
        return e
    except Stopped:
        raise
    except RunError as error:
        raise RunError(f"{e.name} fails when it is called alone: {error}", error.details) from None
    overlap = found.pop("overlap", None)
    if unshippable := found.pop("unshippable", ""):
        e.out.setdefault("processes", unshippable)
    for key, value in found.items():
        setattr(e, key, value)
    if e.mutated:
        return e
    _race(rounds, worker, blob, e, plan(e, overlap, box))
    e.foreign = load.read()
    return e


def _form(workload: Workload) -> str:
    if workload.coroutine is None:
        return "blocking"
    return "async" if workload.blocking is None else "pair"


def plan(e: Evidence, overlap: float | None, box: float) -> dict[str, Any]:
    """What the race runs: the arms with their workers, calls a run, rounds, seconds."""
    several = max(2, min(MOST_PROCESSES, round(e.cores)))
    # The pool that keeps the cores busy: calls that wait half of the time need twice as many.
    threads = round(several / max(1 - e.waits, 0.1)) if e.waits < 0.75 else MOST_THREADS
    threads = min(MOST_THREADS, max(several, threads))
    arms = {"sequential": 1}
    overlaps = overlap is None or (e.waiting and overlap >= OVERLAPS)
    if e.form != "blocking":
        arms["asyncio"] = MOST_THREADS if overlaps else threads
    if e.form != "async" or not overlaps:
        arms |= {"threads": threads, "processes": several}
    elif "processes" in e.out:
        del e.out["processes"]  # an async function that waits: they were never the question
    arms = {m: workers for m, workers in arms.items() if m not in e.out}
    calls = {m: _calls(e.call_s, m, workers) for m, workers in arms.items()}
    at_once = {m: 1 if e.waiting or m == "processes" else workers for m, workers in arms.items()}
    one = sum(calls[m] * e.call_s / (arms[m] / at_once[m]) for m in arms) + 0.05
    rounds = 1 if in_haste() else ROUNDS
    left = box - (e.first_s or 0.0) - 4 * e.call_s
    if not in_haste() and one * ROUNDS > RACE_S:  # rather long than without a verdict
        rounds = max(6 if 6 * one <= left else 1, min(ROUNDS, int(RACE_S / one)))
    most = 1 if in_haste() else max(rounds, min(MOST_ROUNDS, int(min(left, 2 * RACE_S) / one)))
    return {"arms": arms, "calls": calls, "call_s": e.call_s, "rounds": rounds, "most": most,
            "seconds": max(left, 0.1), "open_s": 1.5 * RACE_S, "gain": GAIN,
            "steady": e.steady is True,
            "control": e.cores >= 1.5 and not in_haste()}  # fmt: skip


def _calls(call_s: float, model: str, workers: int) -> int:
    many = min(MOST[model], max(1, round(RUN_S / call_s)))
    if workers == 1:
        return many
    if workers <= MOST_PROCESSES and 0.1 >= call_s > RUN_S / 2:
        many = 2  # two for each worker: one that is held up must not decide the run
    if workers > MOST_PROCESSES:  # calls that wait: should a lock let in one at a time, it is long
        many = max(1, many // 2)
    return workers * max(1, min(many, MOST[model] // workers))


def _race(rounds: Rounds, worker: Worker, blob: bytes, e: Evidence, plan: dict) -> None:
    models = [m for m in plan["arms"] if m != "sequential"]
    if not models:
        return
    rounds.tell(0.2, f"{e.name}: {', '.join(models)}, {plan['rounds']} rounds or more")
    # The deadlines inside are stricter: this one is for what they can't reach.
    box = 3 * plan["seconds"] + 100 * e.call_s + 10 * (e.first_s or 0) + 20
    try:
        found = worker.call(race, blob, plan, time_box=box)["value"]
    except Stopped:
        raise
    except RunError as error:
        e.problem = f"Several calls at once could not be measured. {error}"
        return
    e.control, e.pool_start_s = found["control"], found["pool_start_s"]
    for model, seen in found["arms"].items():
        e.arms[model] = _arm(plan, model, seen, found["failures"].get(model, ""))


def _arm(plan: dict, model: str, seen: dict, failure: str) -> Arm:
    def middle(key: str) -> float | None:
        known = sorted(value for value in seen[key] if value is not None)
        return known[len(known) // 2] if known else None

    same = all(seen["same"]) if seen["same"] else None
    return Arm(plan["arms"][model], plan["calls"][model], seen["per_call"], middle("cores"),
               middle("wanted"), same, failure)  # fmt: skip


def advice_on(worker: Worker, function: Callable, args: tuple = (), **options: Any) -> Advice:
    """`run_advise` on one worker, without a notebook."""
    return run_advise(Rounds([worker]), function, args, **options)


__all__ = ["Advice", "advice_on", "run_advise"]
