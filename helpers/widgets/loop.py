"""Be the event loop: a learner picks which ready task runs next, in the browser alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from ..charts.replay.turns import turns_data, turns_text
from ..experiment.loops.turns import Turns

_HERE = Path(__file__).parent
_PLAIN = "text/plain"


class LoopGame(anywidget.AnyWidget):
    """Tasks with known steps, to be scheduled by hand; `loop.js` says how."""

    _esm = (_HERE / "loop.js").read_text(encoding="utf-8")
    _css = (_HERE / "loop.css").read_text(encoding="utf-8")
    loop_data = traitlets.Dict().tag(sync=True)

    def __init__(self, turns: Turns) -> None:
        super().__init__(loop_data=turns_data(turns))

    def __str__(self) -> str:
        return turns_text(self.loop_data)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        # the pair that Jupyter takes: data and metadata; elsewhere there may be neither
        if isinstance(bundle, tuple):
            return {**bundle[0], _PLAIN: str(self)}, bundle[1]
        return {**(bundle or {}), _PLAIN: str(self)}
