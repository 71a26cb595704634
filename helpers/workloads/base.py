"""A workload: what one task does, in a blocking form and an async form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: What a task spends its time on, as far as that is known before it is measured.
KINDS = ("waiting", "python", "native", "mixed", "unknown")


@dataclass(frozen=True)
class Workload:
    """What one task does.

    `blocking` is a plain function, `coroutine` an ``async def`` function that does the
    same work; either may be missing. Both are called with `args`, or, where
    `takes_number` is true, with the task's number (0, 1, ...) before them.

    `kind` is one of `KINDS`. `wait_s` and `cpu_s` are the seconds that one task is
    expected to wait and to compute; ``None`` where only a measurement can tell.
    `loop_waits` says whether the waiting of the async form leaves the loop free.
    `spec` rebuilds the workload by name in another interpreter; ``None`` for a
    learner's own functions, which travel as code.
    """

    name: str
    title: str
    blocking: Callable[..., Any] | None
    coroutine: Callable[..., Any] | None
    kind: str = "unknown"
    wait_s: float | None = None
    cpu_s: float | None = None
    loop_waits: bool = True
    takes_number: bool = False
    args: tuple = ()
    spec: Mapping[str, Any] | None = field(default=None, compare=False)

    def form(self, which: str) -> Callable[[int], Any]:
        """The function of a task's number for ``which`` in ("blocking", "coroutine").

        Raises LookupError where the workload has no such form.
        """
        function = self.blocking if which == "blocking" else self.coroutine
        if function is None:
            raise LookupError(f"{self.title} has no {which} form")
        args = self.args
        if self.takes_number:
            return (lambda number: function(number, *args)) if args else function
        return lambda number: function(*args)
