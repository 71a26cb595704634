"""A sheet to draw on, in pixels from the top left, and its way into a page as SVG.

Imports matplotlib: only for modules that draw.
"""

from __future__ import annotations

import itertools
import os
import re
import threading
from collections.abc import Sequence
from contextlib import contextmanager
from html import escape
from io import StringIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text

from ..measure.fit import fit
from .theme import COLOURS, LINES, OTHER_LINE, light, variable

#: How wide a sheet is, and how large its words are, in pixels.
WIDTH = 840
FONT = 12.6

# Matplotlib's settings are shared by the whole process, so one picture at a time.
_one_at_a_time = threading.RLock()
_numbers = itertools.count(1)
_DEFAULTS = {k: v for k, v in dict.items(mpl.rcParamsDefault) if not k.startswith("backend")}
_OWN: dict[Any, Any] = {
    "svg.fonttype": "none",
    "hatch.linewidth": 1.3,
    "font.family": ["sans-serif"],
    "font.size": FONT,
    "text.color": light("fg"),
    "axes.labelcolor": light("fg"),
    "axes.edgecolor": light("edge"),
    "axes.facecolor": "none",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": light("fg"),
    "ytick.color": light("fg"),
    "grid.color": light("grid"),
    "grid.linewidth": 0.8,
    "path.simplify": False,
    "axes.formatter.useoffset": False,
}


@contextmanager
def drawing():
    """Matplotlib with this module's settings and no others, whatever the notebook set."""
    with _one_at_a_time, mpl.rc_context():
        dict.update(mpl.rcParams, _DEFAULTS)
        mpl.rcParams.update(_OWN)
        yield


class Sheet:
    """A figure of `WIDTH` by `height` pixels; all positions are from its top left."""

    def __init__(self, height: float, width: float = WIDTH) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")
        self.page = self.axes(0, 0, width, height)
        self.page.set_axis_off()
        self.page.set(xlim=(0, width), ylim=(height, 0))
        self.page.set_zorder(5)

    def axes(self, x: float, y: float, width: float, height: float):
        """New axes at a place on the sheet."""
        w, h = self.width, self.height
        made = self.figure.add_axes((x / w, 1 - (y + height) / h, width / w, height / h))
        made.tick_params(length=0, labelsize=FONT - 0.5, pad=5)
        return made

    def text(self, x: float, y: float, words: str, *, size: float = FONT, colour: str = "fg",
             bold: bool = False, ha: str = "left", va: str = "baseline") -> None:  # fmt: skip
        """Words with their baseline at (x, y)."""
        self.page.text(x, y, words.replace("$", r"\$"), fontsize=size, color=light(colour),
                       fontweight="bold" if bold else "normal", ha=ha, va=va)  # fmt: skip

    def line(self, xs, ys, colour: str = "fg", width: float = 1.0, dashes=None) -> None:
        """A line on the sheet, over all axes."""
        self.page.plot(xs, ys, color=light(colour), lw=width, ls=(0, dashes) if dashes else "-",
                       clip_on=False)  # fmt: skip


def named_rows(names: Sequence[str], notes: Sequence[str], *, row: int, top: int, foot: int):
    """A sheet with a row for each name, which stands left of it, and its note right of it.

    `row`, `top` and `foot` are pixels. Gives the sheet, the axes of the rows, on which the
    k-th one's middle is at k + 0.5, and the axes' left edge and lower edge on the sheet.
    """
    left = 16 + max(text_width(shortened(name, 220, FONT + 0.5), FONT + 0.5) for name in names)
    right = 24 + max(text_width(note) for note in notes)
    bottom = top + row * len(names)
    sheet = Sheet(bottom + foot)
    axes = sheet.axes(left, top, WIDTH - left - right, bottom - top)
    axes.set_ylim(len(names), 0)
    axes.set_yticks([])
    for k, (name, note) in enumerate(zip(names, notes, strict=True)):
        y, words = top + (k + 0.5) * row, shortened(name, 220, FONT + 0.5)
        sheet.text(left - 10, y, words, ha="right", va="center", size=FONT + 0.5)
        sheet.text(WIDTH - right + 16, y, note, va="center")
    return sheet, axes, left, bottom


def text_width(words: str, size: float = FONT) -> float:
    """About how wide words become, in pixels: no renderer is asked."""
    narrow = sum(c in "iljt.,:;|' ()" for c in words)
    return size * (0.62 * (len(words) - narrow) + 0.36 * narrow)


