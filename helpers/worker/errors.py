"""Why a run gave no result, in one sentence each."""

from __future__ import annotations

import os


class RunError(RuntimeError):
    """A run gave no result. `details` holds a traceback, where there is one."""

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details


class Stopped(RunError):
    """The run was stopped by whoever asked for it."""


class TimeBoxEnded(RunError):
    """The run took longer than its time box and was ended."""


class MemoryCapReached(RunError):
    """The run took more memory than it may have and was ended."""


class Busy(RunError):
    """The worker is in another run."""


class WorkerEnded(RunError):
    """The worker's own processes ended before the request did."""

    def __init__(self, details: str = "") -> None:
        super().__init__("The worker has ended: run it again.", details)


def death_sentence(status: int) -> str:
    """What to say of a run whose process ended with this wait status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return (f"The run's process was killed by signal {number} before it could finish: "
                f"look for os.kill, a crash in a C library, or too little memory.")  # fmt: skip
    code = os.waitstatus_to_exitcode(status)
    return (f"The run's process ended itself with code {code} before it could finish: a task "
            f"must return, not call os._exit.")  # fmt: skip
