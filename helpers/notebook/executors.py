"""Experiments about executors: a pool's stairs, and who was in progress when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..charts.executors.shown import ShownLanes, ShownStairs
from ..experiment import BadRequest
from ..experiment.executors import run_stairs
from ..measure.spans import Spans
from .running import repeated


async def stairs(how: Callable, jobs: Any = None, *, ms: float = 25,
                 repeats: Any = 3) -> ShownStairs:  # fmt: skip
    """Run ``how(job, count)`` for each number of jobs, and show the time over the number.

    `how` hands `count` jobs over at once and awaits them all; each ``job()`` blocks its
    thread for `ms` ms. `jobs` are the numbers; by default up to three times the size of a
    loop's own pool. Every one of the `repeats` is a process of its own. Raises BadRequest for
    what can't be run.
    """
    return ShownStairs.of(await repeated(lambda r: run_stairs(r, how, jobs, ms, repeats)))


def lanes(panels: Mapping[str, Spans]) -> ShownLanes:
    """Show notes of who was in progress when: ``lanes({"title": notes})``.

    `panels` maps a title to `Spans`, each a panel on the same scale; one alone will do. Raises
    BadRequest for what are no `Spans`, or hold nothing.
    """
    if isinstance(panels, Spans):
        panels = {"": panels}
    if not isinstance(panels, Mapping) or not panels:
        raise BadRequest('lanes shows notes by title: write lanes({"a title": notes}).')
    for title, spans in panels.items():
        if not isinstance(spans, Spans) or not spans.lanes():
            raise BadRequest(f"{title!r} has no notes: make them with Spans(), as in "
                             f"with notes(\"a lane\"): ...")  # fmt: skip
    return ShownLanes({str(title): spans for title, spans in panels.items()})
