"""What a lab says: the finding of a check, a hint, a solution."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from ..checks import NOT_ATTEMPTED, RIGHT, Finding
from ..measure.fit import plain
from . import table
from .fragments import _page, _paragraph

#: The words carry the meaning; the sign and the colour only repeat it.
SIGNS = {RIGHT: "✓", NOT_ATTEMPTED: "○"}
WORDS = {RIGHT: "right", NOT_ATTEMPTED: "not attempted"}


class _Shown:
    """Shows itself as text and as HTML; a report has a table of its own for labs."""

    in_report = False

    def _repr_mimebundle_(self: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._fragment(), "text/plain": plain(self)}

    def _repr_html_(self: Any) -> str:
        return self._fragment()

    __repr__ = plain


@dataclass(repr=False)
class ShownCheck(_Shown):
    """The finding of the check of one step; `help` says what to do next, or is empty."""

    step: str
    finding: Finding
    help: str = ""
    printed: str = ""

    @property
    def right(self) -> bool | None:
        """True or False; None for what was not attempted."""
        return self.finding.right

    def _head(self) -> str:
        return f"{self.step}: {WORDS.get(self.finding.status, 'not yet')}."

    def _sentences(self) -> list[str]:
        found = self.finding
        return [text for text in (found.observed, found.points_at, self.help) if text]

    def __str__(self) -> str:
        return "\n".join([self._head(), *self._sentences()])

    def _fragment(self) -> str:
        found = self.finding
        sign = SIGNS.get(found.status, "✗")
        kind = "cav-head" if found.right is not False else "cav-head cav-error"
        head = (f'<p class="{kind}"><span aria-hidden="true">{sign} </span>'
                f"{escape(self._head())}</p>")  # fmt: skip
        parts = [_paragraph(text) for text in self._sentences()]
        for label, text in (("Traceback", found.details), ("Printed by your code", self.printed)):
            parts.append(table.folded(label, f"<pre>{escape(text)}</pre>" if text else ""))
        return _page(f'<div role="status">{head}{"".join(parts)}</div>')


@dataclass(repr=False)
class ShownHint(_Shown):
    """One hint of a step, and how many there are."""

    step: str
    number: int
    of: int
    text: str
    help: str = ""

    def __str__(self) -> str:
        return f"{self.step}, hint {self.number} of {self.of}: {self.text} {self.help}".rstrip()

    def _fragment(self) -> str:
        return _page(_paragraph(str(self)))


@dataclass(repr=False)
class ShownSolution(_Shown):
    """One right solution of a step, as code."""

    step: str
    code: str

    def __str__(self) -> str:
        return f"{self.step}, one right solution:\n\n{self.code}"

    def _fragment(self) -> str:
        return _page(_paragraph(f"{self.step}, one right solution:"),
                     f"<pre>{escape(self.code)}</pre>")  # fmt: skip
