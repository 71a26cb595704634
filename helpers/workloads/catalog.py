"""The workloads that need a library: pictures, data, machine learning.

Nothing is imported and nothing is measured where such a workload is made: the kernel stays
free of it. The worker's host calls `prepare`, which loads the library, makes the data, and
finds out how many steps fill the milliseconds that were asked for. It does so in a child
process, because the threads of BLAS and OpenMP, once started, would not survive the fork
that a run is.
"""

from __future__ import annotations

import os
import platform
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from time import perf_counter_ns as now
from typing import Any

from . import learning
from .base import Workload

__all__ = [
    *("array_large", "array_tiny", "blur", "cross_validation", "cross_validation_pinned"),
    *("encode", "fit", "fit_pinned", "group_apply", "group_sum", "pixel_loop", "resize"),
]

#: A calibration that takes longer than this is ended.
LONGEST_S = 10


@dataclass(frozen=True)
class Library:
    """What a workload stands on: packages as (import name, name to install), and its data.

    `ready` names the function, as "module:function", that loads it and makes the data.
    `pinned`: the numeric libraries get one thread, by the environment they are loaded in.
    """

    packages: tuple[tuple[str, str], ...]
    ready: str
    pinned: bool = False


PILLOW = Library((("PIL", "pillow"),), "images:box_filter_ready")
PANDAS = Library((("numpy", "numpy"), ("pandas", "pandas")), "data:sales")
NUMPY = Library((("numpy", "numpy"),), "data:arrays")
LEARN = Library((("sklearn", "scikit-learn"), ("threadpoolctl", "threadpoolctl")),
                "learning:thread_pools")  # fmt: skip
PINNED = replace(LEARN, pinned=True)
#: By the names under which a worker keeps one of them loaded.
LIBRARIES = {"pillow": PILLOW, "pandas": PANDAS, "numpy": NUMPY, "scikit-learn": LEARN,
             "scikit-learn, pinned": PINNED}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One workload: where its function of `steps` is, and what a step costs by and large.

    `step_ms` is only for where no child process can be forked to measure it; it was some
    machine's in 2026.
    """

    title: str
    function: str
    library: Library
    kind: str
    step_ms: float


ENTRIES = {
    "blur": Entry("Pillow: box filter", "images:blur", PILLOW, "native", 15.0),
    "resize": Entry("Pillow: resize", "images:resize", PILLOW, "native", 12.0),
    "encode": Entry("Pillow: encode as JPEG", "images:encode", PILLOW, "unknown", 4.0),
    "pixel_loop": Entry("box filter, Python loop", "images:pixel_loop", PILLOW, "python", 1.5),
    "group_sum": Entry("group-by, built-in sum", "data:group_sum", PANDAS, "unknown", 0.5),
    "group_apply": Entry("group-by, Python sum", "data:group_apply", PANDAS, "python", 2.6),
    "array_large": Entry("NumPy: 100,000 numbers", "data:array_large", NUMPY, "native", 1.6),
    "array_tiny": Entry("NumPy: 8 numbers a call", "data:array_tiny", NUMPY, "python", 0.4),
    "fit_pinned": Entry("k-means fit, pinned", "learning:fit_pinned", PINNED, "unknown", 14.0),
    "fit": Entry("k-means fit, free", "learning:fit", LEARN, "unknown", 14.0),
    "cross_validation_pinned": Entry("cross-validation, pinned", "learning:cross_pinned", PINNED,
                                     "unknown", 15.0),
    "cross_validation": Entry("cross-validation, free", "learning:cross_validation", LEARN,
                              "unknown", 15.0),
}  # fmt: skip

#: The name under which two entries share their number of steps: pinned and free must do
#: the same work, and the pinned one is what a step costs.
_SAME_STEPS = {"fit": "fit_pinned", "cross_validation": "cross_validation_pinned"}


#: The field that a workload belongs to, by the library that it needs.
_DOMAINS = {PILLOW: "Images", PANDAS: "Data", NUMPY: "Data", LEARN: "Machine learning",
            PINNED: "Machine learning"}  # fmt: skip


def domain_of(workload: Workload) -> str:
    """The field that a workload belongs to, in a word or two."""
    if workload.spec is None:
        return "Your functions"
    entry = ENTRIES.get(workload.spec["name"])
    return _DOMAINS[entry.library] if entry else "Python and its standard library"


def library_of(workload: Workload) -> str | None:
    """The name in `LIBRARIES` of what a workload stands on; None where it needs no library."""
    entry = ENTRIES.get(workload.spec["name"]) if workload.spec is not None else None
    names = [name for name, library in LIBRARIES.items() if entry and library == entry.library]
    return names[0] if names else None


class NotInstalled(ImportError):
    """A library is missing in this interpreter; the message says which, and what to do."""


# --- what a learner calls ----------------------------------------------------------------


def blur(ms: float = 50, *, steps: int | None = None) -> Workload:
    """Pillow's box filter over a picture of 1200 × 800, for about `ms` milliseconds."""
    return make("blur", ms, steps)


def resize(ms: float = 50, *, steps: int | None = None) -> Workload:
    """Pillow makes the picture half as wide and high, for about `ms` milliseconds."""
    return make("resize", ms, steps)


