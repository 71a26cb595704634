"""Numbers and findings in words. No drawing, no numpy."""

from __future__ import annotations

from collections.abc import Iterable

from ..measure.trace import COMPUTING_IN_C, HELD, RUNNING, WAITING


def duration(seconds: float) -> str:
    """Three digits and a unit: ``51.9 ms``, ``1.01 s``, ``84 µs``, ``3.6 µs``."""
    value = float(f"{seconds:.3g}")
    unit, size = ("s", 1.0) if value >= 1 else ("ms", 1e-3) if value >= 1e-3 else ("µs", 1e-6)
    value = float(f"{value / size:.3g}") if value < 1000 else seconds
    if unit == "µs":
        return f"{value:.{0 if value >= 10 else 1}f} µs"
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"


def part_of(part: float, whole: float) -> str:
    """Of nanoseconds: ``191 of 642 ms``, ``201 µs of 51.1 ms``."""
    shown, total = ns(part), ns(whole)
    value, unit = shown.split()
    return f"{value if total.endswith(' ' + unit) else shown} of {total}"


def tick(seconds: float) -> str:
    """`duration` for an axis: no digits that say nothing."""
    if seconds <= 0:
        return "0"
    units = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
    unit, size = next((u for u in units if seconds >= 0.9995 * u[1]), units[-1])
    return f"{seconds / size:,.6g} {unit}"


def times(ratio: float) -> str:
    """``1.21×``, ``5.9×``, ``100×``."""
    return f"{ratio:,.{0 if ratio >= 20 else 1 if ratio >= 2 else 2}f}×"


def ns(value: float) -> str:
    """`duration` of nanoseconds."""
    return duration(value / 1e9)


def milliseconds(seconds: float | None) -> str:
    """For a table whose heading holds the unit."""
    if seconds is None:
        return "–"
    value = seconds * 1e3
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def number(value: float | None, digits: int = 0) -> str:
    """For a table; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def recorded(comparison) -> str:
    """The label of a run that was loaded from a file."""
    return (f"Recorded on {comparison.recorded}, not measured now. The machine was: "
            f"{comparison.machine.sentence()}.")  # fmt: skip


def listed(names: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    names = list(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def counted(count: int, thing: str) -> str:
    """``1 task``, ``20 tasks``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def strip_label(facts, gil: bool) -> str:
    """What the strip above the lanes shows, with how much of the time."""
    if facts.looped:
        label = "holds the loop"
    elif facts.threaded:
        label = "holds the GIL" if gil else "runs Python"
    else:
        label = "running"
    covered = facts.covered(*facts.holding)
    label += f": {part_of(covered, facts.wall)}" if covered else ": not observed"
    most = facts.at_once(*facts.holding)
    return label + (f", up to {most} at once" if most > 1 else "")


def reading(facts) -> str:
    """What one panel shows, as a clause that follows the model's name and a colon."""
    n, peak, totals = facts.tasks, facts.peak, facts.totals
    waiting, python = totals.get(WAITING, 0), totals.get(RUNNING, 0)
    native = totals.get(COMPUTING_IN_C, 0)
    if not waiting + python + native and not facts.unseen():
        return f"{_in_progress(n, peak)}; nothing more was observed"
    if facts.unseen():
        return f"{_in_progress(n, peak)}; what happens inside a task was not observed"
    if waiting and facts.blocked() * 2 > waiting:
        longest = max(int(end - begin) for _, _, begin, end in facts.of(HELD))
        if peak <= 1:
            return (f"the tasks ran one after the other: a blocking call held the loop, for "
                    f"{ns(longest)} at the longest")  # fmt: skip
        return f"a blocking call held the loop, so nothing else ran for up to {ns(longest)}"
    if n == 1:
        return _one_task(facts, waiting, python, native)
    if waiting >= python + native:
        return _waits(facts, n, peak)
    return _native(facts, peak) if native > python else _python(facts, peak)


def _in_progress(n: int, peak: int) -> str:
    if n == 1:
        return "one task"
    if not peak:
        return "no task was seen from its start to its end"
    if peak <= 1:
        return "the tasks ran one after the other"
    return (f"all {n:,} tasks were in progress at once" if peak == n else
            f"at most {peak:,} of {n:,} tasks were in progress at once")  # fmt: skip


def _one_task(facts, waiting: int, python: int, native: int) -> str:
    parts = [(waiting, "waited"), (python, "ran Python"), (native, "computed in C")]
    most, verb = max(parts)
    return f"the one task {verb} for {part_of(most, facts.wall)}"


def _waits(facts, n: int, peak: int) -> str:
    together = facts.at_once(WAITING)
    if together <= 1:
        text = "one wait after the other"
    elif together == n:
        text = f"all {n:,} waits overlap: {n:,} were in flight at once"
    elif facts.run.cap < n and peak == facts.run.cap:
        text = f"the waits overlap up to the limit: {peak:,} of {n:,} were in flight at once"
    elif together == peak:
        text = f"the waits overlap: at most {peak:,} of {n:,} were in flight at once"
    else:
        text = (f"up to {together:,} waits overlap: at most {peak:,} of {n:,} were in flight "
                f"at once")  # fmt: skip
    busy = facts.covered(RUNNING)
    if together > 1 and busy > facts.wall * 0.15:
        turns = ", one task at a time" if facts.at_once(RUNNING) == 1 else ""
        text += f"; Python ran for {part_of(busy, facts.wall)}{turns}"
    return text


def _python(facts, peak: int) -> str:
    together = facts.at_once(RUNNING)
    if together > 1:
        return f"up to {together:,} tasks ran Python code at the same time"
    if peak <= 1:
        alone = facts.totals.get(HELD, 0) > 0.9 * facts.in_flight
        held = " and held the loop to its end" if alone else ""
        return f"the tasks ran one after the other; each took {ns(facts.task)} (median){held}"
    if facts.switches < 2 * facts.tasks:
        return (f"one task ran at a time, though up to {peak:,} were in flight: the turn changed "
                f"{counted(facts.switches, 'time')}")  # fmt: skip
    who = "the threads" if facts.threaded else "the tasks"
    return (f"one task ran at a time: {who} took turns {counted(facts.switches, 'time')}, in "
            f"slices of {ns(facts.slice)} (median)")  # fmt: skip


def _native(facts, peak: int) -> str:
    together = facts.at_once(COMPUTING_IN_C)
    if together > 1:
        return f"up to {together:,} tasks computed at the same time, in C code without the GIL"
    if peak <= 1:
        return "the tasks ran one after the other, each computing in C code"
    return f"one task computed at a time, though up to {peak:,} were in flight"


def caption(all_facts: list) -> str:
    """The reading of a whole figure: models that show the same share their words."""
    said: dict[str, list[str]] = {}
    for facts in all_facts:
        said.setdefault(reading(facts), []).append(facts.model)
    return " ".join(f"{listed(names)}: {text}." for text, names in said.items())


def timeline_alt(all_facts: list, said: dict[str, float]) -> str:
    """The timeline for someone who does not see it: its result, not its look."""
    n = all_facts[0].tasks
    walls = ", ".join(f"{f.model} {ns(f.wall)}" for f in all_facts)
    guess = "".join(f" You said {duration(said[f.model])} for {f.model}."
                    for f in all_facts if f.model in said)  # fmt: skip
    return f"{counted(n, 'task')} took: {walls}. {caption(all_facts)}{guess}"
