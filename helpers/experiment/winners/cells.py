"""What a map of winners holds: kinds of work by task counts; who is fastest in each cell."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...measure.machine import Machine
from ...measure.statistics import FEWEST_PAIRS, Verdict
from ...workloads import Workload
from ..comparison import Comparison, PerhapsMeasured
from ..limits import CONTROL_SHOWS

#: Pairs that a cell gets where models are close: with eight, `compare_times` calls a winner
#: only if all eight agree. A map has many cells, so each must be surer than one comparison.
WANTED = 8
#: So many times as slow in each of four rounds: settled without an interval. In each of two,
#: if it is also slower by so many seconds: more than other programs take in a moment.
FAR_SLOWER, FAR_ROUNDS, FAR_S = 1.5, 4, 0.05
#: After a single round only where it is this much slower, and by so many seconds.
HOPELESS, HOPELESS_S = 3.0, 0.2
#: Below this wall time in seconds asyncio is repeated also where tasks compute.
CHEAP_S = 0.05
#: What the tasks of these models can't do: use a second core.
ONE_CORE = ("sequential", "asyncio")

WINNER, CLOSE, UNDECIDED, NO_CORE, BLANK = "winner", "close", "undecided", "no core", "blank"


@dataclass
class Cell(PerhapsMeasured):
    """One kind of work at one task count. `comparison` is None where nothing was run.

    `problem` says why it is blank. `late` is whether the time for more rounds is over: then
    six pairs may do where eight were wanted.
    """

    tasks: int
    comparison: Comparison | None = None
    problem: str = ""
    rounds: int = 0
    late: bool = False

    @property
    def models(self) -> list[str]:
        """The models that were measured here."""
        return self.comparison.models if self.comparison else []

    def follows(self) -> bool:
        """Whether asyncio stands where sequential stands: built-in work that computes.

        On one loop computations can't but run one after the other, so it was run once, or,
        where it would have taken long, not at all.
        """
        found = self.comparison
        return bool(
            found and found.computes() and found.request.workload.spec is not None
            and "sequential" in found.traced and found.wall("sequential") > CHEAP_S
        )  # fmt: skip

    def _contest(self) -> list[str]:
        left_out = {"asyncio"} if self.follows() else set()
        return [model for model in self.models if model not in left_out]

    def standings(self) -> tuple[list[str], list[str]]:
        """The fastest model with those that measure alike; those that are not settled yet."""
        found, contest = self.compared, self._contest()
        best = min(contest, key=found.wall)
        alike, unsettled = [best], []
        for model in sorted((m for m in contest if m != best), key=found.wall):
            verdict = found.verdict(best, model)
            if self._far_slower(best, model):
                continue
            if verdict.pairs < (FEWEST_PAIRS if self.late else WANTED):
                unsettled.append(model)
            elif verdict.claim != "faster":
                alike.append(model)
        return alike, unsettled

    def _far_slower(self, best: str, model: str) -> bool:
        a, b = (self.compared.repeats.get(name, {}) for name in (best, model))
        pairs = [(a[k].wall_s, b[k].wall_s) for k in a.keys() & b.keys()]
        if not all(slow > FAR_SLOWER * fast for fast, slow in pairs):
            return False
        clear = all(slow - fast > FAR_S for fast, slow in pairs)
        if len(pairs) >= (2 if clear else FAR_ROUNDS):
            return True
        return bool(pairs) and all(
            slow > HOPELESS * fast and slow - fast > HOPELESS_S for fast, slow in pairs
        )

    def due(self) -> list[str]:
        """The models that the next round runs; none where everything is settled."""
        if len(self._contest()) < 2:
            return []
        alike, unsettled = self.standings()
        if not unsettled:
            return []
        return [model for model in self.models if model in (*alike, *unsettled)]

    def cost(self) -> float:
        """Seconds that one more round takes, with what a run costs beside its tasks."""
        return sum(self.compared.wall(model) + 0.01 for model in self.due())

    def state(self) -> str:
        """One of WINNER, CLOSE, UNDECIDED (too few rounds), NO_CORE and BLANK."""
        if len(self._contest()) < 2:
            return BLANK
        alike, unsettled = self.standings()
        if self._hidden(alike):
            return NO_CORE
        return UNDECIDED if unsettled else CLOSE if len(alike) > 1 else WINNER

    def _hidden(self, alike: list[str]) -> bool:
        """Whether a second core, had one been free, could have changed who is fastest."""
        found = self.compared
        if not found.computes() or second_core(found) is not False:
            return False
        if not any(model in ONE_CORE for model in alike):
            return False  # it gained all the same
        best = found.wall(alike[0])
        width = min(2, found.request.cap)  # one task alone has no use for a second core
        return any(found.wall(m) / width < best for m in self._contest() if m not in ONE_CORE)

    def fastest(self) -> list[str]:
        """The fastest, and all that can't be told from it; none where nothing can be said."""
        if self.state() in (BLANK, NO_CORE):
            return []
        alike, unsettled = self.standings()
        names = [*alike, *unsettled]
        if self.follows() and "sequential" in names:
            names.append("asyncio")
        return names

    def gains(self) -> list[Verdict]:
        """What the fastest gains: over one after the other, and over the runner-up."""
        names = self.fastest()
        if not names:
            return []
        best, found = names[0], self.compared
        others = [m for m in self._contest() if m not in names]
        nearest = min(others, key=found.wall, default=None)
        over = dict.fromkeys(m for m in ("sequential", nearest) if m in others)
        return [found.verdict(best, model) for model in over]

    def why_blank(self) -> str:
        """Why nothing can be said here."""
        if self.problem or self.comparison is None:
            return self.problem or "not measured"
        only = [f"only {model} gave a result" for model in self._contest()]
        return "; ".join([*only, *dict.fromkeys(self.comparison.left_out.values())])