def encode(ms: float = 50, *, steps: int | None = None) -> Workload:
    """Pillow encodes the picture as JPEG into memory, for about `ms` milliseconds."""
    return make("encode", ms, steps)


def pixel_loop(ms: float = 50, *, steps: int | None = None) -> Workload:
    """The box filter again, as a Python loop over a part of the picture."""
    return make("pixel_loop", ms, steps)


def group_sum(ms: float = 50, *, steps: int | None = None) -> Workload:
    """A pandas group-by with the built-in sum, for about `ms` milliseconds."""
    return make("group_sum", ms, steps)


def group_apply(ms: float = 50, *, steps: int | None = None) -> Workload:
    """The same group-by with a sum written in Python: the same numbers."""
    return make("group_apply", ms, steps)


def array_large(ms: float = 50, *, steps: int | None = None) -> Workload:
    """NumPy's sine of 100,000 numbers a call, for about `ms` milliseconds."""
    return make("array_large", ms, steps)


def array_tiny(ms: float = 50, *, steps: int | None = None) -> Workload:
    """NumPy's sine of 8 numbers a call, and very many calls."""
    return make("array_tiny", ms, steps)


def fit_pinned(ms: float = 50, *, steps: int | None = None) -> Workload:
    """scikit-learn fits k-means to 10,000 points; its libraries may use one thread."""
    return make("fit_pinned", ms, steps)


def fit(ms: float = 50, *, steps: int | None = None) -> Workload:
    """The same fit, the same number of times; its libraries may use all cores."""
    return make("fit", ms, steps)


def cross_validation_pinned(ms: float = 50, *, steps: int | None = None) -> Workload:
    """Five-fold cross-validation of a logistic regression; its libraries may use one thread."""
    return make("cross_validation_pinned", ms, steps)


def cross_validation(ms: float = 50, *, steps: int | None = None) -> Workload:
    """The same cross-validation, as often; its libraries may use all cores."""
    return make("cross_validation", ms, steps)


# --- how they are made -------------------------------------------------------------------


def make(name: str, ms: float, steps: int | None = None) -> Workload:
    """The workload `name` of about `ms` milliseconds a task, or of exactly `steps` steps.

    Without `steps` their number is found out where the workload is run.
    """
    entry = ENTRIES[name]

    def blocking():
        count = steps or _steps_here(name, ms)
        return find(entry.function)(count)

    async def coroutine():
        return blocking()

    return Workload(name, entry.title, blocking, coroutine, entry.kind, 0.0, ms / 1000,
                    spec={"name": name, "ms": ms, "steps": steps})  # fmt: skip


def prepare(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Load the libraries, make the data, settle the steps; the spec with its ``steps``.

    Starts no thread of BLAS or OpenMP in this process. Raises NotInstalled.
    """
    name = spec["name"]
    load(ENTRIES[name].library, alone=True)
    steps = spec.get("steps") or steps_for(name, spec["ms"])
    return {**spec, "steps": steps}


def load(library: Library, alone: bool = False) -> None:
    """Import the packages and make the data. Raises NotInstalled.

    `alone`: this process is there for the library, so its environment may be set for it.
    """
    if library.pinned and alone:
        os.environ.update(learning.ONE_THREAD)
    for module, package in library.packages:
        try:
            import_module(module)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != module:
                raise
            version = ".".join(platform.python_version_tuple()[:2])
            raise NotInstalled(
                f"{package} is not installed there (Python {version}). Install it with: "
                f"pip install {package}"
            ) from None
    find(library.ready)()


@cache
def find(name: str) -> Callable:
    """The function that "module:function" names, of this package."""
    module, _, function = name.partition(":")
    return getattr(import_module(f"{__package__}.{module}"), function)


def steps_for(name: str, ms: float) -> int:
    """How many steps of `name` take about `ms` milliseconds here, measured in a child.

    Where runs are not forked, what the table says: each run's process would find another
    number, and the models would not do the same work.
    """
    if sys.platform != "linux":
        return max(1, round(ms / ENTRIES[name].step_ms))
    like = _SAME_STEPS.get(name, name)
    cost = _in_child(lambda: step_cost(like))
    return max(1, round(ms / (cost or ENTRIES[like].step_ms)))


@cache
def _steps_here(name: str, ms: float) -> int:
    """For a call outside the worker: measured in this process, which then has the threads."""
    like = _SAME_STEPS.get(name, name)
    load(ENTRIES[name].library)
    return max(1, round(ms / step_cost(like)))


def step_cost(name: str) -> float:
    """Milliseconds of one step; best of five trials of at least 4 ms each."""
    work, steps, best = find(ENTRIES[name].function), 1, float("inf")
    work(1)  # what only the first call does
    for _ in range(5):
        while True:
            begin = now()
            work(steps)
            spent = (now() - begin) / 1e6
            if spent >= 4:
                break
            steps *= 2
        best = min(best, spent / steps)
    return best


def _in_child(function: Callable[[], float]) -> float | None:
    """What `function` returns, called in a fork of this process; None if that fails."""
    there, back = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(LONGEST_S)  # a child that hangs must not outlive anyone
            os.write(back, repr(function()).encode())
        finally:
            os._exit(0)
    os.close(back)
    with open(there, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return float(text) if text else None
