"""The runs of a class that show themselves: each experiment's sentence, chart and table."""

from __future__ import annotations

from ...course.runs import Pooled
from .. import table
from ..fragments import _drawn, _figure, _page, _paragraph
from ..results import _Shown
from ..words import milliseconds


class ShownPooled(_Shown, Pooled):
    """A chart an experiment, the one that most machines ran first."""

    def _sentences(self) -> list[str]:
        return self.summary()

    def _fragment(self) -> str:
        parts = [part for one in self.experiments for part in _parts(one)]
        notes = [_paragraph(f"{name} is left out: {why}", "cav-note")
                 for name, why in self.left_out.items()]  # fmt: skip
        return _page(*parts, *notes)


def _parts(experiment) -> list[str]:
    def figure() -> str:
        from . import machines

        return _figure(lambda: machines.draw(experiment), machines.alt(experiment),
                       machines.caption(experiment))  # fmt: skip

    return [_paragraph(experiment.sentence(), "cav-head"), _drawn(figure),
            _drawn(lambda: table.folded("Data: every machine", _every(experiment)))]  # fmt: skip


def _every(experiment) -> str:
    """A row a machine: its card, then each model's median."""
    heads = ["", "Python", "GIL", "usable cores", "system", "recorded",
             *(f"{model}, ms" for model in experiment.models)]  # fmt: skip
    rows = []
    for number, one in enumerate(experiment.members, 1):
        card = one.machine
        rows.append([f"machine {number}", card.python, "off" if card.gil is False else "on",
                     f"{card.cores:g}", card.system, one.recorded or card.when,
                     *(milliseconds(one.wall(m)) if m in one.models else "–"
                       for m in experiment.models)])  # fmt: skip
    return table.table("Median wall times by machine", heads, rows)
