"""A map of winners, and the score of a learner's predictions, that show themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from ...course.noting import note_prediction
from ...experiment import BadRequest
from ...experiment.winners.cells import CLOSE, WINNER, Cell, Winners
from .. import table
from ..fragments import _drawn, _figure, _machine_line, _page, _paragraph
from ..results import _Shown
from ..words import counted
from . import words

TOO_CLOSE = "too close"


class ShownWinners(_Shown, Winners):
    """A map of winners that shows its picture, its rows in words and its table."""

    def _fragment(self) -> str:
        return winners_html(self)

    def _sentences(self) -> list[str]:
        return [*words.findings(self), *words.limits(self)]

    def score(self, said: Mapping[str, str | None], tasks: int) -> ShownWinnersScore:
        """Predictions ``{kind of work: model}`` beside what was measured at `tasks` tasks.

        A prediction may also be "too close"; None is none. Those that can be told are noted
        in the diary, once. Raises BadRequest for a kind, a model or a count that is not on
        the map.
        """
        if tasks not in self.counts:
            raise BadRequest(f"The map has no column for {tasks!r} tasks: choose among "
                             f"{', '.join(map(str, self.counts))}.")  # fmt: skip
        if not isinstance(said, Mapping):
            raise BadRequest('Predictions are a dict: write {"Python code": "processes"}.')
        score = ShownWinnersScore(tasks)
        for label, guess in said.items():
            if label not in self.kinds:
                raise BadRequest(f"The map has no row {label!r}: choose among "
                                 f"{', '.join(self.kinds)}.")  # fmt: skip
            known = [*words.models_of(self), TOO_CLOSE]
            if guess is not None and guess not in known:
                raise BadRequest(f"{guess!r} is no prediction for {label!r}: choose among "
                                 f"{', '.join(known)}.")  # fmt: skip
            right = score.add(label, guess, self.kinds[label].cells[tasks])
            self._note(label, tasks, guess, right)
        return score

    def _note(self, label: str, tasks: int, guess: str | None, right: bool | None) -> None:
        noted = self.__dict__.setdefault("_noted", set())
        if right is None or (label, tasks, guess) in noted:
            return
        noted.add((label, tasks, guess))
        names = self.kinds[label].cells[tasks].fastest()
        measured = names[0] if len(names) == 1 else f"{TOO_CLOSE}: {', '.join(names)}"
        note_prediction(f"{label}, {counted(tasks, 'task')}", "the fastest", guess, measured, "",
                        right)  # fmt: skip


@dataclass
class ShownWinnersScore:
    """Predictions beside the map's column of `tasks` tasks: `right` of `told` were right.

    A prediction is told where its cell has a winner or is too close to call, except that
    one of several that can't be told apart is neither right nor wrong.
    """

    tasks: int
    right: int = 0
    told: int = 0
    rows: list[tuple[str, str, str, str]] = field(default_factory=list)

    def add(self, label: str, guess: str | None, cell: Cell) -> bool | None:
        """Score one row: whether the prediction was right, None where that isn't told."""
        state, answer, right = cell.state(), "–", None
        if guess is not None:
            if state not in (WINNER, CLOSE):
                answer = "can't be told"
            elif state == CLOSE and guess in cell.fastest():
                answer = "among the fastest, but too close to call"
            else:
                right = guess == TOO_CLOSE if state == CLOSE else guess in cell.fastest()
                self.told += 1
                self.right += right
                answer = "right" if right else "a surprise"
        self.rows.append((label, guess or "no prediction", words.cell_words(cell), answer))
        return right

    def sentence(self) -> str:
        """The total, in a sentence."""
        text = f"{self.right} of {self.told} predictions were right."
        made = sum(said != "no prediction" for _, said, _, _ in self.rows)
        if not made:
            return f"{text} None was made: fill in your predictions before you measure."
        left = made - self.told
        return text if not left else f"{text} {left} more can't be told apart here."

    def __str__(self) -> str:
        return "\n".join([self.sentence(), *(" | ".join(row) for row in self.rows)])

    def _repr_html_(self) -> str:
        heads = ["kind of work", "you said", f"measured with {self.tasks:,} tasks", ""]
        shown = table.table("Your predictions", heads, self.rows, words=True)
        return _page(f'<p class="cav-head">{escape(self.sentence())}</p>', shown)


def winners_html(result: Winners) -> str:
    """Headline, picture, rows, limits, table, machine."""
    rows = "".join(f"<li>{escape(text)}</li>" for text in words.findings(result)[1:])
    return _page(
        f'<p class="cav-head">{escape(words.headline(result))}</p>',
        _drawn(lambda: _picture(result)),
        table.folded("The map in words", f"<ul>{rows}</ul>"),
        "".join(_paragraph(text, "cav-note") for text in words.limits(result)),
        _drawn(lambda: table.folded("Data: every cell and model", winners_table(result))),
        _machine_line(result.machine),
    )


def _picture(result: Winners) -> str:
    from . import grid

    return _figure(lambda: grid.draw(result), words.alt(result), words.caption(result))


def winners_table(result: Winners) -> str:
    """A row a cell and model: median time, rounds, and what was left out, with its reason."""
    heads = ["kind of work", "tasks", "model", "median ms", "rounds", "cores used", "this cell"]
    rows = []
    for (label, count), cell in result.cells.items():
        found, said = cell.comparison, words.cell_words(cell)
        left_out = {} if found is None else found.left_out
        for model in (*cell.models, *left_out):
            if model in left_out:
                _, _, why = left_out[model].partition(": ")
                numbers = ["–", 0, "–"]
                said = f"{said}; {model}: {why}" if cell.models else said
            else:
                rounds = len(cell.compared.repeats.get(model, {}))
                numbers = [table.milliseconds(cell.compared.wall(model)), rounds,
                           f"{cell.compared.cores(model):.2f}"]  # fmt: skip
            rows.append([label, f"{count:,}", model, *numbers, said])
            said = ""
        if not cell.models and not left_out:
            rows.append([label, f"{count:,}", "–", "–", 0, "–", said])
    caption = (f"Runs within {result.took_s:.1f} s; a model that was far slower in its first "
               f"rounds was not run again")  # fmt: skip
    return table.table(caption, heads, rows)
