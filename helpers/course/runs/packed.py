"""A comparison as plain data for a file, and back. What tasks returned or printed stays out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from ...experiment.comparison import Comparison
from ...experiment.request import BadRequest, Request
from ...measure.heartbeat import Lag
from ...measure.machine import Machine
from ...measure.recorder import Failure
from ...measure.run import Run
from ...measure.usage import Usage
from ...workloads import Workload
from ..place import without_folders
from .columns import Misfit, as_columns, from_columns

FORMAT, VERSION = "async-or-threads run", 1
SCHEMA = Path(__file__).with_name("schema.json")

_WORKLOAD = ("name", "title", "kind", "wait_s", "cpu_s", "loop_waits")


def as_data(comparison: Comparison) -> dict[str, Any]:
    """`comparison` as what `json` can write; folders are taken out of all texts.

    Raises BadRequest where nothing ran.
    """
    if not comparison.traced:
        raise BadRequest("Nothing of this comparison ran, so there is nothing to save.")
    request = comparison.request
    return {
        "format": FORMAT,
        "version": VERSION,
        # A run that was loaded keeps the day on which it was recorded.
        "saved": comparison.recorded or time.strftime("%Y-%m-%d"),
        "machine": comparison.machine.as_dict(),
        "request": {
            "workload": {
                **{name: getattr(request.workload, name) for name in _WORKLOAD},
                "name": _short(request.workload.name, 200),
                "title": _short(request.workload.title, 200),
            },
            "tasks": request.tasks,
            "cap": request.cap,
            "models": list(request.models),
            "time_box": request.time_box,
            "notes": [_short(note) for note in request.notes],
            "own_models": list(request.own_models),
        },
        "runs": {model: _recorded(run) for model, run in comparison.traced.items()},
        "repeats": {
            model: {str(number): _repeat(run) for number, run in runs.items()}
            for model, runs in comparison.repeats.items()
        },
        "single": [list(pair) for pair in comparison.single],
        "control": comparison.control,
        "foreign": comparison.foreign,
        "said": dict(comparison.said),
        "notes": [_short(note) for note in comparison.notes],
        "left_out": {model: _short(why) for model, why in comparison.left_out.items()},
    }


def _short(text: str, most: int = 1000) -> str:
    return without_folders(text)[:most]


def _repeat(run: Run) -> dict[str, Any]:
    return {"wall_s": run.wall_s, "usage": run.usage.as_dict(), "digest": run.digest}


def _recorded(run: Run) -> dict[str, Any]:
    return {
        **_repeat(run),
        "cap": run.cap,
        "failed": run.failed,
        "never_ran": run.never_ran,
        # Without tracebacks: they hold a person's folders, and lines of code.
        "failures": [{"task": one["task"], "type": one["type"][:80],
                      "message": _short(one["message"])} for one in run.failures[:20]],
        "lag": run.lag.as_dict() if run.lag else None,
        "trace": as_columns(run.trace) if run.trace else None,
    }  # fmt: skip


def from_data(data: Any) -> Comparison:
    """The comparison of `as_data`. Raises BadRequest, in one sentence, for any other data."""
    _demand_schema(data)
    try:
        return _comparison(data)
    except Misfit as error:
        raise BadRequest(_refusal(str(error))) from None


def _demand_schema(data: Any) -> None:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadRequest("This is not a run file of the course: save one with result.save(name).")
    if data.get("version") != VERSION:
        raise BadRequest("This run file was written by another version of the course: update the "
                         "course, or save the run again.")  # fmt: skip
    from fastjsonschema import JsonSchemaValueException  # late: who saves a run needs none of it

    try:
        _validate()(data)
    except JsonSchemaValueException as error:
        # Not error.message: it repeats what it objects to, which may be long.
        where = (error.name or "").removeprefix("data").lstrip(".")[:120] or "the whole"
        raise BadRequest(_refusal(f"{where} is not what it should be ({error.rule})")) from None


@cache
def _validate() -> Callable[[Any], Any]:
    import fastjsonschema

    return fastjsonschema.compile(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _refusal(what: str) -> str:
    return f"This run file is damaged or was changed: {what}. Save the run again where it was made."


def _comparison(data: dict[str, Any]) -> Comparison:
    asked, models = data["request"], data["request"]["models"]
    tasks = asked["tasks"]
    for part in ("runs", "repeats", "said", "left_out"):
        for model in data.get(part, {}):
            if model not in models:
                raise Misfit(f"{part} names a model that was not asked for")
    if not set(asked["own_models"]) <= set(models):
        raise Misfit("own_models names a model that was not asked for")
    for model in data["repeats"]:
        if model not in data["runs"]:
            raise Misfit("repeats names a model without a recorded run")
    workload = Workload(blocking=None, coroutine=None, **asked["workload"])
    own: dict[str, Any] = dict.fromkeys(asked["own_models"])  # names: no function is kept
    request = Request(workload, tasks, asked["cap"], tuple(models), asked["time_box"],
                      tuple(asked["notes"]), own)  # fmt: skip
    machine = Machine(**{one.name: data["machine"][one.name] for one in fields(Machine)})
    return Comparison(
        request,
        machine,
        traced={model: _run(model, tasks, run) for model, run in data["runs"].items()},
        repeats={
            model: {
                int(number): _run(model, tasks, {"cap": asked["cap"], **run})
                for number, run in runs.items()
            }
            for model, runs in data["repeats"].items()
        },
        single=[tuple(pair) for pair in data.get("single", [])],
        control=data.get("control"),
        foreign=data.get("foreign"),
        said=data.get("said", {}),
        notes=data.get("notes", []),
        left_out=data.get("left_out", {}),
        recorded=data["saved"],
    )


def _run(model: str, tasks: int, data: dict[str, Any]) -> Run:
    trace, lag = data.get("trace"), data.get("lag")
    return Run(
        model=model,
        tasks=tasks,
        cap=data["cap"],
        wall_s=data["wall_s"],
        usage=Usage(**data["usage"]),
        failed=data.get("failed", 0),
        never_ran=data.get("never_ran", 0),
        failures=[Failure(traceback="", **one) for one in data.get("failures", [])],
        digest=data.get("digest"),
        lag=Lag(**lag) if lag else None,
        trace=from_columns(trace, tasks) if trace else None,
    )
