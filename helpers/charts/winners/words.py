"""A map of winners in words: cells, rows, the whole, and what limits it. No drawing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from ...experiment.winners.cells import (
    BLANK,
    CLOSE,
    NO_CORE,
    UNDECIDED,
    WINNER,
    Cell,
    Kind,
    Winners,
)
from ...measure.statistics import FEWEST_PAIRS
from ..words import counted, listed, times

#: What each state is called, in the legend, in the table and for who can't see the map.
STATE_WORDS = {
    WINNER: "wins",
    CLOSE: "too close to call",
    UNDECIDED: "not decided in the time given",
    NO_CORE: "can't be told here (no second core was free)",
    BLANK: "not measured",
}


def gain_words(verdict) -> str:
    """``84× sequential``; with ≈ where too few pairs were measured for an interval."""
    sign = "≈" if verdict.pairs < FEWEST_PAIRS else ""
    return f"{sign}{times(verdict.ratio)} {verdict.second}"


def cell_words(cell: Cell) -> str:
    """One cell as a clause."""
    state = cell.state()
    if state == BLANK:
        return f"not measured ({cell.why_blank()})"
    if state == NO_CORE:
        return STATE_WORDS[NO_CORE]
    names, gains = cell.fastest(), [gain_words(v) for v in cell.gains()]
    if state == WINNER:
        return ", ".join([f"fastest: {names[0]}", *gains])
    return ", ".join([f"{STATE_WORDS[state]}: {listed(names)}", *gains])


def findings(result: Winners) -> list[str]:
    """The whole in a sentence, then one a row."""
    return [headline(result), *(row_words(kind) for kind in result.kinds.values())]


def headline(result: Winners) -> str:
    """How many cells each model wins, and what became of the others."""
    states, wins = result.states(), result.wins()
    total = sum(states.values())
    if not wins:
        text = f"No cell of {total} has a single winner"
    else:
        each = (f"{m} {'win' if m in ('threads', 'processes') else 'wins'} {n}"
                for m, n in wins.items())  # fmt: skip
        text = f"Of {counted(total, 'cell')}, {listed(each)}"
    rest = [f"{states[s]} {'is' if states[s] == 1 else 'are'} {STATE_WORDS[s]}"
            for s in (CLOSE, UNDECIDED, BLANK) if states[s]]  # fmt: skip
    if states[NO_CORE]:
        rest.append(f"{states[NO_CORE]} {STATE_WORDS[NO_CORE]}")
    return "; ".join([text, *rest]) + "."


def row_words(kind: Kind) -> str:
    """A row: who is fastest at which counts."""
    if kind.problem:
        return f"{kind.label}: not measured ({kind.problem.rstrip('.')})."
    parts = []
    for (state, names), group in groupby(kind.cells.values(), key=_outcome):
        cells = list(group)
        first, last = cells[0].tasks, cells[-1].tasks
        where = counted(first, "task") if first == last else f"{first:,} to {last:,} tasks"
        if state == WINNER:
            what = ", ".join([names[0], *(gain_words(v) for v in cells[-1].gains())])
        elif names:
            what = f"{STATE_WORDS[state]} ({listed(names)})"
        else:
            what = STATE_WORDS[state]
        parts.append(f"{where}: {what}")
    return f"{kind.label}: {'; '.join(parts)}."


def _outcome(cell: Cell) -> tuple[str, tuple[str, ...]]:
    return cell.state(), tuple(sorted(cell.fastest()))


def limits(result: Winners) -> list[str]:
    """What keeps the map from saying more."""
    said = list(result.notes)
    if result.machine.cores < 1.5:
        said.append("This machine has one usable core: it can't show a gain from several.")
    elif result.states()[NO_CORE]:
        said.append("In some rows a second core was not free: two processes did hardly more work "
                    "than one. Run it again when other programs have ended.")  # fmt: skip
    said += [
        f"{label}: the models did not return the same results, so their times can't be compared."
        for (label, _), cell in result.cells.items()
        if cell.models and cell.compared.agree() is False
    ]
    foreign = result.foreign()
    if foreign is not None and foreign > 0.2:
        said.append(f"Other programs used up to {foreign:.1f} cores meanwhile.")
    if result.states()[UNDECIDED]:
        said.append(f"Undecided cells need more than the {result.budget_s:g} s that there were: "
                    f"give it more time with budget_s=, or fewer kinds of work.")  # fmt: skip
    return list(dict.fromkeys(said))


def caption(result: Winners) -> str:
    """How to read the map, in one sentence."""
    return (f"The fastest way to run so many tasks of each kind, measured within "
            f"{result.budget_s:g} s; 5× threads means five times as fast as threads.")  # fmt: skip


def alt(result: Winners) -> str:
    """Every row in words."""
    return " ".join(findings(result))


def models_of(result: Winners) -> list[str]:
    """The models that were measured somewhere, in the order of the theme's lines."""
    return list(dict.fromkeys(m for cell in result.cells.values() for m in cell.models))


def wrapped(names: Iterable[str], fits) -> list[str]:
    """Names with commas in as few lines as `fits` (a test of a line) allows."""
    lines: list[str] = []
    for name in names:
        longer = f"{lines[-1]}, {name}" if lines else name
        if lines and fits(f"{longer},"):
            lines[-1] = longer
        else:
            lines = [*lines[:-1], f"{lines[-1]},", name] if lines else [name]
    return lines
