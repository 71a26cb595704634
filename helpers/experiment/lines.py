"""A run recorded line by line: where in a learner's code each task stands, and when."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..measure.lines import MOST_LINES, WIDTH, code_of
from .compare import Experiment, read_machine_card
from .comparison import Comparison
from .outside import named, outside
from .request import BadRequest, Request, make_request, whole

#: More markers than that beside a few lines tell nothing.
MOST_TASKS = 60
#: Models whose tasks run in the one process that is traced.
MODELS = ("sequential", "asyncio", "threads", "asyncio+threads")
WARNING = ("Recorded line by line, which slows Python code down: read the order from it, not "
           "the times.")  # fmt: skip


@dataclass(frozen=True)
class Source:
    """The text of a function, and the number of its first line in its file or cell."""

    first: int
    lines: list[str]


@dataclass
class Recording(Comparison):
    """One run a model, recorded line by line; nothing is repeated, so there is no verdict.

    `sources` are the learner's functions, by their place among (blocking, async).
    """

    sources: dict[int, Source] = field(default_factory=dict)

    @property
    def warning(self) -> str:
        """What must stand above every picture of it."""
        full = [model for model, run in self.traced.items()
                if len(run.lines) >= MOST_LINES * WIDTH]  # fmt: skip
        cut = f" Of {' and '.join(full)} only the first {MOST_LINES:,} lines are known."
        return WARNING + (cut if full else "")

    def summary(self) -> list[str]:
        """What failed, or that the times mean little."""
        return super().summary()[:1] if not self.complete() else [self.warning]


def make_recording_request(what: Any, tasks: Any, **options: Any) -> Request:
    """As `make_request`, for what can be followed line by line. Raises BadRequest."""
    tasks = whole(tasks, "tasks", 1, MOST_TASKS)
    models = options.pop("models", None)
    request = make_request(what, tasks, models=_default(what) if models is None else models,
                           **options)  # fmt: skip
    workload = request.workload
    if workload.spec is not None:
        raise BadRequest("record follows functions of yours, line by line: write one with def and "
                         "one with async def, and pass the pair.")  # fmt: skip
    for model in request.models:
        if model not in MODELS and model not in request.own_models:
            raise BadRequest(f"record can't follow tasks in {model}: choose among "
                             f"{', '.join(MODELS)}.")  # fmt: skip
    for function in (workload.blocking, workload.coroutine):
        if function is not None:
            source_of(function)
    return request


def _default(what: Any) -> tuple[str, ...] | None:
    """A pair of functions runs as tasks and in threads; make_request says what a lone one can."""
    return ("asyncio", "threads") if isinstance(what, tuple | list) else None


def source_of(function: Callable) -> Source:
    """The text of `function`. Raises BadRequest where there is none."""
    code: Any = code_of(function)  # None: a TypeError, told below
    try:
        lines, first = inspect.getsourcelines(code)
    except (OSError, TypeError):
        name = getattr(function, "__name__", type(function).__name__)
        raise BadRequest(f"The lines of {name} can't be found: record follows functions that are "
                         f"written in Python, in a cell or a file.") from None  # fmt: skip
    return Source(max(1, first), [line.rstrip("\n") for line in lines])


def run_recording(experiment: Experiment, request: Request) -> Recording:
    """Run each model once, line by line. Raises a RunError as `Experiment.run` does."""
    workload = request.workload
    sources = {place: source_of(function)
               for place, function in enumerate((workload.blocking, workload.coroutine))
               if function is not None}  # fmt: skip
    with experiment.held():
        machine = read_machine_card(experiment.worker)
        result = Recording(request, machine, sources=sources)
        experiment.check()
        experiment.worker.load(workload, dict(request.own_models))
        for number, model in enumerate(request.models):
            experiment.tell(number / len(request.models), f"{model}, line by line")
            result.traced[model] = experiment.worker.run(
                model, request.tasks, request.cap_of(model),
                detail=True, lines=True, time_box=request.time_box,
            )  # fmt: skip
            if failures := result.traced[model].failures:
                result.outside = outside(named(failures[0]))
                break
    return result
