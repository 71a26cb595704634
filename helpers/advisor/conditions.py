"""When the answer changes, and the lines of code that put it to use."""

from __future__ import annotations

import math
import sys

from ..experiment.surveys.surveyed import OWN_THREADS
from .evidence import Evidence
from .rules import CANT_TELL, Recommendation
from .words import counted, duration, size

#: A loop that is later than this is felt.
FELT_S = 0.03
#: A call should last so many times what handing it over costs.
WORTH = 10


def conditions(e: Evidence, found: Recommendation) -> list[str]:
    """Sentences: what would have to be otherwise for another answer."""
    if e.problem:
        return []
    said = {
        "sequential": _sequential, "asyncio": _asyncio, "threads": _threads,
        "processes": _processes, CANT_TELL: _cant_tell,
    }[found.model](e)  # fmt: skip
    if e.cached and e.cold:
        said.append("Its results are kept, and the sample arguments were the same each time: for "
                    "arguments that differ, ask about the function without its cache "
                    "(__wrapped__).")  # fmt: skip
    if e.steady is False:
        said.append("Its results differ from call to call, so whether calls at once give right "
                    "ones could not be checked.")  # fmt: skip
    return said


def _asyncio(e: Evidence) -> list[str]:
    said = ["Only where the calls are gathered: awaited one after another they gain nothing."]
    if e.lag_s is not None and e.lag_s > FELT_S:
        said.append(f"While {counted(e.lag_calls)} ran, the loop was up to {duration(e.lag_s)} "
                    f"late: whatever else runs on it waits as long.")  # fmt: skip
    said.append("The other side must stand as many calls at once: a semaphore sets a limit.")
    return said


def _threads(e: Evidence) -> list[str]:
    workers = e.arms["threads"].workers
    if e.waiting:
        said = [f"It was measured with {workers} threads. More overlap more, until the other "
                f"side, or the computing in between, sets the limit.",
                "For hundreds of calls at once an async library needs less memory."]  # fmt: skip
    else:
        said = ["Where no second core is free, nothing is gained."]
        if e.gil:
            said.append("With smaller pieces a larger part of a call is Python code, which takes "
                        "turns: ask again for another size.")  # fmt: skip
    return said + _loop(e)


def _processes(e: Evidence) -> list[str]:
    said, saved = [], e.arms["sequential"].middle - e.arms["processes"].middle
    start = (e.pool_start_s or 0.0) + ((e.first_s or 0.0) if e.cold else 0.0)
    if saved > 0 and start:
        fewest = math.ceil(start / saved)
        first = ", and each process pays for the first call again" if e.cold else ""
        pool_s = e.pool_start_s or 0.0
        said.append(f"With fewer than about {counted(max(2, fewest))} the start of the pool "
                    f"({duration(pool_s)}{first}) costs more than it saves: keep one "
                    f"pool for many calls.")  # fmt: skip
    if e.args_bytes is not None and e.result_bytes is not None and e.ship_s is not None:
        weight = size(e.args_bytes + e.result_bytes)
        said.append(f"{weight} travel with each call now ({duration(e.ship_s)} of pickling); "
                    f"with much larger arguments or results the gain goes.")  # fmt: skip
    said.append("Where no second core is free, nothing is gained.")
    if e.gil:
        said.append("In a free-threaded Python, threads could do the same without sending.")
    if e.local:
        said.append("From Python 3.14 on, and on macOS and Windows, a pool can't find a function "
                    "that a notebook defines: put it into a module.")  # fmt: skip
    return said + _loop(e)


