"""What a task says about itself while it runs: stamps taken inside the work.

A workload that knows its own phases notes them here, and the recorder reads them
after the run. Raw tuples only: nothing is computed while something is measured.

``(WAIT, begin_ns, due_ns, end_ns)``
    The task waited from ``begin_ns``; the wait was over at ``due_ns``; the task ran
    again at ``end_ns`` (both later than or equal to the one before).
``(PYTHON, slices)`` / ``(NATIVE, slices)``
    Slices ``[(begin_ns, end_ns), ...]`` in which the task computed, in Python code
    or in C code that had released the GIL.

All times are ``time.perf_counter_ns()``, which on Linux is one clock for every
process of the machine.
"""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter_ns as now

WAIT, PYTHON, NATIVE = "wait", "python", "native"

#: Two stamps of a computing task further apart than this: it did not run in between.
#: A stamp comes every 50-300 µs, a thread that lost the GIL is gone for 5 ms.
GAP_NS = 500_000

_marks: ContextVar[list | None] = ContextVar("marks", default=None)


def attach(marks: list | None) -> None:
    """Make `marks` the list that the current task (or thread) writes to."""
    _marks.set(marks)


def note(mark: tuple) -> None:
    """Add one mark of the current task; does nothing where nobody records."""
    marks = _marks.get()
    if marks is not None:
        marks.append(mark)


class Stamps:
    """Cuts a computation into the slices in which it really ran.

    Call `stamp()` often; two stamps more than `GAP_NS` apart end one slice and begin
    the next. `done(kind)` notes the slices. The idea is that of the GIL visualisations
    of David Beazley, without tracing: the work itself tells when it runs.
    """

    __slots__ = ("begin", "last", "slices")

    def __init__(self) -> None:
        self.slices: list[tuple[int, int]] = []
        self.begin = self.last = now()

    def stamp(self) -> None:
        """The task is running at this moment."""
        moment = now()
        if moment - self.last > GAP_NS:
            self.slices.append((self.begin, self.last))
            self.begin = moment
        self.last = moment

    def done(self, kind: str) -> None:
        """Note all slices up to the last stamp as computing of `kind`."""
        self.slices.append((self.begin, self.last))
        note((kind, self.slices))
