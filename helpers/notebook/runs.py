"""Recorded runs: one loaded from a file, and those of a whole class."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..charts.pooled.shown import ShownPooled
from ..charts.results import ShownComparison
from ..course.runs import pool, read_run


def load_run(name: str | Path) -> ShownComparison:
    """The comparison that ``result.save(name)`` wrote, labelled as recorded.

    `name` is the file's path, as seen from this notebook. Nothing in the file is run. Raises
    BadRequest for a file that is not there, too large, cut off, or no run file.
    """
    return ShownComparison.of(read_run(name))


def pool_runs(files: str | Path | Iterable[str | Path]) -> ShownPooled:
    """The run files of a class, in one chart an experiment.

    `files` is a folder, or a list of paths. The same experiment is the same workload, tasks and
    cap. Raises BadRequest where no file is a run.
    """
    return ShownPooled.of(pool(files))
