"""What the process of one run does: warm up, run, measure, hand back."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import models
from ..measure.heartbeat import beat, lag
from ..measure.lines import Lines
from ..measure.machine import gil_enabled
from ..measure.printed import Printed
from ..measure.recorder import Board, Recorder
from ..measure.run import Run
from ..measure.steps import Steps, by_number, watch_steps
from ..measure.trace import Trace, build
from ..measure.usage import Meter
from ..workloads import Workload, as_workload, catalog
from ..workloads.builtin import rebuild
from .sources import remember
from .travel import as_code

if TYPE_CHECKING:
    from mmap import mmap


@contextlib.contextmanager
def _captured():
    """What is printed meanwhile, on either stream, goes to the `Printed` that it yields."""
    printed = Printed()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield printed


def load_workload(description: dict, code: bytes) -> tuple[Workload, dict[str, Any]]:
    """The workload of a request and the learner's own models, by name.

    `code` holds what travels as code, cloudpickled: ``(workload or None, own models,
    sources)``. A request for a ``library`` has no workload: the library is loaded.
    Raises whatever importing the learner's modules raises.
    """
    workload: Any = None  # a request has one, in its code or by name
    own_models: dict[str, Any] = {}
    if description.get("library"):
        catalog.load(catalog.LIBRARIES[description["library"]], alone=True)
    if code:
        import cloudpickle

        workload, own_models, sources = cloudpickle.loads(code)
        remember(sources)
    if description.get("spec"):
        workload = rebuild(description["spec"])
    return workload, own_models


class Remote:
    """One task's function for a process pool: runs there, hands back what it recorded."""

    def __init__(self, recorder: Recorder, workload: Workload) -> None:
        self._recorder, self._workload = recorder, workload
        self._one = recorder.blocking(workload.form("blocking"))
        self.keep, self.lost = recorder.keep, recorder.lost

    def __call__(self, number: int) -> tuple:
        self._one(number)
        row = self._recorder.row(number)
        # A process does many tasks: what is handed back is not kept here as well.
        self._recorder.results[number] = None
        self._recorder.failures.clear()
        return row

    def __reduce__(self):  # only where processes are spawned
        tasks, detail = len(self._recorder.results), self._recorder.marks is not None
        return _rebuild_remote, (tasks, detail, as_code(self._workload))


def _rebuild_remote(tasks: int, detail: bool, code: bytes) -> Remote:
    import cloudpickle

    return Remote(Recorder(tasks, detail=detail), cloudpickle.loads(code))


@contextlib.contextmanager
def quiet_gc():
    """The garbage collector out of the way, in every model alike, and back afterwards.

    With the default thresholds it is the largest disturbance of all: it walks the
    recorder's lists again and again. What is alive already stays frozen for good: in a
    process that lives for one run, thawing it would only cost time.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def execute(workload: Workload, request: dict, buffer: bytearray | mmap | None = None,
            own_models: dict[str, Any] | None = None) -> Run:  # fmt: skip
    """Run ``request["tasks"]`` tasks of `workload` in ``request["model"]``; measure it.

    `request` has ``model``, ``tasks``, ``cap``, ``detail`` (record a trace and the loop's
    lag) and ``lines`` (also where in its code each task stands). `buffer` is shared memory for
    the board; `own_models` holds a learner's functions by name. Must have the process to itself.
    Raises LookupError for a workload that has no form for the model.
    """
    name, tasks, cap = request["model"], request["tasks"], request["cap"]
    detail = bool(request.get("detail"))
    module = models.for_workload((own_models or {}).get(name, name), workload)
    if module is None:
        raise LookupError(f"{workload.title} has no form that {name} can run")
    board = Board(tasks, buffer)
    board.begin()
    with _captured():
        _warm_up(module, workload)
    with _captured() as printed, quiet_gc():
        recorder = Recorder(tasks, board, detail)
        lines = None
        if request.get("lines"):
            lines = Lines((workload.blocking, workload.coroutine))
            workload = _followed(workload, lines)
        if module.FORM == "remote":
            one = Remote(recorder, workload)
        else:
            one = _wrapped(recorder, module.FORM, workload)
        beats: list[int] = []
        beside = {"beside": beat(beats)} if detail and models.has_loop(module) else {}
        seen = None
        meter = Meter()
        with contextlib.ExitStack() as stack:
            if beside:
                seen = stack.enter_context(watch_steps())
            if lines:
                stack.enter_context(lines.watching())
            meter.start()
            module.run(one, recorder.numbers, cap, **beside)
            usage = meter.stop()
        trace = _trace(recorder, module, meter, seen) if detail else None
    idents = {ident for ident in recorder.board.thread if ident}
    # A board without a name for the thread: all tasks ran on the loop's one.
    usage.threads = len(idents | {threading.get_ident()}) if idents else 1
    if module.FORM == "remote" or recorder.elsewhere:
        usage.threads = len(idents)
    return Run(
        model=name,
        tasks=tasks,
        cap=cap,
        wall_s=usage.wall_s,
        usage=usage,
        failed=len(recorder.failures),
        never_ran=recorder.board.ended.tolist().count(0),
        failures=recorder.failures,
        results=recorder.results,
        lag=lag(beats, meter.end_ns),
        trace=trace,
        printed=printed.text(),
        lines=lines.rows(meter.begin_ns) if lines else array("q"),
    )


def _followed(workload: Workload, lines: Lines) -> Workload:
    """The same tasks, each known to `lines` by its number."""
    blocking = workload.blocking and lines.blocking(workload.form("blocking"))
    coroutine = workload.coroutine and lines.coroutine(workload.form("coroutine"))
    return replace(workload, blocking=blocking, coroutine=coroutine, takes_number=True, args=())


def _trace(recorder: Recorder, module: Any, meter: Meter, seen: Steps | None) -> Trace:
    steps = None
    # Where an own model handed tasks to threads, no step of the loop is theirs: what they
    # did was not observed. The board names the thread of those alone.
    if seen is not None and module.FORM == "coroutine" and not any(recorder.board.thread):
        steps = by_number(seen.of_tasks(), recorder.board.started, recorder.board.ended)
    wall_ns = meter.end_ns - meter.begin_ns
    apart = module.FORM == "remote" or recorder.elsewhere
    one_gil = not apart and gil_enabled()
    trace = build(recorder.board, recorder.marks, meter.begin_ns, wall_ns, steps, one_gil)
    trace.apart = apart
    return trace


def _wrapped(recorder: Recorder, form: str, workload: Workload) -> Any:
    """One task's function in the form that the model wants, its plain form beside it."""
    if workload.coroutine is None and form == "coroutine":
        form = "blocking"  # only an own model gets here: it will hand it to a thread
    one: Any = recorder.wrap(form, workload.form(form))
    one.blocking = recorder.blocking(workload.form("blocking")) if workload.blocking else None
    one.doing = _doing(recorder)
    if workload.blocking:
        one.remote, one.keep = Remote(recorder, workload), recorder.keep
    return one


