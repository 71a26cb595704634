"""A run: one execution of N tasks of one workload in one model, and what was measured."""

from __future__ import annotations

import hashlib
import json
import pickle
import struct
from array import array
from dataclasses import dataclass, field
from typing import Any

from .heartbeat import Lag
from .recorder import Failure
from .trace import Trace
from .usage import Usage

#: Results larger than this stay where they were made; their digest still travels.
LARGEST_RESULTS = 1_000_000
MOST_FAILURES = 20

_COLUMNS = ("cells", "submitted", "started", "ended", "lanes")


@dataclass
class Run:
    """What one run measured. Times in seconds.

    `digest` identifies the results, task by task in order (None where they can't be
    pickled); `results` holds them where they are small. `failed` counts the tasks that
    raised, `failures` describes the first of them; `never_ran` counts those that the
    model did not run at all. `printed` is what tasks wrote to
    stdout and stderr, cut after 2,000 characters. `lines` holds where tasks stood in a
    learner's code (rows of `measure.lines`), if that was asked for.
    """

    model: str
    tasks: int
    cap: int
    wall_s: float
    usage: Usage
    failed: int = 0
    never_ran: int = 0
    failures: list[Failure] = field(default_factory=list)
    digest: str | None = None
    results: list[Any] | None = None
    lag: Lag | None = None
    trace: Trace | None = None
    printed: str = ""
    lines: array = field(default_factory=lambda: array("q"))

    def detailed(self) -> Trace:
        """The trace. Raises LookupError for a run that was measured without its detail."""
        if self.trace is None:
            raise LookupError("this run has no trace: it was measured without detail")
        return self.trace

    def pack(self) -> bytes:
        """The run as bytes for another process: a JSON header, then binary columns."""
        digest, pickled = _pickle(self.results)
        trace = self.trace
        blobs = [getattr(trace, name).tobytes() for name in _COLUMNS] if trace else []
        lines = self.lines.tobytes()
        small = pickled if pickled is not None and len(pickled) <= LARGEST_RESULTS else b""
        header = {
            "model": self.model,
            "tasks": self.tasks,
            "cap": self.cap,
            "wall_s": self.wall_s,
            "usage": self.usage.as_dict(),
            "failed": self.failed,
            "never_ran": self.never_ran,
            "failures": sorted(self.failures, key=lambda f: f["task"])[:MOST_FAILURES],
            "digest": digest,
            "lag": self.lag.as_dict() if self.lag else None,
            "printed": self.printed,
            "trace_wall_ns": trace.wall_ns if trace else None,
            "trace_apart": bool(trace and trace.apart),
            "blobs": [len(blob) for blob in [*blobs, lines, small]],
        }
        head = json.dumps(header).encode()
        return b"".join([struct.pack("<I", len(head)), head, *blobs, lines, small])

    @classmethod
    def unpack(cls, message: bytes) -> Run:
        """The run that `pack` packed. Results are unpickled: only for one's own worker."""
        size = struct.unpack_from("<I", message)[0]
        header = json.loads(message[4 : 4 + size])
        blobs, at = [], 4 + size
        for length in header["blobs"]:
            blobs.append(message[at : at + length])
            at += length
        trace = None
        if header["trace_wall_ns"] is not None:
            trace = Trace(header["tasks"], header["trace_wall_ns"], header["trace_apart"])
            for name, blob in zip(_COLUMNS, blobs, strict=False):
                setattr(trace, name, array("q", blob))
        return cls(
            model=header["model"],
            tasks=header["tasks"],
            cap=header["cap"],
            wall_s=header["wall_s"],
            usage=Usage(**header["usage"]),
            failed=header["failed"],
            never_ran=header["never_ran"],
            failures=[Failure(failure) for failure in header["failures"]],
            digest=header["digest"],
            results=_unpickle(blobs[-1]),
            lag=Lag(**header["lag"]) if header["lag"] else None,
            trace=trace,
            printed=header["printed"],
            lines=array("q", blobs[-2]),
        )


def _pickle(results: list[Any] | None) -> tuple[str | None, bytes | None]:
    if results is None:
        return None, None
    try:
        # task by task: one shared object among the results must not change the digest
        parts = [pickle.dumps(result, 5) for result in results]
        whole = pickle.dumps(results, 5)
    except Exception:
        return None, None
    digest = hashlib.sha256()
    for part in parts:
        digest.update(struct.pack("<Q", len(part)) + part)
    return digest.hexdigest(), whole


def _unpickle(blob: bytes) -> Any:
    if not blob:
        return None
    try:
        return pickle.loads(blob)
    except Exception:  # a class that this process doesn't know
        return None


def same_results(first: Run, second: Run) -> bool | None:
    """Whether two runs' tasks returned the same values; None where that can't be told."""
    if first.digest is not None and first.digest == second.digest:
        return True
    if first.results is None or second.results is None:
        return None
    try:
        return all(_equal(a, b) for a, b in zip(first.results, second.results, strict=True))
    except Exception:
        return None


def _equal(a: Any, b: Any) -> bool:
    same = a == b
    return bool(same.all()) if hasattr(same, "all") else bool(same)
