"""Then, several calls at once: each model in turn, round after round, beside a control.

Runs in a process of its own, inside the worker, so that it may fork before it has threads.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from time import perf_counter_ns as now
from typing import Any

from ..measure.statistics import FEWEST_PAIRS, compare_times
from ..measure.usage import Meter
from ..models.processes import START_METHOD
from ..worker.job import quiet_gc
from ..workloads.builtin import count_steps, steps_in_a_ms
from .task import Task, digest

CONTROL_MS, CONTROL_EVERY = 20, 2
WARM_S = 0.3
#: Of the results of a run so many are compared with those of calls in a row.
COMPARED = 12

_task: Any = None  # a Task, in the processes of a race
_gate: Any = None


def race(code: bytes, plan: dict[str, Any]) -> dict[str, Any]:
    """Run the arms of `plan` in turn; what each took, and what went wrong.

    `plan` has ``arms`` (model: workers), ``calls`` (model: calls a run), ``call_s``,
    ``rounds`` (as many in any case), ``most`` (and up to so many while a verdict is
    open, for ``open_s`` seconds), ``seconds`` (but no longer) and ``gain`` (the ratio that counts).
    """
    return Race(code, plan).run()


class NoEnd(Exception):
    """Calls did not come to their end; a function's own TimeoutError is none of this."""


