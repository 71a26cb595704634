"""A lab as a learner uses it: check a step, ask for a hint, look at a solution."""

from __future__ import annotations

import json
from typing import Any

from ..charts.graded import ShownCheck, ShownHint, ShownSolution
from ..checks import NOT_ATTEMPTED, WRONG, Finding
from ..checks import lab as labs
from ..checks.attempt import blanks
from ..checks.blank import without_marks
from ..checks.grade import grade
from ..checks.labs import NUMBERS, find
from ..course.noting import note_check
from ..course.place import PROJECT
from ..experiment import BadRequest
from ..worker.errors import Busy, RunError, Stopped, TimeBoxEnded
from ..worker.registry import shared_worker
from ..worker.sources import sources_of
from ..worker.travel import as_code
from .running import ExperimentFailed, in_thread

#: Seconds for one check; what hangs is found sooner, by the check itself.
TIME_BOX_S = 20.0
SOLUTIONS = PROJECT / "labs" / "solutions"


class Lab:
    """The lab of a notebook; steps are numbered from 1. Make it with `lab`."""

    def __init__(self, number: int, plan: labs.Lab) -> None:
        self._number, self._plan = number, plan
        self._hinted = dict.fromkeys(range(1, len(plan.steps) + 1), 0)

    async def check(self, step: int, *solutions: Any) -> ShownCheck:
        """Check a solution in a fresh process, and say what it did.

        `solutions` are what the step asks for: a function of yours, two, or an order of
        lines. The finding is noted in the diary. Raises BadRequest for a step that there is
        not, and for something else than the step takes.
        """
        plan = self._step(step)
        takes = plan.takes
        if len(solutions) != len(takes):
            examples = ", ".join(_example(one) for one in takes)
            raise BadRequest(f"Step {step} takes {' and '.join(takes)}: write "
                             f"lab{self._number}.check({step}, {examples}).")  # fmt: skip
        left = sum(map(blanks, solutions))
        if left:
            return ShownCheck(f"Step {step}", _unattempted(left))
        for one, what in zip(solutions, takes, strict=True):
            if not plan.lines and not callable(one):
                raise BadRequest(f"Step {step} takes {what}; {one!r} is none: pass the function "
                                 f"itself, without calling it.")  # fmt: skip
        finding, printed = await self._found(step, solutions)
        note_check(self._plan.stem, f"step {step}", finding.right, finding.observed)
        return ShownCheck(f"Step {step}", finding, self._advice(step, finding), printed)

    def hint(self, step: int) -> ShownHint:
        """The next hint of a step; after the last one, the first again."""
        hints = self._step(step).hints
        number = self._hinted[step] % len(hints)
        self._hinted[step] += 1
        last = number + 1 == len(hints)
        more = (
            f"That was the last one; lab{self._number}.solution({step}) shows a solution."
            if last
            else ""
        )
        return ShownHint(f"Step {step}", number + 1, len(hints), hints[number], more)

    def solution(self, step: int) -> ShownSolution:
        """One right solution of a step, from the notebook in labs/solutions.

        Raises BadRequest for a step that is not there, and where that notebook is missing.
        """
        self._step(step)
        path = SOLUTIONS / f"{self._plan.stem}.ipynb"
        try:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        except (OSError, ValueError, KeyError):
            raise BadRequest(
                f"The solutions are not beside this notebook: look for "
                f"labs/solutions/{path.name} in the course's folder."
            ) from None
        code = ["".join(cell["source"]) for cell in cells if cell.get("id") == f"step-{step}"]
        return ShownSolution(f"Step {step}", without_marks(code[0]) if code else "")

    # --- inside ------------------------------------------------------------------------

    def _step(self, number: Any) -> labs.Step:
        steps = self._plan.steps
        if (
            isinstance(number, bool)
            or not isinstance(number, int)
            or not (1 <= number <= len(steps))
        ):
            raise BadRequest(f"This lab has steps 1 to {len(steps)}; {number!r} is none.")
        return steps[number - 1]

    async def _found(self, step: int, solutions: tuple) -> tuple[Finding, str]:
        worker = shared_worker()
        try:
            code = as_code((solutions, sources_of(solutions)))
            answer = await in_thread(
                lambda: worker.call(grade, self._number, step, code, time_box=TIME_BOX_S),
                worker.stop,
                plainly=True,
            )
        except (Busy, Stopped) as error:
            raise ExperimentFailed(str(error)) from None
        except TimeBoxEnded:
            return Finding(WRONG, f"Deadlock or endless loop: the check had not ended after "
                                  f"{TIME_BOX_S:g} s."), ""  # fmt: skip
        except RunError as error:
            return Finding(WRONG, str(error), details=error.details), ""
        return Finding(**answer["value"]), answer["printed"]

    def _advice(self, step: int, finding: Finding) -> str:
        if not finding.right:
            return f"For a hint: lab{self._number}.hint({step})."
        steps = self._plan.steps
        if step == len(steps):
            return ""
        following = f"Step {step + 1}"
        return f"{following} is OPTIONAL." if steps[step].optional else f"On to step {step + 1}."


def lab(number: int) -> Lab:
    """The lab of that `number`, 1 to 6. Raises BadRequest for others."""
    if isinstance(number, bool) or number not in NUMBERS:
        raise BadRequest(f"There are labs 1 to {NUMBERS[-1]}; {number!r} is none.")
    return Lab(number, find(number))


def _unattempted(left: int) -> Finding:
    what = "A blank is" if left == 1 else f"{left} blanks are"
    each = "the" if left == 1 else "each"
    return Finding(NOT_ATTEMPTED, f"{what} left: put code in place of {each} `...`, run that cell, "
                                  f"then check again.")  # fmt: skip


def _example(what: str) -> str:
    return what.split()[-1]
