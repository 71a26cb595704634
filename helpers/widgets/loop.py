"""Be the event loop: a learner picks which ready task runs next, in the browser alone."""

from __future__ import annotations

import anywidget
import traitlets

from ..charts.replay.turns import turns_data, turns_text
from ..experiment.loops.turns import Turns
from .as_text import AsText
from .browser import module_and_style


class LoopGame(AsText, anywidget.AnyWidget):
    """Tasks with known steps, to be scheduled by hand; `loop.js` says how."""

    _esm, _css = module_and_style("loop")
    loop_data = traitlets.Dict().tag(sync=True)

    def __init__(self, turns: Turns) -> None:
        super().__init__(loop_data=turns_data(turns))

    def __str__(self) -> str:
        return turns_text(self.loop_data)
