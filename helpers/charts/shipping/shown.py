"""Results about executors and clusters that show themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...experiment.shipping.shipping import BreakEven, Shipping
from ...experiment.shipping.turns import Turns
from ...measure.fit import plain
from .. import table
from ..fragments import _drawn, _figure, _machine_line, _page, _paragraph
from ..results import _Shown

_HOW_TO_READ = ("A bar is one start of a task, with the task's number. One scale of time in all "
                "panels; no clock decided what happened.")  # fmt: skip


def _lines(sentences: list[str], heads: int = 1) -> str:
    return "".join(_paragraph(s, "cav-head" if k < heads else "") for k, s in enumerate(sentences))


def _picture(chart, result, sentences: list[str]) -> str:

    caption = chart.caption(result)
    return _figure(lambda: chart.draw(result), " ".join([*sentences, caption]), caption)


class _ShownMeasured(_Shown):
    _caption = ""

    def _sentences(self: Any) -> list[str]:
        return self.summary()

    def _chart(self):
        raise NotImplementedError

    def _fragment(self: Any) -> str:
        sentences = self._sentences()

        def data() -> str:
            chart = self._chart()
            found = table.table(self._caption, chart.HEADS, chart.rows(self))
            return table.folded("Data: every row of the picture", found)

        return _page(_lines(sentences), _drawn(lambda: _picture(self._chart(), self, sentences)),
                     _drawn(data), _machine_line(self.machine))  # fmt: skip


class ShownShipping(_ShownMeasured, Shipping):
    """The way there and back, over the size of the payload."""

    _caption = "From submit to result"

    def _chart(self):
        from . import payloads

        return payloads


class ShownBreakEven(_ShownMeasured, BreakEven):
    """How large a task must be for each executor to pay."""

    _caption = "Batches of tasks: each executor beside a plain loop"

    def _sentences(self) -> list[str]:
        from .break_even import added_words

        return [*self.summary(), added_words(self)]

    def _chart(self):
        from . import break_even

        return break_even


class ShownTurns(_ShownMeasured, Turns):
    """Ways to do the same thing, timed in turn."""

    _caption = "Wall times"

    def _chart(self):
        from . import turns

        return turns


@dataclass(repr=False)
class ShownLoss:
    """Batches in which a worker was killed, by title: a lane a worker."""

    panels: dict = field(default_factory=dict)

    def __str__(self) -> str:
        from . import loss

        return "\n".join(loss.sentence(title, one) for title, one in self.panels.items())

    __repr__ = plain

    def _repr_html_(self) -> str:
        from . import loss

        said = str(self).splitlines()

        def picture() -> str:
            return _figure(lambda: loss.draw(self.panels), " ".join(said), _HOW_TO_READ)

        def data() -> str:
            found = table.table("Every start of a task", loss.HEADS, loss.rows(self.panels))
            return table.folded("Data: every start of a task", found)

        return _page(_lines(said, len(said)), _drawn(picture), _drawn(data))
