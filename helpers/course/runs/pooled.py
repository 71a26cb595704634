"""The run files of a whole class in one result: the same experiment on many machines."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from ...experiment.comparison import Comparison
from ...experiment.request import BadRequest
from ..noting import title_of
from .files import path_of, read_run

MOST_FILES = 500
PATTERN = "*.run.json*"


@dataclass
class Experiment:
    """One experiment as several machines ran it; nobody's name is in it.

    `members` are comparisons, those with fewer cores first, then by Python's version.
    """

    title: str
    members: list[Comparison] = field(default_factory=list)

    @property
    def models(self) -> list[str]:
        """The models that ran on any machine, in the order in which they first did."""
        return list(dict.fromkeys(model for one in self.members for model in one.models))

    @property
    def relative(self) -> bool:
        """Whether each machine also ran in sequence, so that speed-ups can be compared."""
        return all("sequential" in one.models for one in self.members)

    def value(self, member: Comparison, model: str) -> float | None:
        """Times as fast as in sequence where `relative`, else seconds; None: it did not run."""
        if model not in member.models:
            return None
        return member.speedup(model) if self.relative else member.wall(model)

    def values(self, model: str) -> list[float]:
        """Each machine's `value` where `model` ran: times as fast as in sequence, or seconds."""
        found = (self.value(one, model) for one in self.members)
        return [value for value in found if value is not None]

    def winners(self) -> Counter[str]:
        """On how many machines a model beat every other one beyond that machine's noise."""
        found: Counter[str] = Counter()
        for one in self.members:
            verdicts = one.verdicts()
            if verdicts and all(verdict.claim == "faster" for verdict in verdicts):
                found[one.fastest()] += 1
        return found

    def sentence(self) -> str:
        """How many machines, which model won on how many, and what they have in the middle."""
        count, winners = len(self.members), self.winners()
        machines = "1 machine" if count == 1 else f"{count:,} machines"
        said = [f"{model} won on {number:,}" for model, number in winners.most_common()]
        if (undecided := count - winners.total()) and len(self.models) > 1:
            said.append(f"no clear winner on {undecided:,}" if count > 1 else "no clear winner")
        middle = [f"{model} {self._middle(model)}" for model in self.models if model != "sequential"
                  or not self.relative]  # fmt: skip
        if middle:
            unit = " as fast as in sequence" if self.relative else ""
            said.append(f"in the middle {', '.join(middle)}{unit}")
        return f"{self.title}, on {machines}: {'; '.join(said)}."

    def _middle(self, model: str) -> str:
        value = median(self.values(model))
        return f"{value:.2g}×" if self.relative else f"{value * 1e3:.3g} ms"


@dataclass
class Pooled:
    """Experiments, the one with most machines first, and why files were left out, by name."""

    experiments: list[Experiment]
    left_out: dict[str, str] = field(default_factory=dict)

    def summary(self) -> list[str]:
        """A sentence an experiment, then one on what was left out."""
        said = [one.sentence() for one in self.experiments]
        said += [f"{name} is left out: {why}" for name, why in self.left_out.items()]
        return said


def pool(files: Any) -> Pooled:
    """Read run files, a folder of them or a list of paths, and sort them by experiment.

    The same recorded run twice counts once; what is no run file is left out, and said.
    Raises BadRequest where nothing is left, and for more than 500 files.
    """
    paths = _paths(files)
    found: dict[str, Experiment] = {}
    left_out: dict[str, str] = {}
    seen: set[str] = set()
    for path in paths:
        try:
            comparison = read_run(path)
        except BadRequest as error:
            left_out[path.name] = str(error)
            continue
        if not comparison.models or not comparison.complete():
            left_out[path.name] = "In it tasks failed or never ran."
            continue
        fingerprint = _fingerprint(comparison)
        if fingerprint in seen:
            left_out[path.name] = "Another file holds the same run."
            continue
        seen.add(fingerprint)
        title = title_of(comparison)
        found.setdefault(title, Experiment(title)).members.append(comparison)
    if not found:
        why = f" {next(iter(left_out.values()))}" if left_out else ""
        raise BadRequest(f"None of these files is a run that can be pooled.{why}")
    for one in found.values():
        one.members.sort(key=lambda c: (c.machine.cores, c.machine.python))
    return Pooled(sorted(found.values(), key=lambda one: -len(one.members)), left_out)


def _paths(files: Any) -> list[Path]:
    if isinstance(files, str | Path):
        folder = Path(files).expanduser()
        if not folder.is_dir():
            raise BadRequest(f"{folder.name} is not a folder: give the folder with everybody's run "
                             f"files, or a list of paths.")  # fmt: skip
        paths = sorted(folder.glob(PATTERN))
        if not paths:
            raise BadRequest(f"There is no run file in {folder.name}: they end in .run.json.gz.")
    elif isinstance(files, Iterable):
        paths = [path_of(one, "") for one in files]
    else:
        raise BadRequest('pool takes a folder or a list of paths: write pool("our-runs").')
    if len(paths) > MOST_FILES:
        raise BadRequest(f"{len(paths):,} files are too many: pool at most {MOST_FILES}.")
    return paths


def _fingerprint(comparison: Comparison) -> str:
    """The same for the same measured times: they have nanoseconds, so no two runs share them."""
    times = [(model, comparison.walls(model)) for model in comparison.models]
    return hashlib.sha256(repr(times).encode()).hexdigest()
