"""A quiz as plain data: questions with options, or with a number to predict.

A quiz is one TOML file, with a table ``[[question]]`` for each question::

    id = "two-sleeps"               # words joined by hyphens, once in a file
    ask = "How long does `f` take?" # what stands in backticks is code
    code = "..."                    # optional: a few lines, shown below
    settle = "answer = ..."         # Python that computes the answer, or
    source = "..."                  # the document that says so, where code can't

and then either options, exactly one of them right::

    [[question.option]]
    id = "one"
    text = "1 s"
    why = "..."                     # shown when it was chosen, right or wrong
    right = true

or a number, accepted within a relative tolerance, and well-known wrong ones::

    answer = 100
    unit = "ms"
    tolerance = 0.25
    why = "..."
    [[question.miss]]
    near = 10000
    why = "..."

`settle` sets ``answer``: the `id` of the right option, or the number.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FEWEST, MOST = 3, 5
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_QUESTION = {"id": str, "ask": str, "code": str, "settle": str, "source": str, "option": list,
             "answer": float, "unit": str, "tolerance": float, "why": str,
             "miss": list}  # fmt: skip
_OPTION = {"id": str, "text": str, "why": str, "right": bool}
_MISS = {"near": float, "why": str}


class BadQuiz(ValueError):
    """A file is no quiz; the message names the file, the question and what to mend."""


@dataclass(frozen=True)
class Option:
    """One answer to choose; `why` explains it, right or wrong."""

    id: str
    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Miss:
    """A wrong number that many people give, and the misconception behind it.

    `near` is that number, in the unit of its question.
    """

    near: float
    why: str


@dataclass(frozen=True)
class Question:
    """One question: with `options`, or with a number in `unit` as its `answer`.

    A number is right within the relative `tolerance`, 0 for exact; a `Miss` is recognised
    within the same. `settle` is Python code that computes the answer; where none can,
    `source` names the document.
    """

    id: str
    ask: str
    options: tuple[Option, ...] = ()
    answer: float | None = None
    unit: str = ""
    tolerance: float = 0.0
    why: str = ""
    misses: tuple[Miss, ...] = ()
    code: str = ""
    settle: str = ""
    source: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it asks for a number."""
        return not self.options

    @property
    def number(self) -> float:
        """The answer to a question that asks for a number. Raises LookupError for another."""
        if self.answer is None:
            raise LookupError(f"{self.id} asks for no number")
        return self.answer

    @property
    def solution(self) -> str | float:
        """The id of the right option, or the number."""
        if self.numeric:
            return self.number
        return next(option.id for option in self.options if option.right)

    def judge(self, said: Any) -> bool | None:
        """Whether an answer is right: an option's id or a number. None if it is no answer."""
        if not self.numeric:
            found = [option.right for option in self.options if option.id == said]
            return found[0] if found else None
        if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
            return None
        return near(said, self.number, self.tolerance)

    def words_of(self, said: Any) -> Any:
        """An answer as a person reads it: an option's text, without its marks; a number."""
        texts = {option.id: option.text.replace("`", "") for option in self.options}
        return texts.get(said, said) if texts else said

    def as_data(self) -> dict[str, Any]:
        """What a page needs to ask, judge and explain it; plain values only."""
        left_out = ("settle",)
        return {name: value for name, value in asdict(self).items() if name not in left_out}


@dataclass(frozen=True)
class Quiz:
    """The questions of one notebook; `name` is the stem of its file."""

    name: str
    questions: tuple[Question, ...]

    def question(self, name: Any) -> Question | None:
        """The question with that id, None if there is none."""
        return next((one for one in self.questions if one.id == name), None)

    def as_data(self) -> dict[str, Any]:
        """What a page needs, as plain values."""
        return {"name": self.name, "questions": [one.as_data() for one in self.questions]}

    def as_text(self) -> str:
        """All questions and options as plain text, without the answers."""
        lines = ["Exit quiz"]
        for number, one in enumerate(self.questions, 1):
            lines += ["", f"{number}. {one.ask}"]
            lines += [f"     {line}" for line in one.code.splitlines()]
            lines += [f"   ( ) {option.text}" for option in one.options]
            lines += [f"   Your answer, a number: ____ {one.unit}".rstrip()] * one.numeric
        return "\n".join(lines)


