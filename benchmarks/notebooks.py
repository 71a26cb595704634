"""Rows on the notebooks: how long each takes, every cell queued at once, in a fresh kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .rows import Row

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
REPEATS = 1
MOST_S = 120


def notebooks() -> Iterator[Row]:
    """Needs the test tools; gives no rows, and says so, without them or where a cell fails."""
    try:
        from tests.harness.run_all import run_all
    except ImportError as error:
        print(f"(no rows on the notebooks: {error})")
        return
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        seconds = []
        for _ in range(REPEATS):
            report = run_all(path, timeout=3 * MOST_S)
            if problems := report.problems():
                print(f"(no row for {path.stem}: {problems[0].splitlines()[0]})")
                break
            seconds.append(report.seconds)
        else:
            yield Row(f"notebook {path.stem}, top to bottom", seconds, "s", MOST_S)
