"""Rows on `advise`: every function with a known answer, asked once or as often as you like.

    python -m benchmarks advice
    ADVICE_RUNS=3 ADVICE_AS=notebook python -m benchmarks advice

``ADVICE_RUNS`` is how many complete runs, ``ADVICE_AS=notebook`` defines the functions anew in
``__main__`` as a notebook does, so that they travel as code. To keep the second core busy, run
beside it: ``taskset -c 1 python -c "while True: pass"``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from helpers.advisor.advise import Advice, advice_on
from helpers.advisor.rules import CANT_TELL, slower_than
from helpers.advisor.words import times
from helpers.worker.client import Worker
from helpers.worker.errors import RunError

from .rows import Row

SOURCE = Path(__file__).resolve().parents[1] / "tests" / "unit" / "sample_functions.py"
RIGHT, WRONG, FREE_CORE = "right", "WRONG", "can't tell, and no second core was free"


def advice(worker: Worker) -> Iterator[Row]:
    """Ask about each known function; a line for each, then the totals as rows."""
    known = _known(os.environ.get("ADVICE_AS", "module"))
    for number in range(int(os.environ.get("ADVICE_RUNS", "1"))):
        verdicts, seconds, slower = [], [], 0
        print(f"(run {number + 1}: {len(known)} functions, load {os.getloadavg()[0]:.1f})")
        for one in known:
            begin = time.perf_counter()
            try:
                answer = advice_on(worker, one.function, one.args)
            except RunError as error:
                verdicts.append(WRONG)
                print(f"({WRONG}: {one.name} gave no answer: {error})", flush=True)
                continue
            seconds.append(time.perf_counter() - begin)
            verdicts.append(judged(one, answer))
            slower += bool(slower_than(answer.evidence, answer.model))
            print(line(one, answer, verdicts[-1], seconds[-1]), flush=True)
        open_ones = verdicts.count(FREE_CORE)
        right = (len(verdicts) - verdicts.count(WRONG)) / len(verdicts)
        yield Row(f"advice, run {number + 1}: right answers", [right * 100], "%", 95.0,
                  f"{verdicts.count(RIGHT)} right, {open_ones} can't tell without a second core, "
                  f"{verdicts.count(WRONG)} wrong", least=True)  # fmt: skip
        yield Row("advice: a model that measured slower", [float(slower)], "times", 0.0)
        yield Row("advice: seconds a function", seconds, "s", None)


def judged(one: Any, answer: Advice) -> str:
    """Right, wrong, or open: "can't tell" where the answer needs a core that was not free."""
    if answer.model in one.right:
        return RIGHT
    no_core = one.needs_core and not answer.evidence.second_core()
    return FREE_CORE if answer.model == CANT_TELL and no_core else WRONG


def line(one: Any, answer: Advice, verdict: str, seconds: float) -> str:
    """The answer beside the evidence for it, in a line."""
    e = answer.evidence
    arms = []
    for model in e.models:
        found = e.verdict(model)
        spread = ""
        if found.low is not None and found.high is not None:
            spread = f" [{times(found.low)} {times(found.high)}]"
        arms.append(f"{model} {times(found.ratio)}{spread}"
                    f"{' wrong results' if e.arms[model].same is False else ''}")  # fmt: skip
    control = "–" if e.control_ratio is None else times(e.control_ratio)
    foreign = "–" if e.foreign is None else f"{e.foreign:.1f}"
    return (f"({verdict}: {one.name} -> {answer.model}, right is {' or '.join(one.right)}; "
            f"waits {e.waits:.0%}, {', '.join(arms) or 'no arms'}; control {control}, others "
            f"{foreign} cores, {e.pairs} rounds, {seconds:.1f} s)")  # fmt: skip


def _known(how: str) -> list:
    """The functions with known answers; as a notebook's own with `how` "notebook"."""
    if how != "notebook":
        from tests.unit.sample_functions import KNOWN

        return KNOWN
    main = sys.modules["__main__"]
    made = ModuleType("__main__")
    sys.modules["__main__"] = made  # where dataclasses look for the class's module
    try:
        exec(compile(SOURCE.read_text(), "<cell>", "exec"), made.__dict__)
    finally:
        sys.modules["__main__"] = main
    # Where pickle looks for a notebook's functions; its own names stay as they are.
    vars(main).update({k: v for k, v in vars(made).items() if not k.startswith("__")})
    return made.KNOWN