def near(said: float, number: float, tolerance: float) -> bool:
    """Whether a number is another one, to a relative tolerance; the ends belong to it."""
    return abs(said - number) <= abs(number) * tolerance * (1 + 1e-9) + 1e-12


def read(path: Path) -> Quiz:
    """The quiz in a TOML file. Raises BadQuiz for anything that is none, OSError without it."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadQuiz(f"{path.name} is no TOML: {error}.") from None
    try:
        _keys(found, {"question": list}, "the file")
        questions = tuple(_question(one) for one in found.get("question", []))
        _once([one.id for one in questions], "question")
        if not FEWEST <= len(questions) <= MOST:
            raise BadQuiz(f"there are {len(questions)} questions: ask {FEWEST} to {MOST}")
    except BadQuiz as error:
        raise BadQuiz(f"{path.name}: {error}.") from None
    return Quiz(path.stem, questions)


def _question(found: Any) -> Question:
    where = f"question {found.get('id')!r}" if isinstance(found, Mapping) else f"{found!r}"
    values = _keys(found, _QUESTION, where)
    options = tuple(Option(**_full(one, _OPTION, where)) for one in values.pop("option", []))
    misses = tuple(Miss(**_full(one, _MISS, where)) for one in values.pop("miss", []))
    _needs(values, ("id", "ask"), where)
    made = Question(**values, options=options, misses=misses)
    for name in (made.id, *(option.id for option in options)):
        if not _ID.fullmatch(name):
            raise BadQuiz(f"{where}: the id {name!r} is not words joined by hyphens")
    if bool(made.settle) == bool(made.source):
        raise BadQuiz(f"{where} needs either settle, code that computes the answer, or source")
    _check_options(made, where) if options else _check_number(made, where)
    return made


def _check_options(made: Question, where: str) -> None:
    if made.answer is not None or made.misses or made.unit or made.tolerance or made.why:
        raise BadQuiz(f"{where} has options and a number: leave one of them out")
    if not 3 <= len(made.options) <= 4:
        raise BadQuiz(f"{where} has {len(made.options)} options: give 3 or 4")
    _once([option.id for option in made.options], f"option in {where}")
    _once([option.text for option in made.options], f"text in {where}")
    right = sum(option.right for option in made.options)
    if right != 1:
        raise BadQuiz(f"{where} has {right} right options: mark exactly one")


def _check_number(made: Question, where: str) -> None:
    if made.answer is None or not made.why:
        raise BadQuiz(f"{where} has neither options nor an answer with its why")
    if not math.isfinite(made.answer) or not 0 <= made.tolerance < 1:
        raise BadQuiz(f"{where}: the answer must be finite, the tolerance from 0 to below 1")
    for miss in made.misses:
        if near(miss.near, made.answer, made.tolerance):
            raise BadQuiz(f"{where}: the wrong number {miss.near:g} would be accepted")


def _full(found: Any, known: Mapping[str, type], where: str) -> dict[str, Any]:
    values = _keys(found, known, where)
    _needs(values, [name for name in known if name != "right"], where)
    return values


def _keys(found: Any, known: Mapping[str, type], where: str) -> dict[str, Any]:
    """The values of a table, each of the right type; whole numbers become floats."""
    if not isinstance(found, Mapping):
        raise BadQuiz(f"{where} is no table")
    values = {}
    for name, value in found.items():
        if name not in known:
            raise BadQuiz(f"{where} has an unknown key {name!r}: {', '.join(known)} are known")
        kind = known[name]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind):
            raise BadQuiz(f"{where}: {name} is not of type {kind.__name__}")
        values[name] = value.strip() if isinstance(value, str) else value
    return values


def _needs(values: Mapping[str, Any], names: Any, where: str) -> None:
    for name in names:
        if values.get(name) in (None, ""):
            raise BadQuiz(f"{where} lacks {name}")


def _once(names: list[str], what: str) -> None:
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise BadQuiz(f"the {what} {sorted(twice)[0]!r} is there twice")
