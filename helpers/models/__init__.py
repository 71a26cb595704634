"""How N tasks are run: one module a model, each with a function `run` and a `FORM`.

``run(one, numbers, cap)`` runs ``one(number)`` for every number of `numbers`, at most
`cap` at once, and returns when all have ended. `one` never raises: the recorder keeps
its result or its failure. `FORM` says what `one` is: a plain function ("blocking"), a
coroutine function ("coroutine"), or a function that runs in another process and hands
back what it recorded ("remote"). Where a loop runs, ``run`` also takes ``beside``, a
coroutine that runs on it until the tasks are done.
"""

from typing import Any

from . import awaited, event_loop, interpreters, loop_and_threads, processes, sequential, threads
from .own import OwnModel

MODELS: dict[str, Any] = {
    "sequential": sequential,
    "asyncio": event_loop,
    "threads": threads,
    "asyncio+threads": loop_and_threads,
    "processes": processes,
}

if interpreters.available():
    MODELS["interpreters"] = interpreters

#: Models in which each of the tasks may take a thread.
THREADED = ("threads", "asyncio+threads")

__all__ = ["MODELS", "THREADED", "OwnModel", "for_workload", "has_loop"]


def for_workload(model, workload):
    """What runs `workload` in `model` (a name or a learner's function), or None.

    None where the workload lacks the form that the model needs. A workload that has no
    blocking form is run sequentially by awaiting one coroutine after another.
    """
    runner = OwnModel(model) if callable(model) else MODELS[model]
    if runner.FORM == "coroutine":
        # an own async model may hand the blocking form to threads
        fits = workload.coroutine is not None or callable(model)
    else:
        fits = workload.blocking is not None
    if fits:
        return runner
    return awaited if model == "sequential" and workload.coroutine is not None else None


def has_loop(runner: Any) -> bool:
    """Whether an event loop runs in `runner`, on which a heartbeat can tick."""
    return runner is loop_and_threads or runner.FORM == "coroutine"
