"""Boxes of controls that can be used by keyboard alone, and that fit into a narrow window."""

from __future__ import annotations

from collections.abc import Sequence

import anywidget
import ipywidgets as w

from .browser import module_and_style


class Keys(anywidget.AnyWidget):
    """Nothing to see: keeps a box's keys and its focus; `keys.js` says how."""

    _esm, _css = module_and_style("keys")


def by_keyboard(parts: Sequence[w.Widget]) -> w.VBox:
    """The parts in a box: plain keys are theirs, not JupyterLab's, and the focus is seen."""
    box = w.VBox([*parts, Keys()])
    box.add_class("cav-keys")
    return box
