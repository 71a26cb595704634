"""The report: machine, predictions, surprises and results as one HTML file of its own.

It needs no script and asks for nothing from anywhere, which its content policy enforces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from ..course.entry import Entry
from ..course.noting import title_of
from ..course.place import without_folders
from ..course.progress import progress_of
from ..course.surprises import predictions, surprises, was_right
from ..experiment.comparison import Comparison
from ..measure.fit import fit, plain
from ..measure.machine import Machine
from .downloads import link_to, size_of
from .fragments import _page, _paragraph, machine_html
from .noted import ShownSurprises, latest, measured_table, said_table
from .progress import graded_table
from .theme import COLOURS, STYLE

#: A report shows at most so many results, the latest, and leaves out data above so many bytes.
MOST_RESULTS = 40
LARGEST = 8_000_000

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass
class Part:
    """One result in a report: a heading, and a fragment of HTML."""

    title: str
    html: str


def part_of(value: Any) -> Part:
    """The part of a result that shows itself; if it can't be drawn, the part says so."""
    try:
        html = value._repr_html_()
    except Exception as error:
        html = _page(_paragraph(f"This result could not be drawn: {type(error).__name__}.",
                                "cav-note"))  # fmt: skip
    return Part(heading(value), html)


def heading(value: Any) -> str:
    """A heading for a result: its caption, what was compared, or the name of its kind."""
    caption = getattr(value, "caption", None)
    if isinstance(caption, str) and caption:
        return caption
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(value).__name__.removeprefix("Shown"))
    kind = words[:1] + words[1:].lower()
    if isinstance(value, Comparison):
        return f"Comparison: {title_of(value)}"
    return kind


def report_html(machine: Machine, noted: Sequence[Entry], parts: Sequence[Part],
                versions: Mapping[str, str], when: str, notebook: str = "") -> str:  # fmt: skip
    """The whole file. `versions` by package; `when` is the date; `notebook` a name."""
    parts = [Part(part.title, fit_for_report(part.html)) for part in parts[-MOST_RESULTS:]]
    note = ""
    if sum(len(part.html) for part in parts) > LARGEST:
        note = "The tables behind the figures are left out here: they would make a large file."
        parts = [Part(part.title, _DETAILS.sub("", part.html)) for part in parts]
    graded = graded_table([one for one in progress_of(noted) if one.tried])
    said, found = latest(predictions(noted)), latest([e for e in noted if e.kind == "comparison"])
    advice = latest([e for e in noted if e.kind == "advice"])
    body = [
        "<h1>Async or threads? What my machine showed</h1>",
        _paragraph(_contents(when, notebook, said, parts)),
        _section("This machine", machine_html(machine)),
        _section("What surprised me most", ShownSurprises(noted)._fragment()),
        _section("Predictions and measurements", _said(said)),
        *([_section("Quizzes and labs", graded)] if graded else []),
        *([_section("Advice", measured_table("Advice, all notebooks", advice))] if advice else []),
        _section("Results shown in this notebook", _results(parts, note)),
        _section("All comparisons so far", _found(found)),
        _section("Versions", _paragraph(", ".join(f"{k} {v}" for k, v in versions.items()))),
    ]
    return _document(f"Async or threads? {when}", fit_for_report("".join(body)))


def _contents(when: str, notebook: str, said: Sequence, parts: Sequence) -> str:
    where = f" in notebook {notebook.removesuffix('.ipynb')}" if notebook else ""
    counts = f"{_count(len(said), 'prediction')}, {_count(len(parts), 'result')}"
    return (f"Made on {when}{where}: {counts}. All times were measured on this one machine; "
            f"another one gives others.")  # fmt: skip


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _said(said: Sequence[Entry]) -> str:
    if not said:
        return _paragraph("No prediction has been noted so far.")
    wrong = len(surprises(said, len(said)))
    head = f"{wrong:,} of {_count(len(said), 'prediction')} {'was' if wrong == 1 else 'were'} wrong"
    unknown = sum(was_right(entry) is None for entry in said)
    more = f" {unknown:,} can't be told." if unknown else ""
    return (_paragraph(f"{head}: more than a quarter off, or another choice.{more}")
            + said_table("The latest predictions, all notebooks", said))  # fmt: skip


def _results(parts: Sequence[Part], note: str) -> str:
    if not parts:
        return _paragraph("No result was shown in this notebook before the report was made.")
    shown = "".join(f"<article><h3>{escape(part.title)}</h3>{part.html}</article>"
                    for part in parts)  # fmt: skip
    return (_paragraph(note, "cav-note") if note else "") + shown


