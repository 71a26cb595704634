"""Experiments about the GIL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..charts.gil.shown import ShownAmdahl, ShownSideBySide, ShownTrips, ShownXRay
from ..experiment import BadRequest
from ..experiment.gil.amdahl import run_amdahl
from ..experiment.gil.elsewhere import find_free_threaded
from ..experiment.gil.side_by_side import compare_interpreters
from ..experiment.gil.xray import run_xray
from ..worker.registry import shared_worker
from .running import in_thread, repeated


async def xray(models: Any, *, tasks: Any = 2, ms: Any = 200, repeats: Any = 2) -> ShownXRay:
    """Record how long each of `tasks` computing threads keeps the GIL, and show every slice.

    `models` maps a switch interval in milliseconds to a function ``how(one, numbers)`` of yours
    that sets it and starts the threads; each computes for `ms` ms. Every run is a process of its
    own, `repeats` of them for each interval. Raises BadRequest for what can't be run.
    """
    return ShownXRay.of(await repeated(lambda r: run_xray(r, models, tasks, ms, repeats)))


def round_trips(times: dict[str, Sequence[float]]) -> ShownTrips:
    """Show measured round trips; `times` maps a setting to seconds, the first is the one to beat.

    That a thread which waits for I/O loses most beside threads that compute is the convoy effect,
    which David Beazley showed in 2010 ("Understanding the Python GIL"). Raises BadRequest where a
    setting has no round trip.
    """
    if not times or not all(len(values) for values in times.values()):
        raise BadRequest("round_trips shows {setting: [seconds, ...]}, one time or more each.")
    return ShownTrips({str(label): list(values) for label, values in times.items()})


async def free_threaded(workloads: Any, threads: Any = (1, 2, 4)) -> ShownSideBySide:
    """Run built-in workloads with threads in this Python and in a free-threaded one.

    `workloads` are those of ``work.``, and `threads` the numbers of threads. The other Python is
    the one named by COURSE_FREE_THREADED, this one, that of another kernel, or one on the PATH;
    where none is found, its column is this repository's recorded run, and says so. Raises
    BadRequest for what can't be run.
    """
    found = await in_thread(find_free_threaded, lambda: None)
    workers = [shared_worker()]
    if found.python and found.python != workers[0].python:
        workers.append(shared_worker(found.python))
    return ShownSideBySide.of(
        await repeated(lambda r: compare_interpreters(r, workloads, threads, found), workers)
    )


async def amdahl(job: Callable, shares: Any = (0, 0.25, 0.5), threads: Any = None, *,
                 kind: str = "threads") -> ShownAmdahl:  # fmt: skip
    """Run ``job(share, threads)`` for each share and number of threads, beside Amdahl's law.

    `shares` are parts of the work, from 0 to below 1; `threads` are the numbers of threads, by
    default up to the usable cores. `job` does the same work each time, `share` of it alone and
    the rest in `threads` threads (or processes: then say ``kind="processes"``), and gives back
    two times: seconds of the first part, seconds in all. Raises BadRequest for what can't be run.
    """
    return ShownAmdahl.of(await repeated(lambda r: run_amdahl(r, job, shares, threads, kind=kind)))
