"""A pipeline of download, process and write: one recorded run, and threads beside processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..charts.pipelines.shown import ShownPipeline, ShownRace
from ..experiment.pipelines.pipeline import (
    TIME_BOX_S,
    PipelineExperiment,
    check_pipeline,
    make_plan,
    run_race,
)
from .running import repeated, watched


async def run_pipeline(pipeline: Callable, step: Callable, pool: Any = "threads", *,
                       time_box: Any = TIME_BOX_S, **plan: Any) -> ShownPipeline:  # fmt: skip
    """Call ``await pipeline(plan)`` in a process of its own, and show who did what when.

    `step` processes the bytes of one picture, in a `pool` of that class:
    ThreadPoolExecutor or ProcessPoolExecutor. `plan` takes the numbers of workers
    ``download=4``, ``process=2``, ``write=1``, ``pictures=24`` (8 in haste) and ``bound=4``,
    the most that a queue may hold (0: no bound). A run of more than `time_box` seconds is
    ended. Raises BadRequest for what can't be run, ExperimentFailed if a stage failed.
    """
    check_pipeline(pipeline)
    asked = make_plan(step, pool, **plan)
    return ShownPipeline.of(
        await watched(
            lambda experiment, tell: experiment.run(pipeline, asked, time_box), PipelineExperiment
        )
    )


async def race_pools(pipeline: Callable, steps: Any, **plan: Any) -> ShownRace:
    """Run the pipeline with each step in threads and in processes, in turn, six times or more.

    `pipeline` is yours, `steps` a list of what it may do to a picture. `plan` as for
    `run_pipeline`. Raises as that does.
    """
    return ShownRace.of(await repeated(lambda rounds: run_race(rounds, pipeline, steps, **plan)))
