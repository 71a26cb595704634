"""Lab 1, what are threads: jobs that run at once, in threads of their own.

A check says what it saw, and raises Wrong where that is not what was asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from ..finding import Wrong
from ..lab import Lab, Step
from ..meeting import Meeting
from ..standing import failed

ONE_AFTER_THE_OTHER = (
    "A join() waits for the thread to end. In the same loop as start(), it keeps the next "
    "thread from starting; and run() calls the job itself, in the calling thread."
)


def _together(jobs: Meeting, doing: str) -> None:
    """Raise Wrong unless all jobs were in progress at once, each in a thread of its own."""
    here = [k for k, thread in enumerate(jobs.threads) if thread == jobs.caller]
    if here:
        raise Wrong(f"Job {here[0]} ran in the thread that called {doing}, not in one of its own.",
                    "target=job hands the function over. target=job() calls it first, and so "
                    "does run().")  # fmt: skip
    if not jobs.met:
        raise Wrong(f"The jobs were never all in progress: at most {jobs.most} of {jobs.count} "
                    f"at once.", ONE_AFTER_THE_OTHER)  # fmt: skip
    jobs.demand_called_once(doing)


def _waited_for(jobs: Meeting, doing: str) -> None:
    if jobs.early:
        raise Wrong(f"{doing} came back while jobs were still in progress.",
                    "start() returns at once. Only join() waits for the end.")  # fmt: skip


def check_start_all(start_all: Callable) -> str:
    """Every job in a thread of its own, all at once; back when all have ended."""
    jobs = Meeting(4)
    jobs.attend(start_all, doing="start_all")
    _together(jobs, "start_all")
    _waited_for(jobs, "start_all")
    return (
        "All 4 jobs were in progress at once, each in a thread of its own, and start_all came "
        "back when the last had ended."
    )


def check_results_of(results_of: Callable) -> str:
    """The results in the order of the jobs, although they end the other way round."""
    jobs = Meeting(4, backwards=True)
    found = jobs.attend(results_of, doing="results_of")
    _together(jobs, "results_of")
    _waited_for(jobs, "results_of")
    _in_order(found, jobs, "results_of")
    return (
        f"The jobs ended in the order {_numbers(jobs.ended)}; the results came in the order "
        f"{_numbers(range(4))}."
    )


def _in_order(found: Any, jobs: Meeting, doing: str) -> None:
    if found == jobs.results():
        return
    shown = repr(found)[:120]
    kept = [one for one in found if one is not None] if isinstance(found, list) else []
    if kept == [f"loaf {k}" for k in jobs.ended]:
        raise Wrong(f"The results came in the order in which the jobs ended: {shown}.",
                    "append() keeps the order of ending. Give each job a place of its own in "
                    "the list.")  # fmt: skip
    if found is None:
        raise Wrong(f"{doing} gave None.", "A thread gives no result, and neither does a function "
                    "without return: keep the results in a list, and return it.")  # fmt: skip
    if isinstance(found, list) and any(isinstance(one, threading.Thread) for one in found):
        raise Wrong(f"{doing} gave threads.", "A Thread keeps no result. Let its function store "
                    "what the job gives.")  # fmt: skip
    raise Wrong(f"{doing} gave {shown}, not {jobs.results()!r}.",
                "A function made in a loop looks up the loop's variable when it runs, not when "
                "it is made: pass the number as an argument.")  # fmt: skip


def check_run_all(run_all: Callable) -> str:
    """Results in order; a failure is raised once all have ended; nothing is left running."""
    jobs = Meeting(4, backwards=True)
    found = jobs.attend(run_all, doing="run_all")
    _together(jobs, "run_all")
    _waited_for(jobs, "run_all")
    _in_order(found, jobs, "run_all")
    burnt = ValueError("loaf 1 is burnt")
    jobs = Meeting(4, backwards=True, failing={1: burnt})
    try:
        found = jobs.attend(run_all, doing="run_all")
    except Wrong:
        raise
    except ValueError as error:
        if error is not burnt:
            raise failed(error, "With a failing job, run_all") from error
    else:
        raise Wrong(f"Job 1 raised ValueError, and run_all gave {repr(found)[:100]}.",
                    "An exception in a thread reaches nobody by itself. Catch it there, keep it, "
                    "raise it after the joins; or let a future keep it.")  # fmt: skip
    _together(jobs, "run_all")
    _waited_for(jobs, "run_all")
    return (
        "Results in the order of the jobs; the failing job's exception was raised when all had "
        "ended; nothing was left running."
    )


def check_run_limited(run_limited: Callable) -> str:
    """At most `limit` jobs in progress, and as many as that."""
    jobs = Meeting(6, together=3)
    found = jobs.attend(run_limited, 3, doing="run_limited")
    if jobs.most > 3:
        raise Wrong(f"{jobs.most} jobs were in progress at once; the limit was 3.",
                    "A limit inside the thread lets it start all the same, but not go on: take "
                    "the permit before the job, or use a pool of that size.")  # fmt: skip
    if not jobs.met:
        raise Wrong(f"At most {jobs.most} jobs were in progress at once; the limit allows 3.",
                    ONE_AFTER_THE_OTHER)  # fmt: skip
    jobs.demand_called_once("run_limited")
    _waited_for(jobs, "run_limited")
    _in_order(found, jobs, "run_limited")
    return "Three of the six jobs were in progress at once, and never more."


def _numbers(numbers: Any) -> str:
    return ", ".join(map(str, numbers))


LINES = {
    "A": "        results[number] = job()",
    "B": "    return results",
    "C": "    for thread in threads:",
    "D": "        thread.start()",
    "E": "def results_of(jobs):",
    "F": "    for thread in threads:",
    "G": "        thread.join()",
    "H": "    def keep(number, job):",
    "I": "    results = [None] * len(jobs)",
    "J": "    threads = [threading.Thread(target=keep, args=pair) for pair in enumerate(jobs)]",
    "K": "        results.append(job())",
}

LAB = Lab(
    "lab-1-what-are-threads",
    "What are threads?",
    (
        Step(
            "Start them all, then wait",
            check_start_all,
            (
                "A thread is made, started, and joined: three calls, and two of them are missing.",
                "Two loops, not one: what would a join() in the first loop wait for?",
                "The first blank is thread.start(), the second is thread.join().",
            ),
            takes=("your function start_all",),
        ),
        Step(
            "Keep the results in order",
            check_results_of,
            (
                "Begin with the line that has def, and with the list that keeps the results.",
                "One line is too many: which of the two ways to keep a result depends on who "
                "ends first?",
                "First make the list and keep(), then the threads; start them all; join them "
                "all; return the list.",
            ),
            takes=("your text of letters, order",),
            lines=LINES,
            name="results_of",
            names={"threading": threading},
        ),
        Step(
            "Lose no exception",
            check_run_all,
            (
                "What happens to an exception in a thread that nobody catches? Try it in a cell "
                "of its own.",
                "Catch it in the thread and keep it beside the results. When may it be raised?",
                "A ThreadPoolExecutor does all of it: submit each job, then ask each future for "
                "its result. Give it a thread for each job: max_workers=len(jobs).",
            ),
            takes=("your function run_all",),
        ),
        Step(
            "At most so many",
            check_run_limited,
            (
                "A threading.Semaphore(limit) has that many permits.",
                "Who holds a permit while a job runs? Take it in the thread, around the job.",
                "Or let ThreadPoolExecutor(max_workers=limit) do it.",
            ),
            takes=("your function run_limited",),
            optional=True,
        ),
    ),
)
