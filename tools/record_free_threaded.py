"""Record the run that the course shows where no free-threaded Python is found.

``python -m tools.record_free_threaded WITH_GIL FREE_THREADED`` takes the paths of two
interpreters, best built alike from one source, and writes the JSON that
`helpers.experiment.gil.side_by_side` reads. It takes about two minutes on a quiet
machine, longer on one that is quiet now and then, and writes nothing that `complaints`
objects to.
"""

from __future__ import annotations

import json
import sys

from helpers.experiment.gil.elsewhere import ask, reason_against
from helpers.experiment.gil.side_by_side import RECORDED, SideBySide, complaints, run_side_by_side
from helpers.experiment.rounds import Rounds
from helpers.worker.client import Worker
from helpers.workloads import work

THREADS = (1, 2, 4)
ROUNDS = 11
#: Rounds that may be spoilt by other programs, for each workload, before it gives up.
PATIENCE = 60


def record(with_gil: str, without: str) -> SideBySide:
    """Measure the standard library's workloads in both interpreters, interleaved."""
    workloads = [work.compute(ms=40), work.hashing(ms=40), work.compression(ms=40),
                 work.mixed(wait_ms=20, compute_ms=20)]  # fmt: skip
    workers = [Worker(with_gil), Worker(without)]
    try:
        rounds = Rounds(workers, lambda p: print(f"{p.share:4.0%} {p.words}", file=sys.stderr))
        return run_side_by_side(rounds, workloads, THREADS, ROUNDS, budget_s=None, retries=PATIENCE)
    finally:
        for worker in workers:
            worker.close()


def main(argv: list[str]) -> int:
    """Entry point; the exit status is 1 where nothing was written."""
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    against = reason_against(argv[1], ask(argv[1]))
    if against:
        print(against, file=sys.stderr)
        return 1
    result = record(*argv)
    print(*result.summary(), sep="\n")
    found = [*complaints(result), *result.notes]
    if found:
        print("Not written:", *found, sep="\n  ", file=sys.stderr)
        return 1
    RECORDED.write_text(json.dumps(result.as_dict(), indent=1) + "\n", encoding="utf-8")
    print(f"written: {RECORDED.name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
