"""A batch in which a worker is killed: what its tasks report, and the moment of the death."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from ..scratch import ScratchFolder
from ..service import ServiceError
from . import jobs

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Report:
    """One start of a task: its number, the process that ran it, seconds since the first start.

    `end` is None where it did not come to its end.
    """

    number: int
    pid: int
    begin: float
    end: float | None


@dataclass
class Loss:
    """What the tasks of a batch reported; `killed` is the process that was killed, at `at` s."""

    reports: list[Report] = field(default_factory=list)
    killed: int | None = None
    at: float | None = None

    def tasks(self) -> list[int]:
        """The numbers of the tasks that started."""
        return sorted({report.number for report in self.reports})

    def finished(self) -> list[int]:
        """The numbers of the tasks that came to their end."""
        return sorted({report.number for report in self.reports if report.end is not None})

    def again(self) -> list[int]:
        """The numbers of the tasks that started more than once."""
        seen = [report.number for report in self.reports]
        return sorted({number for number in seen if seen.count(number) > 1})

    def workers(self) -> list[int]:
        """The processes, in the order of their first start."""
        return list(dict.fromkeys(report.pid for report in self.reports))


class MidRun(Loss):
    """A folder for the reports of `jobs.reported`; use it in a ``with`` block.

    The folder goes at the end of the block, or with this process; what was reported stays.
    It has to be one that the workers see, so they run on this machine.
    """

    def __enter__(self) -> MidRun:
        self._scratch = ScratchFolder()
        self.folder = str(self._scratch.path)
        return self

    def __exit__(self, *exc: object) -> None:
        self._read()
        self._scratch.close()

    async def at_work(self, workers: int = 2) -> int:
        """Wait until so many processes hold a task that waits for `release`; one of them.

        Raises ServiceError if that takes over half a minute.
        """
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            self._read()
            held = {r.pid for r in self.reports if r.end is None and r.number >= jobs.FREE}
            if len(held) >= workers:
                return min(held)
            await asyncio.sleep(0.01)
        raise ServiceError(f"{workers} processes never had a task at the same time: start more "
                           f"tasks than the first four.")  # fmt: skip

    def kill(self, pid: int) -> None:
        """Kill that process with SIGKILL, as a crash would, and note the moment."""
        os.kill(pid, signal.SIGKILL)
        self.killed, self._moment = pid, time.perf_counter()

    def release(self) -> None:
        """Let the tasks that wait go on."""
        jobs.release(self.folder)

    def _read(self) -> None:
        found = [json.loads(p.read_text()) for p in Path(self.folder).glob("*.json")]
        zero = min((one["begin"] for one in found), default=0.0)
        self.reports = sorted(
            (Report(f["number"], f["pid"], f["begin"] - zero,
                    f["end"] - zero if "end" in f else None) for f in found),
            key=lambda report: report.begin)  # fmt: skip
        if self.killed is not None:
            self.at = self._moment - zero


def mid_run() -> MidRun:
    """A batch whose tasks report to a folder, and in which a worker can be killed."""
    return MidRun()
