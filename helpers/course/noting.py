"""What is noted of each experiment. Noting never makes an experiment fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import wraps
from typing import Any

from ..experiment.comparison import Comparison
from .diary import note, shared_diary
from .entry import Entry
from .place import without_folders
from .surprises import is_number, told

#: What stands beside the models' medians in the data of a comparison.
FACTS = ("cores", "python", "rounds")


def _harmless(noting: Callable) -> Callable:
    """`noting`, but whatever goes wrong in it is nobody's problem: a result goes first."""

    @wraps(noting)
    def tried(*args: Any, **options: Any) -> None:
        try:
            noting(*args, **options)
        except Exception:
            return

    return tried


def _predicted(title: str, **parts: Any) -> None:
    entry = Entry.now("prediction", title=title, **parts)
    shared_diary().add(replace(entry, sentence=told(entry)))


def title_of(comparison: Comparison) -> str:
    """What was compared, in a few words: ``20 × wait 50 ms``."""
    request = comparison.request
    cap = "" if request.cap >= request.tasks else f", {request.cap:,} at once"
    return without_folders(f"{request.tasks:,} × {request.workload.title}{cap}")


@_harmless
def note_comparison(comparison: Comparison, guess: str | None = None) -> None:
    """Note what a comparison found, each time that was said, and the `guess` at the fastest.

    What failed or was left out is not noted.
    """
    if not comparison.models or not comparison.complete():
        return
    title, machine = title_of(comparison), comparison.machine
    walls = {model: comparison.wall(model) * 1e3 for model in comparison.models}
    found = comparison.summary()
    rounds = max((len(runs) for runs in comparison.repeats.values()), default=1)
    facts = dict(zip(FACTS, (machine.cores, machine.python, rounds), strict=True))
    note("comparison", title, unit="ms", data={**walls, **facts},
               sentence=without_folders(found[0] if found else ""))  # fmt: skip
    for model, seconds in comparison.said.items():
        if model in walls:
            _predicted(title, about=model, said=seconds * 1e3, measured=walls[model], unit="ms")
    if guess in walls and len(walls) > 1:
        _note_guess(comparison, title, guess)


def _note_guess(comparison: Comparison, title: str, guess: str) -> None:
    best, off = comparison.fastest(), None
    right: bool | None = True
    if guess != best:
        verdict = comparison.verdict(best, guess)
        right = False if verdict.claim == "faster" else None
        off = verdict.ratio
    _predicted(title, about="the fastest", said=guess, measured=best, right=right, factor=off)


@_harmless
def note_score(rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Note guesses beside a survey, as rows of (workload, said, measured, right or wrong)."""
    known = {"right": True, "wrong": False}
    for title, said, measured, answer in rows:
        if answer in known:
            _predicted(title, about="threads", said=said, measured=measured, right=known[answer])


@_harmless
def note_advice(function: str, sentence: str) -> None:
    """Note what was advised for a function, by its name."""
    note("advice", without_folders(function), sentence=without_folders(sentence))


@_harmless
def note_prediction(title: str, about: str, said: Any, measured: Any, unit: str,
                    right: bool | None = None) -> None:  # fmt: skip
    """Note one prediction beside what was measured, each a number or words."""
    values = [v if is_number(v) else str(v) for v in (said, measured)]
    _predicted(title, about=about, said=values[0], measured=values[1], unit=unit, right=right)


@_harmless
def note_check(lab: str, step: str, right: bool | None, observed: str) -> None:
    """Note what a check found in a step of a lab, by the stem of its notebook."""
    note("check", lab, about=step, right=right, sentence=without_folders(observed))


@_harmless
def note_answer(quiz: str, question: str, said: Any, right: bool) -> None:
    """Note an answer to a question of a quiz, by the stem of its notebook."""
    note("answer", quiz, about=question, said=said if is_number(said) else str(said), right=right)
