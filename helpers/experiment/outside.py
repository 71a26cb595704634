"""Why a task failed, where it is not its own doing: what it stood on was gone."""

from __future__ import annotations

from ..measure.shortage import short_of
from ..services.service import ended_services


def outside(line: str) -> str:
    """What a failed task went without, in a sentence each; empty if nothing is known.

    That is a server of the course that has ended, or room on a disc, open files, threads,
    memory. `line` is its error as the last line of a traceback says it, type and message.
    """
    return " ".join(filter(None, [ended_services(), short_of(line)]))


def named(failure: dict) -> str:
    """The error of a `measure.recorder.Failure` as the last line of a traceback says it."""
    return f"{failure['type']}: {failure['message']}" if failure["message"] else failure["type"]
