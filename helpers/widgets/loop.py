"""Be the event loop: a learner picks which ready task runs next, in the browser alone."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from ..charts.replay.turns import turns_data, turns_text
from ..experiment.loops.turns import Turns
from .as_text import AsText

_HERE = Path(__file__).parent


class LoopGame(AsText, anywidget.AnyWidget):
    """Tasks with known steps, to be scheduled by hand; `loop.js` says how."""

    _esm = (_HERE / "loop.js").read_text(encoding="utf-8")
    _css = (_HERE / "loop.css").read_text(encoding="utf-8")
    loop_data = traitlets.Dict().tag(sync=True)

    def __init__(self, turns: Turns) -> None:
        super().__init__(loop_data=turns_data(turns))

    def __str__(self) -> str:
        return turns_text(self.loop_data)
