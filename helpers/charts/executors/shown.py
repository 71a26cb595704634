"""The results about executors that show themselves: figure, sentences, folded table."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...experiment.executors import Stairs
from ...measure.fit import plain
from ...measure.spans import Spans
from .. import table
from ..fragments import _drawn, _figure, _machine_line, _page, _paragraph
from ..results import _Shown


class ShownStairs(_Shown, Stairs):
    """Jobs in a pool, over their number."""

    def _sentences(self) -> list[str]:
        return self.summary()

    def _fragment(self) -> str:
        from . import stairs as chart

        head, *others = self.summary()
        parts = [_paragraph(head, "cav-head"), *(_paragraph(text) for text in others)]
        said = f"{' '.join(self.summary())} {chart.caption(self)}"
        parts.append(_drawn(lambda: _figure(lambda: chart.draw(self), said, chart.caption(self))))
        data = lambda: table.table("By number of jobs", chart.HEADS, chart.rows(self))  # noqa: E731
        parts.append(_drawn(lambda: table.folded("Data: every number of jobs", data())))
        return _page(*parts, _machine_line(self.machine))


@dataclass
class ShownLanes:
    """Notes of who was in progress when, by title."""

    panels: dict[str, Spans] = field(default_factory=dict)

    def __str__(self) -> str:
        from .lanes import caption

        return caption(self.panels)

    __repr__ = plain

    def _repr_html_(self) -> str:
        from . import lanes as chart

        data = lambda: table.table("Every stretch", chart.HEADS, chart.rows(self.panels))  # noqa: E731
        return _page(
            _drawn(lambda: _figure(lambda: chart.draw(self.panels), str(self), str(self))),
            _drawn(lambda: table.folded("Data: every stretch", data())),
        )


__all__ = ["ShownLanes", "ShownStairs"]