def _doing(recorder: Recorder, idle: bool = False) -> Callable[[Any], Callable[[int], Any]]:
    """For an own model that has another function do the tasks: ``one.doing(function)``.

    What that gives is recorded as `one` is, so that the same work done by another library
    can stand in the same comparison. With `idle`, tasks that do nothing stand for it.
    """

    def doing(function):
        other = as_workload(function)
        form = "coroutine" if other.blocking is None else "blocking"
        nothing = _nothing if form == "blocking" else _nothing_async
        return recorder.wrap(form, nothing if idle else other.form(form))

    return doing


def _warm_up(module: Any, workload: Workload) -> None:
    """Make the first task no more expensive than the others, without counting it.

    A built-in workload warms up the model on tasks that do nothing; a learner's own
    function is called once for real, since only that shows what its first call does.
    """
    tasks = 1 if workload.spec is None else 2
    if module.FORM == "remote":
        if workload.spec is None:
            Recorder(1).blocking(workload.form("blocking"))(0)
        return
    one: Any
    if workload.spec is None:
        one = _wrapped(Recorder(1), module.FORM, workload)
    else:
        recorder = Recorder(2)
        nothing = _nothing if module.FORM == "blocking" else _nothing_async
        one = recorder.wrap(module.FORM, nothing)
        one.blocking = recorder.blocking(_nothing)
        one.doing = _doing(recorder, idle=True)
        one.remote, one.keep = Remote(recorder, as_workload(_nothing)), recorder.keep
    module.run(one, range(tasks), tasks)


def _nothing(number: int) -> None:
    pass


async def _nothing_async(number: int) -> None:
    pass


def call(request: dict, code: bytes) -> dict[str, Any]:
    """Call one function in this process; ``{"value": ..., "printed": ...}``.

    ``request["target"]`` is "module:function" with JSON ``args``, else `code` holds a
    cloudpickled ``(function, args, sources)``. Coroutine functions are run to their end.
    """
    if request.get("target"):
        module, _, name = request["target"].partition(":")
        __import__(module)
        function, args = getattr(sys.modules[module], name), request.get("args", ())
    else:
        import cloudpickle

        sys.path[:] = request.get("path") or sys.path
        with contextlib.suppress(OSError):
            os.chdir(request.get("folder") or ".")
        function, args, sources = cloudpickle.loads(code)
        remember(sources)
    with _captured() as printed:
        value = function(*args)
        if hasattr(value, "__await__"):
            import asyncio

            async def main():
                return await value

            value = asyncio.run(main())
    return {"value": value, "printed": printed.text(), "pid": os.getpid()}
