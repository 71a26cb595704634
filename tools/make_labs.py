"""Writes the exercises in labs/ from the solutions in labs/solutions/: python -m tools.make_labs

A solution notebook is the source. Its cells go over as they are, but for the marks that
`helpers.checks.blank` knows, which become blanks, and cells tagged "solution", which stay out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from helpers.checks.blank import with_blanks

LABS = Path(__file__).resolve().parents[1] / "labs"
SOLUTIONS = LABS / "solutions"
#: A cell with this tag is in the solution only.
TAG = "solution"


def exercise_of(solution: NotebookNode) -> NotebookNode:
    """The exercise that a solution notebook stands for. Raises ValueError for a bad mark."""
    exercise = nbformat.from_dict(solution)
    exercise.cells = [c for c in exercise.cells if TAG not in c.metadata.get("tags", [])]
    for cell in exercise.cells:
        if cell.cell_type == "code":
            cell.source = with_blanks(cell.source)
    return exercise


def written(notebook: NotebookNode) -> str:
    """A notebook as the text of its file."""
    return nbformat.writes(notebook) + "\n"


def main() -> int:
    """Write every exercise; the exit code."""
    sources = sorted(SOLUTIONS.glob("*.ipynb"))
    for source in sources:
        text = written(exercise_of(nbformat.read(source, as_version=4)))
        (LABS / source.name).write_text(text, encoding="utf-8")
        print(f"labs/{source.name}")
    return 0 if sources else 1


if __name__ == "__main__":
    sys.exit(main())
