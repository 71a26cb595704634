"""What the pictures of executors share: how each is drawn, and labels at the lines' ends."""

from __future__ import annotations

from collections.abc import Mapping
from math import log

from ..figure import Sheet
from ..sweep import APART, spread
from ..theme import light

LOOKS = {
    "plain loop": ("m0", "s", (0, (1, 1.2))),
    "threads": ("m2", "^", (0, (6, 2))),
    "processes": ("m4", "v", (0, (3, 1.5))),
    "interpreters": ("m3", "D", (0, (6, 2, 1.2, 2))),
    "cluster": ("m1", "o", "-"),
}
OTHER = ("fg", "P", "-")


def line(axes, name: str, xs: list[float], values: list[list[float]],
         middles: list[float]) -> None:  # fmt: skip
    """One executor: a line through the middles, and at each the range of its values."""
    colour, marker, style = LOOKS.get(name, OTHER)
    for x, ends in zip(xs, values, strict=True):
        if len(ends) > 1:
            axes.plot([x, x], [min(ends), max(ends)], color=light(colour), lw=5, alpha=1,
                      solid_capstyle="butt", zorder=2)  # fmt: skip
    axes.plot(xs, middles, color=light(colour), lw=2.2, ls=style, marker=marker, ms=8,
              mec=light("bg"), mew=0.9, clip_on=False, zorder=3)  # fmt: skip


def height(axes, value: float, top: float, tall: float) -> float:
    """Where a value of a logarithmic axis is on the sheet, in pixels from its top."""
    low, high = axes.get_ylim()
    return top + tall * (1 - log(value / low) / log(high / low))


def labels(sheet: Sheet, x: float, ends: Mapping[str, float], words: Mapping[str, str],
           top: float, bottom: float) -> None:  # fmt: skip
    """Each line's name and number beside its end, none over another."""
    places = spread(dict(ends), APART, top, bottom)
    for name, y in places.items():
        colour, marker, _ = LOOKS.get(name, OTHER)
        sheet.page.plot([x - 14, x - 4], [ends[name], y], color=light(colour), lw=0.9,
                        ls=(0, (1, 2)))  # fmt: skip
        sheet.page.plot([x + 3], [y], marker=marker, ms=7, color=light(colour))
        sheet.text(x + 13, y, words[name], va="center", bold=True)