def _found(found: Sequence[Entry]) -> str:
    if not found:
        return _paragraph("No comparison has been noted so far.")
    return measured_table("The latest of each, all notebooks", found)


# --- what makes a fragment fit for a file of its own ---------------------------------------

_PRIVATE = re.compile(r"<details><summary>(?:Traceback|Printed by [^<]*)</summary>.*?</details>",
                      re.S)  # fmt: skip
_DETAILS = re.compile(r"<details>.*?</details>", re.S)
_TAG = re.compile(r"(<[^>]*>)")
_ELSEWHERE = re.compile(r"""\s(?:href|src)="(?!#|data:)[^"]*\"""")
_LABEL = re.compile(r'(aria-label=")([^"]*)(")')


def fit_for_report(html: str) -> str:
    """A fragment without styles of its own, links, tracebacks, printed text, folders' names."""
    html = _PRIVATE.sub("", html.replace(STYLE, ""))
    html = re.sub(r' xmlns(:\w+)?="[^"]*"', "", html)  # HTML knows what an svg is
    pieces = _TAG.split(html)
    for k, piece in enumerate(pieces):
        if k % 2 == 0:
            pieces[k] = without_folders(piece)
        else:
            piece = _ELSEWHERE.sub("", piece)  # the notebooks are not beside the report
            pieces[k] = _LABEL.sub(lambda m: m[1] + without_folders(m[2]) + m[3], piece)
    return "".join(pieces)


def _page_style() -> str:
    (day, night), (ink, chalk) = COLOURS["bg"], COLOURS["fg"]
    paper = ";".join(f"--cav-{name}:{pair[0]}!important" for name, pair in COLOURS.items())
    return (
        "<style>"
        f"html{{background:{day};color:{ink};color-scheme:light dark}}"
        "body{margin:0 auto;max-width:1100px;padding:1.5em 1.2em 4em}"
        "h1,h2,h3{line-height:1.25;font-weight:600;margin:1.6em 0 .4em}"
        "h1{font-size:28px;margin-top:.2em}h2{font-size:21px}h3{font-size:17px}"
        "main h2{border-bottom:1px solid var(--cav-grid);padding-bottom:.2em}"
        "article{margin-bottom:1.5em}.cav-figure .cav-figure{padding:0}"
        ".cav-figure .cav-wide caption{white-space:normal}"
        f"@media (prefers-color-scheme:dark){{html{{background:{night};color:{chalk}}}}}"
        f"@media print{{html{{background:{day};color:{ink}}}body{{max-width:none;padding:0}}"
        f".cav-figure,.cav-figure *{{{paper};color-scheme:light!important}}"
        ".cav-figure .cav-day{display:inline!important}"
        ".cav-figure .cav-night{display:none!important}"
        "figure,tr{break-inside:avoid}h2,h3{break-after:avoid}"
        ".cav-wide{overflow:visible!important}details:not([open]){display:none}}"
        "</style>"
    )


def _document(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{fit(escape(title))}</title>\n{STYLE}\n{_page_style()}\n</head>\n"
        f'<body>\n<main class="cav-figure">\n{fit(body)}\n</main>\n</body>\n</html>\n'
    )


# --- what the cell shows ------------------------------------------------------------------


@dataclass(repr=False)
class ShownReport:
    """A report: its file's `name`, the `html`, and a link that downloads it.

    The link holds the whole file, so that it works wherever the notebook is open, on
    Binder too; `kept` is whether it also lies in the course's folder.
    """

    name: str
    html: str = field(repr=False)
    kept: bool = False
    in_report = False

    def summary(self) -> list[str]:
        """What was made, and where it is."""
        size = size_of(len(self.html.encode()))
        line = f"The report is one file, {self.name} ({size}). It needs no network."
        where = ("A copy lies in the course's folder .course." if self.kept else
                 "It could not be written to the course's folder: download it.")  # fmt: skip
        return [line, where]

    def __str__(self) -> str:
        return "\n".join(self.summary())

    __repr__ = plain

    def _fragment(self) -> str:
        return _page(
            _paragraph(self.summary()[0]),
            link_to(self.name, self.html.encode(), "text/html"),
            _paragraph(self.summary()[1], "cav-small"),
        )

    _repr_html_ = _fragment
