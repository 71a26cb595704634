"""The panel of notebook 03: how many connections, which servers, and what each one needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ipywidgets as w

from ..charts.serving.shown import connections_html
from ..course.noting import note_prediction
from ..experiment import BadRequest
from ..experiment.request import whole
from ..experiment.serving.connections import Connections, ConnectionsExperiment
from ..experiment.serving.servers import make_handlers
from ..services.connections.limits import SERVERS, read_limits
from .controls import NAME_WIDTH, NO_GUESS
from .keys import WRAP, named_row
from .runner import Runner, status_text

COUNTS = (10, 100, 1_000, 10_000)
DEFAULT = 1_000
ROUNDS = 2
_LABEL = {"description_width": NAME_WIDTH}


class ConnectionsPanel(Runner):
    """A number of connections, the servers, Run / Stop / Reset, live numbers, the picture.

    Every run adds its number of connections to the picture, or measures it again; Reset
    empties it. `result` is what has been measured since. The processes of a run are killed
    before `stop()` returns.
    """

    FIRST = "Say which server will need less memory, then press Run."
    DONE = "Done. Another number of connections adds a point to each line."

    def __init__(self, handlers: Any = None) -> None:
        self._handlers = make_handlers(handlers)
        field = {"style": _LABEL, "layout": {"width": "22em"}}
        self.preset = w.Dropdown(options=[(f"{n:,}", n) for n in COUNTS], value=DEFAULT,
                                 description="Preset", **field)  # fmt: skip
        self.count = w.IntText(value=DEFAULT, description="Connections", **field)
        self.servers = {
            name: w.Checkbox(value=True, description=name, indent=False, layout={"width": "auto"})
            for name in self._handlers
        }
        self.said = w.Dropdown(options=[NO_GUESS, *self._handlers], description="Less memory",
                               **field)  # fmt: skip
        self.note = w.HTML()
        classes = {"preset": self.preset, "count": self.count, "said": self.said,
                   "note": self.note}  # fmt: skip
        for name, widget in classes.items():
            widget.add_class(f"cav-{name}")
        for name, box in self.servers.items():
            box.add_class(f"cav-server-{name}")
        self.preset.observe(lambda change: setattr(self.count, "value", change["new"]), "value")
        super().__init__([
            w.HBox([self.preset, self.count], layout=WRAP),
            named_row("Servers", list(self.servers.values()), NAME_WIDTH),
            self.said, self.note,
        ])  # fmt: skip

    def _asked(self) -> tuple[int, dict, list[str], str]:
        chosen = {name: self._handlers[name] for name, box in self.servers.items() if box.value}
        if not chosen:
            raise BadRequest("Tick at least one server.")
        count = whole(self.count.value, "Connections", 1, 10**9, "try ")
        limits = read_limits()
        notes = [f"Capped. {limits.sentence(name)}" for name in chosen
                 if count > limits.most(name)]  # fmt: skip
        return count, chosen, notes, self.said.value

    def _experiment_for(self, asked: tuple) -> ConnectionsExperiment:
        return ConnectionsExperiment(self._tell)

    def _measured(self, experiment: ConnectionsExperiment, asked: tuple) -> tuple:
        count, handlers, _, said = asked
        result = merged(self.result, experiment.run([count], handlers, rounds=ROUNDS))
        note_guess(result, said)
        return result, connections_html(result), answer(result, said)

    def _starting(self, asked: tuple) -> None:
        notes = asked[2]
        self.note.value = status_text(" ".join(notes)) if notes else ""

    def _controls_reset(self) -> None:
        self.preset.value = self.count.value = DEFAULT
        for box in self.servers.values():
            box.value = True
        self.said.value, self.result, self.note.value = NO_GUESS, None, ""


def connections_panel(handlers: Any = None) -> ConnectionsPanel:
    """The panel for `connections`, with the course's `handlers` or a pair of yours.

    Raises BadRequest for what are no handlers.
    """
    return ConnectionsPanel(handlers)


def merged(old: Connections | None, new: Connections) -> Connections:
    """Both results as one; what was measured again replaces what was."""
    if old is None:
        return new
    again = {(s.server, s.count) for s in new.samples}
    kept = [s for s in old.samples if (s.server, s.count) not in again]
    notes = [*old.notes, *new.notes]
    if kept and old.rate != new.rate:
        notes.append(f"Runs at different fixed rates ({old.rate:,.0f} and {new.rate:,.0f} requests "
                     f"a second) are in one picture: press Reset to begin anew.")  # fmt: skip
    return replace(new, samples=kept + new.samples, notes=list(dict.fromkeys(notes)),
                   printed={**old.printed, **new.printed})  # fmt: skip


def note_guess(result: Connections, guess: str) -> None:
    """Keep a guess in the diary, where the rounds agree on what is right."""
    count = result.largest()
    winner = None if count is None else result.always(count, "kb")
    if guess in SERVERS and winner is not None:
        note_prediction(f"{count:,} connections", "less memory", guess, winner, "", guess == winner)


def answer(result: Connections, guess: str) -> str:
    """What the learner said beside what was measured; empty if nothing was said."""
    count = result.largest()
    if guess not in SERVERS or count is None or len(result.servers) < 2:
        return ""
    winner = result.always(count, "kb")
    was = ("the rounds overlap" if winner is None else
           "it did" if winner == guess else f"{winner} did")  # fmt: skip
    return f"You said {guess} would need less memory: {was}, at {count:,} connections."
