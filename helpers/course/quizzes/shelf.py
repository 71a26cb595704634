"""Where the quizzes are, and how one is found by its notebook."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ...experiment import BadRequest
from .plan import Quiz, read

FOLDER = Path(__file__).parent
#: The names of all quizzes: the stems of their notebooks.
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def find(name: Any) -> Quiz:
    """The quiz of a notebook, by its number ("03") or its whole stem.

    Raises BadRequest where there is none, BadQuiz for a file that is no quiz.
    """
    for stem in NAMES:
        if isinstance(name, str) and name in (stem, stem.partition("-")[0]):
            return _read(stem)
    numbers = ", ".join(stem.partition("-")[0] for stem in NAMES)
    raise BadRequest(f'There is no quiz {name!r}: write quiz("{NAMES[0][:2]}"), or another of '
                     f"{numbers}.")  # fmt: skip


@cache
def _read(stem: str) -> Quiz:
    return read(FOLDER / f"{stem}.toml")
