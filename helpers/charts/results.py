"""Results that show themselves: a cell's last expression becomes the picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..course.runs import write_run, write_trace_events
from ..experiment.comparison import Comparison
from ..experiment.sweep import Sweep
from ..measure.fit import plain
from ..measure.machine import Machine
from . import fragments, words
from .downloads import Saved


class _Shown:
    """What the three share: made from the plain result, and two ways to look at it."""

    @classmethod
    def of(cls, result):
        """The same result, able to show itself."""
        return cls(**{field.name: getattr(result, field.name) for field in fields(result)})

    def __str__(self: Any) -> str:
        return "\n".join(self._sentences())

    def _repr_html_(self: Any) -> str:
        return self._fragment()

    def _repr_mimebundle_(self: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._fragment(), "text/plain": plain(self)}


class ShownComparison(_Shown, Comparison):
    """A comparison that shows its timeline, its times and its tables."""

    def _fragment(self) -> str:
        return fragments.comparison_html(self)

    def _sentences(self) -> list[str]:
        label = [words.recorded(self)] if self.recorded else []
        return label + self.summary()

    def save(self, name: str | Path, *, replace: bool = False) -> Saved:
        """Save this comparison to a run file, which `load_run` and the site open.

        A bare name is a file in the course's own folder; "./name" is beside the notebook.
        Raises BadRequest for a name that can't be, or a file that is there (unless `replace`).
        """
        written = write_run(self, name, replace=replace)
        return Saved.at(written, f'load_run("{name}") opens it again.')

    def save_trace(self, name: str | Path, *, replace: bool = False) -> Saved:
        """Save the recorded runs as a trace, for https://ui.perfetto.dev; errors as `save`."""
        written = write_trace_events(self, name, replace=replace)
        return Saved.at(written, "Open it at https://ui.perfetto.dev; it is not sent anywhere.")


class ShownSweep(_Shown, Sweep):
    """A sweep that shows its times over the task counts."""

    def _fragment(self) -> str:
        return fragments.sweep_html(self)

    def _sentences(self) -> list[str]:
        return self.summary()


class ShownMachine(_Shown, Machine):
    """A machine card that shows itself as a small table."""

    def _fragment(self) -> str:
        return fragments.machine_html(self)

    def _sentences(self) -> list[str]:
        return [self.sentence()]


@dataclass
class ShownTable:
    """A table of a notebook's own: a caption, the columns' heads, and rows of text."""

    caption: str
    heads: Sequence[str]
    rows: Iterable[Sequence]

    def __str__(self) -> str:
        lines = [self.heads, *self.rows]
        return "\n".join([self.caption, *(" | ".join(map(str, line)) for line in lines)])

    def _repr_html_(self) -> str:
        return fragments.table_html(self.caption, self.heads, self.rows)