class Race:
    """The arms of one race, with their pools. `close()` leaves nothing that still works."""

    def __init__(self, code: bytes, plan: dict[str, Any]) -> None:
        global _task
        self.plan, self.arms = plan, plan["arms"]
        self.task = _task = Task.unpack(code)
        self.task.arguments()  # a notebook's classes get their names before the fork
        self.found: dict[str, Any] = {
            m: {"per_call": [], "cores": [], "wanted": [], "same": []} for m in self.arms
        }
        self.failures: dict[str, str] = {}
        self.stuck, self.away_s = False, 0.0
        self.control: list[float] = []
        # The pool first: forking is safe while there is one thread.
        self.processes = self.arms.get("processes", 2)
        context = multiprocessing.get_context(START_METHOD)
        gate, begin = context.Barrier(self.processes), time.perf_counter()
        self.pool = ProcessPoolExecutor(self.processes, context, _adopt, (_carried(code), gate))
        self.pool.submit(int).result()
        self.pool_start_s = time.perf_counter() - begin
        self.threads = ThreadPoolExecutor(self.arms.get("threads", 1))

    def run(self) -> dict[str, Any]:
        """All rounds."""
        with quiet_gc():
            reference = self._warm_up()
            steps = round(steps_in_a_ms("compute") * CONTROL_MS)
            begin, number, plan = time.monotonic(), 0, self.plan
            while number < plan["most"] and not self.stuck:
                if number >= plan["rounds"] and self._settled(plan["gain"]):
                    break
                late = plan["seconds"] if number < plan["rounds"] else plan["open_s"]
                if number and time.monotonic() - begin > late:
                    break
                if plan["control"] and number % CONTROL_EVERY == 0:
                    self.control.append(self._control(steps))
                models = [m for m in self.arms if m not in self.failures]
                for model in models if number % 2 == 0 else models[::-1]:
                    self._one(model, reference)
                number += 1
                if "sequential" in self.failures:
                    break
        self._close()
        return {"arms": self.found, "failures": self.failures, "control": self.control,
                "pool_start_s": self.pool_start_s}  # fmt: skip

    # --- one run -------------------------------------------------------------------------

    def _one(self, model: str, reference: set) -> None:
        calls, meter = self.plan["calls"][model], Meter()
        most = max(2.0, 20 * calls * self.plan["call_s"])
        meter.start()
        try:
            ns, results = getattr(self, f"_{model}")(calls, most)
        except NoEnd:
            self.stuck = True
            self.failures[model] = f"it did not come to its end within {most:.0f} s"
            return
        except Exception as error:
            self.failures[model] = f"{type(error).__name__}: {error}".strip(": ")[:200]
            return
        usage = meter.stop()
        found = self.found[model]
        found["per_call"].append(ns / 1e9 / calls)
        away = self.away_s / usage.wall_s if model == "processes" else 0.0
        found["cores"].append(usage.cores + away)
        found["wanted"].append(None if away else usage.wanted)
        if reference:
            step = max(1, len(results) // COMPARED)
            found["same"].append(all(digest(one) in reference for one in results[::step]))

    def _sequential(self, calls: int, most: float) -> tuple[int, list]:
        ns, result = self.task.in_a_row(calls)
        return ns, [result]

    def _threads(self, calls: int, most: float) -> tuple[int, list]:
        begin, call = now(), self.task.call
        return _all([self.threads.submit(call) for _ in range(calls)], begin, most)

    def _processes(self, calls: int, most: float) -> tuple[int, list]:
        # The arguments travel with each call, as they would in a program of one's own.
        begin, args = now(), self.task.args
        ns, both = _all([self.pool.submit(_call, args) for _ in range(calls)], begin, most)
        self.away_s = sum(cpu for cpu, _ in both)
        return ns, [result for _, result in both]

    def _asyncio(self, calls: int, most: float) -> tuple[int, list]:
        async def main() -> tuple[int, list]:
            begin = now()
            make, args, results = self.task.coroutine, self.task.args, []
            at_once = self.arms["asyncio"]
            try:
                async with asyncio.timeout(most) as limit:
                    for _ in range(calls // at_once):  # as many in flight as threads have
                        results += await asyncio.gather(*(make(*args) for _ in range(at_once)))
            except TimeoutError:
                if limit.expired():
                    raise NoEnd from None
                raise
            return now() - begin, results

        return asyncio.run(main())

    def _control(self, steps: int) -> float:
        """How much more two processes compute than one, now."""
        begin = now()
        self.pool.submit(count_steps, steps).result(10)
        alone, begin = now() - begin, now()
        both = [self.pool.submit(count_steps, steps) for _ in range(2)]
        for future in both:
            future.result(10)
        return 2 * alone / (now() - begin)

    # --- before and after ----------------------------------------------------------------

    def _warm_up(self) -> set:
        """First calls, uncounted, everywhere; the digests that results may have."""
        result = self.task.call()
        reference = {digest(result)} if self.plan["steady"] else set()
        if "processes" in self.arms:
            try:
                for future in [self.pool.submit(_warm, 60.0) for _ in range(self.processes)]:
                    future.result(60)
            except Exception as error:
                self.failures["processes"] = f"{type(error).__name__}: {error}"[:200]
        for model in ("threads", "asyncio"):
            if model in self.arms and self.plan["call_s"] < WARM_S and not self.stuck:
                try:
                    getattr(self, f"_{model}")(self.arms[model], 2.0 + 20 * self.plan["call_s"])
                except NoEnd:
                    self.stuck = True
                    self.failures[model] = "several calls at once did not come to their end"
                except Exception:
                    continue  # it will fail again, where that is noted
        return reference - {None}

    def _settled(self, gain: float) -> bool:
        """Whether each arm clearly gains or clearly does not."""
        first = self.found["sequential"]["per_call"]
        for model in self.arms:
            mine = self.found[model]["per_call"]
            if model == "sequential" or model in self.failures or len(mine) < FEWEST_PAIRS:
                continue
            found = compare_times(model, "sequential", list(zip(mine, first, strict=False)))
            gains = found.claim == "faster" and found.ratio >= gain
            if found.high is None or not (found.high < gain or gains):
                return False
        return True

    def _close(self) -> None:
        # What is stuck can't be waited for: the process ends, and its whole group with it.
        for pool in (self.threads, self.pool):
            pool.shutdown(wait=not self.stuck, cancel_futures=True)


def _all(futures: list[Future], begin: int, most: float) -> tuple[int, list]:
    if wait(futures, most).not_done:
        raise NoEnd
    results = [future.result() for future in futures]
    return now() - begin, results


# --- in a process of the pool ------------------------------------------------------------


def _carried(code: bytes) -> bytes | None:
    """What a pool's process needs to make the task; nothing where it is forked with it."""
    return None if sys.platform == "linux" else code


def _adopt(code: bytes | None, gate: Any) -> None:
    global _task, _gate
    _gate = gate
    if code is not None:
        _task = Task.unpack(code)


def _warm(seconds: float) -> None:
    """One call in each process: the gate lets nobody take another's."""
    from .task import digest

    digest(_task.call())
    _gate.wait(seconds)


def _call(args: tuple) -> tuple[float, Any]:
    begin, _task.args = time.process_time(), args
    result = _task.call()
    return time.process_time() - begin, result