def _sequential(e: Evidence) -> list[str]:
    said = []
    usable = [m for m in e.models if not e.excluded(m)]
    if e.cold:
        said.append("Call it once before it counts, or keep what it made.")
    elif usable and all(e.verdict(m).ratio < 0.8 for m in usable) and e.call_s < 1e-3:
        over = max(e.arms[m].middle for m in usable) - e.call_s
        many = math.ceil(WORTH * over / e.call_s)
        said.append(f"Put about {counted(_round_up(many))} into one task, and ask about that "
                    f"task: then handing it over no longer counts.")  # fmt: skip
    if e.locks:
        said.append("Hold the lock for a shorter time, if you can; in processes each would have a "
                    "lock of its own.")  # fmt: skip
    if e.own_cores > OWN_THREADS:
        said.append("Limit the library to one thread (threadpoolctl) and ask again.")
    if "processes" in e.out and not e.waiting and not e.locks:
        said.append(f"Processes were not tried: {e.out['processes']}.")
    return said + _loop(e)


def _cant_tell(e: Evidence) -> list[str]:
    if e.pairs and e.pairs < 6:
        return ["Give it smaller sample arguments, or more time with time_box=."]
    if e.mutated:
        return []
    if e.cores < 1.5:
        said = ["On a machine with several cores there may be an answer."]
    else:
        said = ["Ask again when other programs have ended."]
    if "processes" in e.out:
        said.append(f"Processes were not tried: {e.out['processes']}.")
    return said


def _loop(e: Evidence) -> list[str]:
    """What a program with an event loop should know; `e.lag_s` is what was seen."""
    if e.lag_s is None:
        return []
    if e.form != "blocking" and e.lag_s >= FELT_S:
        return [f"On the loop itself it stops everything else, for up to {duration(e.lag_s)} when "
                f"{counted(e.lag_calls)} ran."]  # fmt: skip
    quiet = e.foreign is None or e.foreign < 0.5
    kept = e.lag_s > 0.6 * e.call_s and e.lag_s > FELT_S / 2
    if e.form == "blocking" and e.gil and quiet and kept and not e.waiting:
        return [
            f"Beside an event loop it needs a process: even in a thread it kept the loop "
            f"waiting for {duration(e.lag_s)}, since it does not let go of the GIL."
        ]
    return []


def _round_up(count: float) -> int:
    """Rounded up to one digit: what is only an estimate."""
    digit = 10 ** (len(str(math.ceil(count))) - 1)
    return math.ceil(count / digit) * digit


# --- code -----------------------------------------------------------------------------------


def code(e: Evidence, found: Recommendation) -> str:
    """Lines to paste; "" where there is nothing to do."""
    name = e.name if e.name.isidentifier() else "my_function"
    if found.model == "asyncio":
        name = e.async_name if e.async_name.isidentifier() else name
        return f"results = await asyncio.gather(*({name}({_items(e, 'item')}) for item in items))"
    if found.model not in ("threads", "processes"):
        return ""
    kind = "ThreadPoolExecutor" if found.model == "threads" else "ProcessPoolExecutor"
    lines = [f"from concurrent.futures import {kind}", ""]
    if e.form == "async":
        lines = ["import asyncio", *lines]
        given = _items(e, "item")
        lines += [f"def {name}_blocking({given}):", f"    return asyncio.run({name}({given}))", ""]
        name += "_blocking"
    if found.model == "processes" and e.local and sys.platform != "linux":
        lines.insert(0, f"# {name} must stand in a module, not in the notebook")
    each = {0: f"pool.submit({name}) for item in items", 1: f"pool.submit({name}, item) for item "
            f"in items"}.get(e.given, f"pool.submit({name}, *item) for item in items")  # fmt: skip
    lines += [f"with {kind}(max_workers={e.arms[found.model].workers}) as pool:",
              f"    futures = [{each}]",
              "    results = [future.result() for future in futures]"]  # fmt: skip
    if found.model == "threads" and e.form != "async":
        lines += ["", "# in a program with an event loop:",
                  f"result = await asyncio.to_thread({name}{', ' if e.given else ''}"
                  f"{_items(e, 'item')})"]  # fmt: skip
    return "\n".join(lines)


def _items(e: Evidence, one: str) -> str:
    return {0: "", 1: one}.get(e.given, f"*{one}")
