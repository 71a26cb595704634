"""How far a learner is: each notebook and lab of the course, and what comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from . import quizzes
from .entry import Entry
from .outline import OPTIONAL, OUTLINE, STEPS, Item

#: What is no experiment; all other kinds are.
_NOT_MEASURED = ("prediction", "answer", "check")

DONE, BEGUN, NOT_YET = "done", "begun", "not yet"


@dataclass(frozen=True)
class Standing:
    """What was done so far in one notebook or lab.

    `right` of `asked` questions were answered right at least once, or steps of a lab passed;
    `asked` is None where nobody knows how many there are. `tried` is whether any was answered
    or checked, `extra` whether the OPTIONAL step was passed as well.
    """

    item: Item
    begun: bool
    predictions: int
    experiments: int
    right: int
    asked: int | None
    tried: bool = False
    extra: bool = False

    @property
    def done(self) -> bool:
        """Whether every question was answered right, or every required step passed.

        What has no known questions is done once it was begun.
        """
        return self.begun if self.asked is None else self.right >= self.asked

    @property
    def state(self) -> str:
        """``done``, ``begun`` or ``not yet``."""
        return DONE if self.done else BEGUN if self.begun else NOT_YET


Questions = Callable[[str], Sequence[str] | None]


def questions_of(stem: str) -> Sequence[str] | None:
    """The ids of the questions in a notebook's quiz; None where it has none that is known."""
    if stem not in quizzes.NAMES:
        return None
    try:
        return [question.id for question in quizzes.find(stem).questions]
    except (quizzes.BadQuiz, OSError):
        return None


def progress_of(noted: Iterable[Entry], questions: Questions | None = None) -> list[Standing]:
    """The standing in each notebook and lab, in the order of the course.

    `questions` gives the ids of a notebook's questions by its stem; without it: the
    course's own.
    """
    ask = questions or questions_of
    by_stem: dict[str, list[Entry]] = {item.stem: [] for item in OUTLINE}
    for entry in noted:
        for stem in {_stem(entry), entry.title if entry.kind in ("answer", "check") else ""}:
            if stem in by_stem:
                by_stem[stem].append(entry)
    return [_standing(item, by_stem[item.stem], ask) for item in OUTLINE]


def next_of(standings: Sequence[Standing]) -> Standing | None:
    """The first that is not done, or None."""
    return next((one for one in standings if not one.done), None)


def _stem(entry: Entry) -> str:
    return (entry.notebook or "").removesuffix(".ipynb")


def _standing(item: Item, noted: list[Entry], ask: Questions) -> Standing:
    kind = "check" if item.lab else "answer"
    graded = [e for e in noted if e.kind == kind and e.title == item.stem]
    # right once is right for good: trying another answer costs nothing
    right = {entry.about for entry in graded if entry.right}
    known = STEPS if item.lab else ask(item.stem)
    return Standing(
        item,
        begun=bool(noted),
        predictions=len({(e.title, e.about) for e in noted if e.kind == "prediction"}),
        experiments=len({(e.kind, e.title) for e in noted if e.kind not in _NOT_MEASURED}),
        right=len(right) if known is None else len(right.intersection(known)),
        asked=None if known is None else len(known),
        tried=bool(graded),
        extra=item.lab and OPTIONAL in right,
    )
