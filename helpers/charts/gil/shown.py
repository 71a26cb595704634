"""The results about the GIL that show themselves: figure, sentences, folded table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from ...experiment.gil.amdahl import Amdahl
from ...experiment.gil.side_by_side import SideBySide
from ...experiment.gil.xray import XRay
from ...measure.fit import plain
from ..fragments import _figure, _page
from ..results import _Shown
from ..table import folded, table


def _shown(result, figure, data: str, sentences: list[str], machine=None) -> str:
    head, *others = sentences
    lines = [f'<p class="cav-head">{escape(head)}</p>', *(f"<p>{escape(s)}</p>" for s in others)]
    try:
        shown = figure()
    except Exception as error:  # half a picture is worse than none
        cause = escape(f"{type(error).__name__}: {error}")
        shown = f'<p class="cav-note">The picture could not be drawn ({cause}).</p>'
    foot = f"Measured on this machine: {machine.sentence()}." if machine else ""
    foot = f'<p class="cav-small">{escape(foot)}</p>' if foot else ""
    return _page(*lines, shown, data, foot)


class ShownXRay(_Shown, XRay):
    """An X-ray that shows the turns of the threads and every slice."""

    def _sentences(self) -> list[str]:
        return self.summary()

    def _fragment(self) -> str:
        def figure() -> str:
            from . import xray

            said = xray.xray_caption(self)
            return _figure(lambda: xray.draw_xray(self), " ".join([said, *self.summary()]), said)

        from .xray import XRAY_HEADS, xray_rows

        data = table("Slices by the switch interval asked for", XRAY_HEADS, xray_rows(self))
        return _shown(self, figure, folded("Data: every setting", data), self._sentences(),
                     self.machine)  # fmt: skip


@dataclass(repr=False)
class ShownTrips:
    """Round trips, in seconds, by setting: the first is what the others are compared with."""

    trips: dict[str, list[float]] = field(default_factory=dict)

    def __str__(self) -> str:
        from .xray import trips_caption

        return trips_caption(self.trips)

    __repr__ = plain

    def _repr_html_(self) -> str:
        from . import xray

        said = str(self)
        data = table("Round trips by setting", xray.TRIPS_HEADS, xray.trips_rows(self.trips))
        more = sum(len(values) for values in self.trips.values())
        note = (f"{more:,} round trips were measured; where there are more than "
                f"{_most_dots()}, evenly ranked ones are drawn.")  # fmt: skip
        return _shown(self, lambda: _figure(lambda: xray.draw_trips(self.trips), said, note),
                     folded("Data: every setting", data), [said])  # fmt: skip


def _most_dots() -> int:
    from .spread import MOST_DOTS

    return MOST_DOTS


def _captioned(chart, result) -> Callable[[], str]:
    """What draws `result` with its chart; the picture's description says the summary too."""

    def draw() -> str:
        caption = chart.caption(result)
        return _figure(lambda: chart.draw(result), " ".join([caption, *result.summary()]), caption)

    return draw


class ShownSideBySide(_Shown, SideBySide):
    """Two interpreters side by side; what is recorded says so."""

    def _sentences(self) -> list[str]:
        return self.summary()

    def _fragment(self) -> str:
        from . import free_threaded as chart

        data = table("Speed-up over one after the other", chart.heads(self), chart.rows(self))
        live = [side for side in self.sides if not side.recorded]
        return _shown(self, _captioned(chart, self), folded("Data: every number of threads", data),
                     self._sentences(), live[0].machine if live else None)  # fmt: skip


class ShownAmdahl(_Shown, Amdahl):
    """Amdahl's law beside what was measured."""

    def _sentences(self) -> list[str]:
        return self.summary()

    def _fragment(self) -> str:
        from . import amdahl as chart

        data = table(f"Speed-up over one {self.one}", chart.HEADS, chart.rows(self))
        return _shown(self, _captioned(chart, self),
                     folded(f"Data: every share and number of {self.kind}", data),
                     self._sentences(), self.machine)  # fmt: skip