@dataclass
class Kind:
    """A row of the map: a kind of work, with a cell for each task count.

    `foreign` is how many cores other programs used meanwhile (None: the system does not tell).
    """

    label: str
    workload: Workload
    cells: dict[int, Cell] = field(default_factory=dict)
    problem: str = ""
    foreign: float | None = None


@dataclass
class Winners:
    """The whole map: kinds by their label. Times in seconds: the budget, and what it took."""

    machine: Machine
    counts: tuple[int, ...]
    budget_s: float
    kinds: dict[str, Kind] = field(default_factory=dict)
    took_s: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def cells(self) -> dict[tuple[str, int], Cell]:
        """Every cell by its label and task count."""
        return {(k.label, n): cell for k in self.kinds.values() for n, cell in k.cells.items()}

    def winner(self, label: str, tasks: int) -> str | None:
        """The model that wins a cell, None where no single one does. Raises KeyError."""
        cell = self.kinds[label].cells[tasks]
        return cell.fastest()[0] if cell.state() == WINNER else None

    def wins(self) -> dict[str, int]:
        """How many cells each model wins, most first."""
        count: dict[str, int] = {}
        for cell in self.cells.values():
            if cell.state() == WINNER:
                name = cell.fastest()[0]
                count[name] = count.get(name, 0) + 1
        return dict(sorted(count.items(), key=lambda item: -item[1]))

    def states(self) -> dict[str, int]:
        """How many cells are in each state."""
        count = dict.fromkeys((WINNER, CLOSE, UNDECIDED, NO_CORE, BLANK), 0)
        for cell in self.cells.values():
            count[cell.state()] += 1
        return count

    def foreign(self) -> float | None:
        """Cores that other programs used, the largest of the rows; None: can't be told."""
        return max((k.foreign for k in self.kinds.values() if k.foreign is not None), default=None)


def second_core(found: Comparison) -> bool | None:
    """Whether a second core was free; None where nobody asked."""
    if found.one_core():
        return False
    return None if found.control is None else found.control >= CONTROL_SHOWS
