"""What is asked for, checked before anything runs: one clear sentence for bad input."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import models as known_models
from ..measure.fit import OneSentence
from ..services.connections.limits import own_threads_left
from ..services.container import memory_free
from ..workloads import BadWorkload, Workload, as_workload

MOST_TASKS = 100_000
MOST_THREADS = 2_000
MOST_PROCESSES = 32
DEFAULT_MODELS = ("sequential", "asyncio", "threads")


class BadRequest(OneSentence, ValueError):
    """The experiment can't be run as asked; the message says what to do instead.

    In a notebook it shows as that one sentence, without a traceback.
    """


@dataclass(frozen=True)
class Request:
    """One experiment: `tasks` tasks of `workload`, at most `cap` at once, in `models`.

    `time_box` is in seconds, for one run of one model. `own_models` holds those of the models
    that are a learner's functions, by name. `notes` are sentences on what was changed or left
    out, for the reader.
    """

    workload: Workload
    tasks: int
    cap: int
    models: tuple[str, ...]
    time_box: float
    notes: tuple[str, ...] = ()
    own_models: Mapping[str, Callable] = field(default_factory=dict)

    def cap_of(self, model: str) -> int:
        """The cap of one model: processes cost memory each, so fewer of them."""
        return min(self.cap, MOST_PROCESSES) if model == "processes" else self.cap


def make_request(what: Any, tasks: Any = 20, *, workers: Any = None, models: Any = None,
                 time_box: Any = 8.0, args: tuple = ()) -> Request:  # fmt: skip
    """Check everything and give the `Request`. Raises BadRequest with one sentence.

    The parameters are those of `helpers.compare`; `time_box` in seconds, for one run.
    """
    try:
        workload = as_workload(what, args)
    except BadWorkload as error:
        raise BadRequest(str(error)) from None
    tasks = whole(tasks, "tasks", 1, MOST_TASKS)
    names, own_models, notes = _models(models, workload)
    most = thread_limit()
    cap = tasks if workers is None else min(whole(workers, "workers", 1, MOST_TASKS), tasks)
    threaded = own_models or any(name in known_models.THREADED for name in names)
    if cap > most and threaded:
        notes.append(
            f"At most {most:,} tasks at once, in every model: more threads could make this "
            f"machine unusable. Compare asyncio alone to have more."
        )
        cap = most
    if "processes" in names and cap > MOST_PROCESSES:
        notes.append(f"Processes: at most {MOST_PROCESSES} at once, because of their memory.")
    box = seconds(time_box, "time_box")
    return Request(workload, tasks, cap, names, box, tuple(notes), own_models)


def whole(value: Any, name: str, least: int, most: int, write: str = "write {}=") -> int:
    """`value` as a whole number from `least` to `most`. Raises BadRequest.

    `write` is how the message begins its advice; ``{}`` stands for the name.
    """
    advice = write.format(name)
    wanted = f"{name} is a whole number from {least:,} to {most:,}"
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        if not (isinstance(value, float) and value.is_integer()):
            raise BadRequest(f"{wanted}; {value!r} is not: {advice}{min(20, most)}.")
        value = int(value)
    value = value.__index__()
    if value < least:
        raise BadRequest(f"{wanted}; {value:,} is too small: {advice}{least} or more.")
    if value > most:
        raise BadRequest(f"{wanted}; {value:,} is too large: {advice}{most} or less.")
    return value


def seconds(value: Any, name: str, most: float = 600.0) -> float:
    """`value` as seconds, above 0 and at most `most`. Raises BadRequest."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 < number <= most:
        raise BadRequest(f"{name} is a time in seconds, above 0 and at most {most:g}; "
                         f"{value!r} is not: write {name}=8.")  # fmt: skip
    return number


def _models(wanted: Any, workload: Workload) -> tuple[tuple[str, ...], dict, list[str]]:
    explicit = wanted is not None
    if isinstance(wanted, str) or callable(wanted):
        wanted = [wanted]
    found: dict[str, Any] = {}
    known = ", ".join(known_models.MODELS)
    for model in wanted if explicit else DEFAULT_MODELS:
        if callable(model):
            found[own_name(model, found)] = model
        elif model in known_models.MODELS:
            found[model] = model
        elif model == "interpreters":
            raise BadRequest(f"{known_models.interpreters.missing()} Choose among {known}.")
        else:
            raise BadRequest(f"There is no model {model!r}: choose among {known}.")
    if not found:
        raise BadRequest(f"Choose at least one model: {known}.")
    kept = {n: m for n, m in found.items() if known_models.for_workload(m, workload) is not None}
    left_out = [name for name in found if name not in kept]
    if not kept:
        raise BadRequest(f"{workload.title} has no form that {', '.join(found)} can run: pass a "
                         f"pair (blocking, async).")  # fmt: skip
    notes = []
    if left_out and workload.coroutine is None and not explicit:
        kept.setdefault("asyncio+threads", "asyncio+threads")
    if left_out:
        missing = "async" if workload.coroutine is None else "blocking"
        notes.append(f"Without {' and '.join(left_out)}: {workload.title} has no {missing} form. "
                     f"Pass a pair (blocking, async) to have it.")  # fmt: skip
    return tuple(kept), {n: m for n, m in kept.items() if callable(m)}, notes


def own_name(how: Callable, taken: Container[str]) -> str:
    """The name under which a learner's model is shown. Raises BadRequest if it can't be one."""
    name = getattr(how, "__name__", type(how).__name__).replace("_", " ").strip()
    try:
        inspect.signature(how).bind("one", "numbers")
    except TypeError:
        raise BadRequest(
            f"A model of your own takes (one, numbers), as in: def {how.__name__}(one, numbers); "
            f"it calls one(number) for each of them."
        ) from None
    if name in taken or name in known_models.MODELS:
        raise BadRequest(f"There are two models named {name!r}: give your function another name.")
    return name


def thread_limit() -> int:
    """How many threads a run may start here: what leaves the machine usable.

    The smallest of 2,000, 80 % of what the limits of this user and this container leave, a
    third of the memory maps that a process may have, half of what the system may have, and
    free memory at 60 KB a thread.
    """
    limits = [MOST_THREADS, memory_free() // 60_000]
    limits += [n // 3 for n in _numbers("/proc/sys/vm/max_map_count")]
    limits += [n // 2 for n in _numbers("/proc/sys/kernel/threads-max")]
    limits += [int(left * 0.8) for _, left in own_threads_left(below=10 * MOST_THREADS)]
    return max(1, min(limits))


def _numbers(path: str) -> list[int]:
    try:
        with open(path) as text:
            return [int(text.read().split()[0])]
    except (OSError, ValueError, IndexError):
        return []
