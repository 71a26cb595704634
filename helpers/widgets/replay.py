"""A replay: recorded runs in slow motion, several models beside one another, one scrubber.

A class of traits and a plain ES module beside it, as anywidget has it.
"""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

from ..charts.replay.data import replay_data
from ..course.runs import read_run
from ..experiment import BadRequest
from ..experiment.comparison import Comparison
from .as_text import AsText
from .browser import module_and_style


class Replay(AsText, anywidget.AnyWidget):
    """Plays what a comparison recorded; `replay.js` says how. Nothing is sent back."""

    _esm, _css = module_and_style("replay")
    replay_data = traitlets.Dict().tag(sync=True)
    numbers = traitlets.Bytes().tag(sync=True)

    def __init__(self, comparison: Comparison) -> None:
        data, numbers = replay_data(comparison)
        super().__init__(replay_data=data, numbers=numbers)

    def __str__(self) -> str:
        data = self.replay_data
        label = [data["label"]] if data["label"] else []
        head = f"A replay of {data['title']}."
        return "\n".join([*label, head, *(one["reading"] for one in data["kitchens"])])


def replay(result: Comparison | str | Path) -> Replay:
    """Play a comparison's recorded runs in slow motion.

    `result` is what `compare` gave, or the path of a run file. Raises BadRequest for anything
    else, and where no run was recorded.
    """
    if isinstance(result, str | Path):
        result = read_run(result)
    if not isinstance(result, Comparison):
        raise BadRequest("replay takes what compare gave: result = await compare(...), then "
                         "replay(result).")  # fmt: skip
    return Replay(result)
