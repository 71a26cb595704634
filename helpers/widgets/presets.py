"""Experiments by name, for the panel: each makes one point at the first click."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..experiment import BadRequest, make_request
from ..experiment.request import whole
from ..workloads import Workload, work

TIME_BOX_S = 8.0
LONGEST_MS = 60_000
MOST_PRESETS = 100


@dataclass(frozen=True)
class Preset:
    """The values of the panel's controls. `size` in ms; `cap` 0 means all at once.

    `seed` decides what is left to chance, the lengths of uneven waits. `time_box` is in
    seconds, for one run of one model. `recorded` is the path of a saved run of the same
    experiment, to be shown where it can't be run.
    """

    title: str
    work: str
    size: float
    tasks: int
    cap: int = 0
    models: tuple[str, ...] = ("sequential", "asyncio", "threads")
    seed: int = 0
    time_box: float = TIME_BOX_S
    recorded: str = ""


PRESETS = {
    preset.title: preset
    for preset in (
        Preset("20 waits", "sleep", 50, 20),
        Preset("20 waits, 4 at once", "sleep", 50, 20, 4),
        Preset("20 uneven waits, 4 at once", "uneven", 50, 20, 4, seed=7),
        Preset("1,000 waits", "sleep", 100, 1000, 0, ("asyncio", "threads")),
        Preset("Python code that computes", "compute", 40, 5),
        Preset("The same, with processes", "compute", 100, 4, 0,
               ("sequential", "threads", "processes")),
        Preset("C code that releases the GIL", "hashing", 60, 4),
        Preset("time.sleep in a coroutine", "blocking_sleep", 20, 10),
        Preset("Blocking calls, in threads", "blocking_sleep", 30, 12, 4,
               ("asyncio", "threads", "asyncio+threads")),
        Preset("Wait, then compute", "mixed", 40, 10, 0, ("asyncio", "threads")),
    )
}  # fmt: skip

#: What the workload's menu shows, and what its size means.
WORKS = {
    "wait": "sleep",
    "wait, some longer": "uneven",
    "compute in Python": "compute",
    "compute in C (SHA-256)": "hashing",
    "compute in C (zlib)": "compression",
    "call time.sleep": "blocking_sleep",
    "wait, and compute a tenth": "mixed",
}


def make(name: str, ms: float, seed: int = 0) -> Workload:
    """The workload `name` of the menu at `ms` milliseconds a task."""
    if name == "mixed":
        return work.mixed(wait_ms=ms, compute_ms=ms / 10)
    if name == "uneven":
        return work.uneven(ms, seed=seed)
    return getattr(work, name)(ms)


def preset(title: str, work: str = "wait", ms: float = 50, tasks: int = 20, *, at_once: int = 0,
           models: Iterable[str] | None = None, seed: int = 0, time_box: float = TIME_BOX_S,
           recorded: str = "") -> Preset:  # fmt: skip
    """A preset of your own, by name, in the menu of every panel made afterwards.

    The same line in two notebooks is the same experiment on both machines. `title` is the
    preset's name, of at most 60 letters, and `models` as for `compare`. `work` is an entry of
    the panel's menu *Each task will*, `ms` the size of a task, `at_once` the most tasks at
    once (0: all). `seed` decides the lengths of uneven waits. `time_box` is in seconds, for
    one run of one model. `recorded` is the path of a run that was saved of it. The name of a
    preset that is there already gets the new values. Raises BadRequest.
    """
    if not isinstance(title, str) or not 0 < len(title.strip()) <= 60:
        raise BadRequest('A preset has a name of at most 60 letters: write preset("Noon", ...).')
    chosen = WORKS.get(work, work) if isinstance(work, str) else None
    if chosen not in WORKS.values():
        raise BadRequest(f"There is no work {work!r}: choose among {', '.join(map(repr, WORKS))}.")
    size = checked_size(ms, "ms=")
    seed, cap = whole(seed, "seed", 0, 2**31), whole(at_once, "at_once", 0, 100_000)
    known: dict[str, Any] = {} if models is None else {"models": models}
    asked = make_request(make(chosen, size, seed), tasks, workers=cap or None, time_box=time_box,
                         **known)  # fmt: skip
    if asked.own_models:
        raise BadRequest("A preset names models of the panel: a function of yours needs compare.")
    if title not in PRESETS and len(PRESETS) >= MOST_PRESETS:
        raise BadRequest(f"There are {MOST_PRESETS} presets: use a name that is there already.")
    made = Preset(title.strip(), chosen, size, asked.tasks, cap, asked.models, seed,
                  asked.time_box, str(recorded))  # fmt: skip
    PRESETS[made.title] = made
    return made


def checked_size(ms: Any, write: str = "") -> float:
    """The time of a task in ms, as a number. Raises BadRequest; `write` begins its advice."""
    wrong = isinstance(ms, bool) or not isinstance(ms, int | float)
    if wrong or not 0 < ms <= LONGEST_MS:
        shown = ms if wrong else f"{ms:g}"
        raise BadRequest(f"The time of a task is above 0 and at most {LONGEST_MS:,} ms; "
                         f"{shown} is not: try {write}50.")  # fmt: skip
    return float(ms)
