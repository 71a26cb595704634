"""The exit quiz of a notebook. A browser can ask and explain it alone; answers go in the diary."""

from __future__ import annotations

import threading
from typing import Any

import anywidget
import traitlets

from ..course import entries
from ..course.noting import note_answer
from ..course.quizzes import Quiz, find
from .as_text import AsText
from .browser import module_and_style


class QuizWidget(AsText, anywidget.AnyWidget):
    """The questions of a quiz, each with its own Check button, and a score.

    `quiz_data` is what the browser needs, `before` the ids of the questions that were
    answered right in an earlier session. In `answers` the browser puts each answer, as
    ``{"n": 1, "question": id, "said": option or number}``: the latest few, numbered, since
    the kernel may be busy and then sees only the last state of a trait.
    """

    _esm, _css = module_and_style("quiz")
    quiz_data = traitlets.Dict().tag(sync=True)
    before: traitlets.List = traitlets.List().tag(sync=True)
    answers = traitlets.Any(default_value=[]).tag(sync=True)  # whatever a browser sends

    def __init__(self, plan: Quiz) -> None:
        self._plan, self._last = plan, 0
        self._noting = threading.Lock()
        known = _answered_right(plan)
        super().__init__(quiz_data=plan.as_data(), before=known)
        self.observe(self._answered, "answers")

    def _answered(self, change: Any) -> None:
        """Note what is new. It may be called on any thread, and touches no widget."""
        with self._noting:  # one at a time: each answer is noted once
            for answer in change["new"] if isinstance(change["new"], list) else []:
                self._note(answer)

    def _note(self, answer: Any) -> None:
        if not isinstance(answer, dict):
            return
        number, question = answer.get("n"), self._plan.question(answer.get("question"))
        if isinstance(number, bool) or not isinstance(number, int) or number <= self._last:
            return
        said = answer.get("said")
        right = question.judge(said) if question else None
        if question is None or right is None:
            return
        self._last = number
        note_answer(self._plan.name, question.id, question.words_of(said), right)

    def __str__(self) -> str:
        return self._plan.as_text()


def quiz(name: str) -> QuizWidget:
    """The exit quiz of a notebook; `name` is its number ("03") or its whole name.

    Raises BadRequest where there is none.
    """
    return QuizWidget(find(name))


def _answered_right(plan: Quiz) -> list[str]:
    """The ids of the questions that the diary knows to have been answered right."""
    try:
        right = {one.about for one in entries()
                 if one.kind == "answer" and one.title == plan.name and one.right}  # fmt: skip
    except Exception:  # a quiz can be asked without a diary
        return []
    return [one.id for one in plan.questions if one.id in right]
