"""A row of the report: a figure with its spread, its peer and its target."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Row:
    """One figure. `values` are its repeats, `target` the most it may be (None: no target)."""

    name: str
    values: list[float]
    unit: str
    target: float | None = None
    beside: str = "–"
    least: bool = False  # the target is the least it may be

    @property
    def value(self) -> float:
        """The median."""
        return median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.value >= self.target if self.least else self.value <= self.target

    def line(self) -> str:
        """The row of a Markdown table."""
        sign = "≥" if self.least else "≤"
        target = "–" if self.target is None else f"{sign} {show(self.target, self.unit)}"
        verdict = {None: "–", True: "met", False: "MISSED"}[self.met]
        spread = f"{show(min(self.values), self.unit)} to {show(max(self.values), self.unit)}"
        return (f"| {self.name} | {show(self.value, self.unit)} | {spread} "
                f"| {len(self.values)} | {target} | {verdict} | {self.beside} |")  # fmt: skip


def show(value: float, unit: str) -> str:
    """A value with its unit, three digits."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 3
    return f"{value:.{digits}f}{'' if unit == '×' else ' '}{unit}"


def in_pairs(ours: list[float], peers: list[float]) -> list[float]:
    """What was measured in turn, each divided by its peer."""
    return [a / b for a, b in zip(ours, peers, strict=True)]


HEAD = "| figure | median | spread | n | target | | beside |\n|---|---|---|---|---|---|---|"
