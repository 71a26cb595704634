"""Boxes of controls for keyboards, screen readers and narrow windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import anywidget
import ipywidgets as w

from .browser import module_and_style
from .kernel import keep_order

#: The layout of a row that goes on below where it has no room.
WRAP = {"flex_flow": "row wrap", "grid_gap": "0 1em"}


class Keys(anywidget.AnyWidget):
    """Nothing to see: keeps a box's keys and its focus; `keys.js` says how."""

    _esm, _css = module_and_style("keys")


def control_box(parts: Sequence[w.Widget]) -> w.VBox:
    """The parts in a box: plain keys are theirs, not JupyterLab's, and the focus is seen.

    What is done to them one after the other, with keys or without, is told to Python in that
    order.
    """
    for widget in within(parts):
        keep_order(widget)
        # ipywidgets writes a missing one as "null", which the pointer shows and Orca says
        if widget.has_trait("tooltip") and widget.tooltip is None:
            widget.tooltip = ""
    box = w.VBox([*parts, Keys()])
    box.add_class("cav-keys")
    return box


def named_row(name: str, parts: Sequence[w.Widget], width: str | None = None) -> w.HBox:
    """The parts in one row that starts with its name, which a screen reader says as well.

    `width` is that of the name, in CSS: as wide as the names of the fields above it. The row
    stands in a box of `control_box`.
    """
    beside = {"width": width, "display": "flex", "justify_content": "flex-end"} if width else {}
    box = w.HBox([w.Label(name, layout=beside), *parts], layout=WRAP)
    box.add_class("cav-row")
    return box


def field_with_words(field: w.Widget, words: w.HTML) -> w.HBox:
    """A field and words about it, in a figure's fragment: a screen reader says them as its own.

    They stand beside it, or below where there is no room; the line in a box of `control_box`.
    """
    line = w.HBox([field, words], layout={"flex_flow": "row wrap", "align_items": "center"})
    line.add_class("cav-asked")
    return line


def within(parts: Sequence[w.Widget]) -> Iterator[w.Widget]:
    """The parts, and all that stand in them."""
    for part in parts:
        yield part
        yield from within(getattr(part, "children", ()))