def shortened(words: str, room: float, size: float = FONT) -> str:
    """Words cut to fit into so many pixels."""
    if text_width(words, size) <= room:
        return words
    while len(words) > 1 and text_width(words + "…", size) > room:
        words = words[:-1]
    return words + "…"


def boxes(axes, left, right, bottom, top, *, fill: str, hatch: str | None = None,
          hatch_colour: str | None = None, edge: str | None = None,
          edge_width: float = 0.8) -> None:  # fmt: skip
    """Any number of rectangles as one shape."""
    left = np.atleast_1d(left)
    if not len(left):
        return
    n = len(left)
    corners = np.empty((n, 5, 2))
    corners[:, (0, 3, 4), 0] = left[:, None]
    corners[:, (1, 2), 0] = np.atleast_1d(right)[:, None]
    corners[:, (0, 1, 4), 1] = np.broadcast_to(bottom, n)[:, None]
    corners[:, (2, 3), 1] = np.broadcast_to(top, n)[:, None]
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], n)
    path = Path(corners.reshape(-1, 2), codes)
    if hatch:  # the hatch takes the colour of the edge, so the edge is a shape of its own
        axes.add_patch(PathPatch(path, facecolor=light(fill), edgecolor=light(hatch_colour or "fg"),
                                 hatch=hatch, linewidth=0))  # fmt: skip
        if edge:
            axes.add_patch(PathPatch(path, facecolor="none", edgecolor=light(edge),
                                     linewidth=edge_width))  # fmt: skip
        return
    axes.add_patch(PathPatch(path, facecolor=light(fill), linewidth=edge_width if edge else 0,
                             edgecolor=light(edge) if edge else "none"))  # fmt: skip


def mark(axes, model: str, x: float, y: float, *, size: float,
         interval: tuple[float, float] | None = None) -> None:  # fmt: skip
    """A model's mark at (x, y), `size` points large; behind it the line of its interval.

    `interval` is in the units of the axes.
    """
    colour, marker, _ = LINES.get(model, OTHER_LINE)
    if interval is not None:
        axes.plot(interval, [y, y], color=light(colour), lw=0.3 * size, solid_capstyle="butt")
    axes.plot([x], [y], marker=marker, ms=size, color=light(colour), mec=light("bg"), mew=0.6,
              ls="none", zorder=4)  # fmt: skip


def to_svg(sheet: Sheet, alt: str) -> str:
    """The sheet as inline SVG: colours as CSS variables, ids that no other picture has."""
    prefix = f"cav{os.getpid():x}-{next(_numbers)}-"
    for text in sheet.figure.findobj(Text):  # half a character stops the drawing
        text.set_text(fit(text.get_text()))
    with mpl.rc_context({"svg.hashsalt": prefix}):
        buffer = StringIO()
        FigureCanvasSVG(sheet.figure).print_svg(buffer, metadata={"Date": None})
    raw = buffer.getvalue()
    body = raw[raw.index(">", raw.index("<svg")) + 1 : raw.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.S)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))
    body = re.sub(r' id="cav-(day|night)"', r' class="cav-\1"', body)
    body = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", body)
    body = re.sub(r'(url\(#|xlink:href="#)', rf"\g<1>{prefix}", body).replace("xlink:href", "href")
    body = re.sub(r' d="[^"]+"', _shorter, body)
    body = re.sub(r"\n\s*", "\n", body)
    names = {pair[0].lower(): variable(name) for name, pair in COLOURS.items()}
    names["#000000"] = variable("fg")
    body = re.sub(r' fill="(#[0-9a-f]{6})"', r' style="fill: \1"', body)
    body = re.sub(r"(?<=[ :])#[0-9a-f]{6}\b", lambda m: names.get(m[0], m[0]), body)
    # The page's font: matplotlib before 3.10 writes "font: 12px ...", later each part alone.
    body = re.sub(r"font-family: [^;\"]*", "font-family: var(--cav-font)", body)
    body = re.sub(r"(font: (?:\w+ )*[\d.]+px)[^;\"]*", r"\1 var(--cav-font)", body)
    body = re.sub(r' transform="rotate\(-0 [^"]*"', "", body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(alt)}" '
        f'viewBox="0 0 {sheet.width:g} {sheet.height:g}">{body}</svg>'
    )


def _shorter(match: re.Match) -> str:
    return re.sub(r"(\.\d\d)\d+", r"\1", match[0]).replace("\n", "").replace(" L ", "L")
