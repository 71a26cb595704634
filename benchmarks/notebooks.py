"""Rows on the notebooks: how long each takes, every cell queued at once, in a fresh kernel.

Also the cells that a learner waits for longest: where a profile begins.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from .rows import Row

if TYPE_CHECKING:
    from tests.harness.run_all import Report

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
REPEATS = 3
MOST_S = 120
SLOWEST = 8


def notebooks() -> Iterator[Row]:
    """Needs the test tools; gives no rows, and says so, without them or where a cell fails."""
    try:
        from tests.harness.run_all import run_all
    except ImportError as error:
        print(f"(no rows on the notebooks: {error})")
        return
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    seconds: dict[str, list[float]] = {path.stem: [] for path in paths}
    cells: dict[tuple[str, str], list[float]] = {}
    for _ in range(REPEATS):
        for path in paths:
            report = run_all(path, timeout=3 * MOST_S)
            if problems := report.problems():
                print(f"(a run of {path.stem} does not count: {problems[0].splitlines()[0]})")
                continue
            seconds[path.stem].append(report.seconds)
            for name, took in lengths(report):
                cells.setdefault((path.stem, name), []).append(took)
    for stem, values in seconds.items():
        if values:
            yield Row(f"notebook {stem}, top to bottom", values, "s", MOST_S)
    slow = sorted(cells, key=lambda key: -median(cells[key]))[:SLOWEST]
    for stem, name in slow:
        share = median(cells[stem, name]) / median(seconds[stem])
        yield Row(f"cell {name} of {stem}", cells[stem, name], "s", None,
                  f"{share:.0%} of its notebook")  # fmt: skip


def lengths(report: Report) -> Iterator[tuple[str, float]]:
    """Each cell of a run with the seconds until the next one began; not the last one."""
    begun = [(cell.id, cell.begun) for cell in report.cells if cell.begun is not None]
    for (name, begin), (_, end) in itertools.pairwise(begun):
        yield name, end - begin
