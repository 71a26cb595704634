"""One check, from the learner's code to a finding. Runs in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..worker.sources import remember
from .attempt import BadOrder, assembled, function_of
from .finding import RIGHT, WRONG, Finding, Wrong
from .lab import Step
from .labs import find
from .standing import failed
from .virtual import sleep_observed


def grade(lab: int, step: int, code: bytes) -> dict[str, str]:
    """The finding of a step's check, as a dict; `code` holds ``(solutions, sources)``.

    The code is unpickled where `time.sleep` is observed: whatever name a learner has given
    it, that name is bound to the observed one.
    """
    import cloudpickle

    with sleep_observed():
        solutions, sources = cloudpickle.loads(code)
        remember(sources)
        return judged(find(lab).steps[step - 1], solutions).as_dict()


def judged(step: Step, solutions: Sequence[Any]) -> Finding:
    """What the check of `step` finds in `solutions`, here and now."""
    try:
        if step.lines:
            solutions = [_in_order(step, solutions[0])]
        return Finding(RIGHT, step.check(*solutions))
    except Wrong as wrong:
        return Finding(WRONG, wrong.observed, wrong.points_at, wrong.details)
    except Exception as error:
        found = failed(error)
        return Finding(WRONG, found.observed, found.points_at, found.details)


def _in_order(step: Step, order: Any) -> Any:
    try:
        source = assembled(step.lines, order, "The order")
        return function_of(source, step.name, step.names)
    except BadOrder as error:
        raise Wrong(str(error)) from None
    except SyntaxError as error:
        raise Wrong(f"In this order the lines are no program: {error.msg} (line {error.lineno}).",
                    "The indentation is part of each line: a deeper line belongs to the one "
                    "above it.") from None  # fmt: skip
    except LookupError:
        raise Wrong(f"In this order the lines don't define {step.name}: the line with def comes "
                    f"first.") from None  # fmt: skip
    except Exception as error:
        raise failed(error, "The program") from error
