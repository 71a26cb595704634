"""The chapter's six rows as six predictions: what is asked, and what an answer is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .entry import Entry
from .surprises import amount, judged


@dataclass(frozen=True)
class Row:
    """One row: the chapter's words for async and for threads, and what to predict.

    `asks` is the question, `about` what it is tried with. The answer is a number in `unit`,
    or one of `choices`. `exact` numbers are counts that no noise moves: then only the same
    number is right.
    """

    feature: str
    asynchronous: str
    threads: str
    asks: str
    about: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    exact: bool = False

    def entry(self, said: Any, measured: Any) -> Entry:
        """The prediction beside the measurement, fit for the diary."""
        right = None
        if said is not None and measured is not None and (self.choices or self.exact):
            right = said == measured
        return Entry.now("prediction", title=self.feature, about=self.about, said=said,
                         measured=measured, unit=self.unit, right=right)  # fmt: skip


NOTHING_RAN = "a coroutine that never ran"

ROWS = (
    Row("Concurrency model", "Cooperative multitasking", "Preemptive multitasking",
        "Four threads compute for 30 ms each. How often does the work change hands?",
        "four threads that compute for 30 ms each", "hand-offs"),
    Row("Execution", "Single-threaded", "Multi-threaded",
        "Eight tasks with asyncio. On how many threads do they run?",
        "the threads under eight asyncio tasks", exact=True),
    Row("Blocking", "Non-blocking", "Can block",
        "Ten coroutines call time.sleep for 20 ms each. How many ms in all?",
        "ten coroutines that sleep 20 ms with time.sleep", "ms"),
    Row("Performance", "Efficient for I/O-bound", "Better for CPU-bound",
        "Python code that computes, in threads. How many times as fast as in a row?",
        "Python code that computes in threads", "×"),
    Row("Complexity", "Requires async/await", "Requires thread management",
        "An async function, submitted to a thread pool. What does the future hold?",
        "an async function in a thread pool", choices=("its result", NOTHING_RAN, "an exception")),
    Row("Overhead", "Low (no context switching)", "Higher",
        "1,000 waits at once, in threads. How many context switches?",
        "1,000 waits at once in threads", "switches"),
)  # fmt: skip
FEATURES = {row.feature: row for row in ROWS}

HEADS = ("Feature", "Async, says the chapter", "Threads, says the chapter", "Tried with",
         "You said", "Measured", "")  # fmt: skip


def table(said: Mapping[str, Any], measured: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The six rows under `HEADS`: the chapter's words, the prediction, the measurement.

    Both map a feature to a number or a choice; what is missing becomes words that say so.
    """
    rows: list[tuple[str, ...]] = []
    for row in ROWS:
        entry = row.entry(said.get(row.feature), measured.get(row.feature))
        guess = "no prediction" if entry.said is None else amount(entry.said, row.unit)
        found = "not measured" if entry.measured is None else amount(entry.measured, row.unit)
        rows.append((row.feature, row.asynchronous, row.threads, row.about, guess, found,
                     judged(entry)))  # fmt: skip
    return rows


def sentence(said: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    """How many of the six were right."""
    told = [judged(row.entry(said.get(row.feature), measured.get(row.feature))) for row in ROWS]
    known = [words for words in told if words != "–"]
    if not known:
        return "No prediction was made: the table shows what this machine measured."
    right = sum(words.startswith("right") for words in known)
    noun = "prediction" if len(known) == 1 else "predictions"
    return f"{right} of {len(known)} {noun} {'was' if len(known) == 1 else 'were'} right."
