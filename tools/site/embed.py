"""Outputs for a page without a kernel.

A widget that is all JavaScript (anywidget: quizzes, replays) goes into the page with what
it holds, and docs/site/static/widgets.js brings it to life. In the place of one that needs
its kernel a line says where it is live.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from docutils.nodes import make_id
from nbformat import NotebookNode
from nbformat.v4 import new_output

from helpers.charts.replay.data import palette
from helpers.charts.theme import STYLE
from helpers.course.quizzes import NAMES, find
from helpers.measure.trace import COMPUTING_IN_C, HELD, RUNNING
from helpers.measure.trace import NAMES as NAMES_OF_STATES
from helpers.models import MODELS, THREADED

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
#: Modules of helpers.widgets that are of use in a page by themselves.
ALONE = ("loop", "quiz", "replay")
_TO_NOTEBOOK = re.compile(r'href="([^":]+)\.ipynb(?:#([^"]*))?"')


def embedded(notebook: NotebookNode, live: Mapping[str, str | None]) -> None:
    """Replace all outputs of the notebook that need a kernel.

    `live` says for a cell's id where that cell is live: an address on Binder, or None.
    """
    state = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_shown(out, state, live.get(cell.id)) for out in cell.outputs]


def _shown(out: NotebookNode, state: Mapping[str, Any], live: str | None) -> NotebookNode:
    data = out.get("data", {})
    if VIEW in data:
        model = state.get(data[VIEW]["model_id"], {})
        return _html(_alone(model) or _note(live))
    if "text/html" in data:  # the style sheet of the figures is the site's own
        return _html(_TO_NOTEBOOK.sub(_to_page, data["text/html"].replace(STYLE, "")))
    return out


def _to_page(link: re.Match[str]) -> str:
    """A link to a notebook, made one to its page: headings have other anchors there."""
    anchor = f"#{make_id(unquote(html.unescape(link[2])))}" if link[2] else ""
    return f'href="{link[1]}.html{anchor}"'


def _html(text: str) -> NotebookNode:
    return new_output("display_data", {"text/html": text})


def _alone(model: Mapping[str, Any]) -> str:
    """An element with all that the widget holds; nothing for one that needs its kernel."""
    values = model.get("state", {})
    name = str(values.get("_anywidget_id", "")).split(".")[-2:][0]  # helpers.widgets.NAME.Class
    if name not in ALONE:
        return ""
    kept = {key: value for key, value in values.items() if not key.startswith("_")}
    if (known := kept.get("quiz_data", {}).get("name")) in NAMES:
        kept["quiz_data"] = find(known).as_data()  # as it is now, not as when it was run
    buffers = [{"path": one["path"], "data": one["data"]} for one in model.get("buffers", [])]
    held = json.dumps({"state": kept, "buffers": buffers}, ensure_ascii=False)
    held = held.replace("<", "\\u003c")  # no text in it can end the script
    return (
        f'<div class="course-widget" data-widget="{html.escape(name)}">'
        f'<script type="application/json">{held}</script>'
        f"<noscript>This part needs JavaScript.</noscript></div>"
    )


def run_opener() -> str:
    """An element in which docs/site/static/open-run.js opens a run file of the reader's."""
    known = {
        **palette(),
        "ids": {"HELD": HELD, "RUNNING": RUNNING, "COMPUTING_IN_C": COMPUTING_IN_C},
        "names": len(NAMES_OF_STATES),
        "models": list(MODELS),
        "threaded": list(THREADED),
    }
    return (
        f'<div class="course-open-run"><script type="application/json">{json.dumps(known)}</script>'
        "<noscript>This part needs JavaScript.</noscript></div>"
    )


def _note(live: str | None) -> str:
    """What stands in the place of controls."""
    where = "with <code>make lab</code> on your machine"
    if live:
        where = f'<a href="{html.escape(live)}">on Binder</a>, or {where}'
    return (
        '<p class="course-live">Here are controls that need a running Python. '
        f"Open the notebook in JupyterLab to use them: {where}.</p>"
    )
