"""First, one call after the other: what does a call cost, and what is it made of?

Runs in a process of its own, inside the worker.
"""

from __future__ import annotations

import asyncio
import time
from time import perf_counter_ns as now
from typing import Any

from ..measure.heartbeat import beat, lag
from ..measure.usage import Meter
from ..worker.job import quiet_gc
from .shipping import shipped
from .task import Task, digest, wait_share

#: A batch of calls lasts about so long, in seconds, and holds no more calls.
BATCH_S, MOST_CALLS = 0.03, 100_000
BATCHES = 3
#: While the heartbeat ticks: so many seconds of calls, or one call.
BEAT_S = 0.05
GATHERED = 8
#: Calls longer than this are not repeated more than they must be.
SLOW_S = 0.25


def look(code: bytes, ship: bool) -> dict[str, Any]:
    """Call the function alone, first once, then in batches; see `Evidence` for the keys.

    Also how late an event loop is beside it, what its arguments and its result weigh, and
    whether it changes its arguments. Raises what the function raises.
    """
    task = Task.unpack(code)
    found: dict[str, Any] = {}
    with quiet_gc():
        before = task.arguments()
        begin = now()
        result = task.call()
        found["first_s"] = (now() - begin) / 1e9
        after, first = task.arguments(), digest(result)
        _later(task, found, first)
        call_s = min(found["later_s"])
        _beside_a_heartbeat(task, found, call_s)
        found["mutated"] = None not in (before, after) and (
            before != after or after != task.arguments()
        )
        if ship:
            _ship(task, result, found)
    return found


def _later(task: Task, found: dict, first: str | None) -> None:
    """Batches of later calls: seconds a call, cores used, share of waiting."""
    count, walls, shares, cores, digests = 1, [], [], [], [first]
    meter = Meter()
    while True:
        meter.start()
        ns, result = task.in_a_row(count)
        usage = meter.stop()
        digests.append(digest(result))
        if ns < BATCH_S * 0.5e9 and count < MOST_CALLS:  # too short to tell: a larger batch
            count = min(MOST_CALLS, max(2 * count, int(count * BATCH_S * 1e9 / max(ns, 1))))
            continue
        walls.append(ns / 1e9 / count)
        shares.append(wait_share(usage.wall_s, usage.cores, usage.wanted))
        cores.append(usage.cores)
        if len(walls) >= (1 if walls[0] > SLOW_S else BATCHES):
            break
    found["later_s"] = walls
    found["waits"] = sorted(shares)[len(shares) // 2]
    found["cores_alone"] = sorted(cores)[len(cores) // 2]
    found["steady"] = None if None in digests else len(set(digests)) == 1


def _beside_a_heartbeat(task: Task, found: dict, call_s: float) -> None:
    """How late a loop is while calls run: blocking ones in a thread, coroutines on it."""
    calls = max(1, min(MOST_CALLS, round(BEAT_S / call_s)))

    async def in_a_thread() -> tuple:
        beats: list[int] = []
        ticker = asyncio.create_task(beat(beats))
        await asyncio.sleep(0.02)
        del beats[:-1]  # the thread's start counts, what was before does not
        begin = now()
        await asyncio.to_thread(task.in_a_row, calls)
        end = now()
        ticker.cancel()
        return lag(beats, end), (end - begin) / 1e9, calls

    async def gathered() -> tuple:
        beats: list[int] = []
        ticker = asyncio.create_task(beat(beats))
        await asyncio.sleep(0.02)
        del beats[:-1]
        count = 2 if call_s > SLOW_S else GATHERED
        begin = now()
        await asyncio.gather(*(task.coroutine(*task.args) for _ in range(count)))
        end = now()
        ticker.cancel()
        return lag(beats, end), (end - begin) / 1e9, count

    # The median of three: another program's turn on the core is no lag of the function.
    tries = []
    for _ in range(1 if call_s > SLOW_S else 3):
        late, span, count = asyncio.run(gathered() if task.coroutine else in_a_thread())
        tries.append((late.max_ms / 1e3 if late else 0.0, span))
    late, span = sorted(tries)[len(tries) // 2]
    found.update(lag_s=late, lag_span_s=span, lag_calls=count)
    if task.coroutine:
        found["overlap"] = count * call_s / min(span for _, span in tries)


def _ship(task: Task, result: Any, found: dict) -> None:
    """What the arguments and the result weigh, and what pickling both ways costs."""
    import pickle

    try:
        parts = [shipped(task.args), shipped(result)]
    except Exception as error:
        text = str(error) or type(error).__name__
        found["unshippable"] = f"its result can't be pickled ({text[:90]})"
        return
    begin = time.perf_counter()
    for part in (task.args, result):
        pickle.loads(pickle.dumps(part, 5))
    found["ship_s"] = time.perf_counter() - begin
    found["args_bytes"], found["result_bytes"] = map(len, parts)
