"""The overview of a learner's progress, with a button that restores a downloaded file."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as w
from IPython.display import display, update_display

from .. import charts
from ..charts.progress import ShownProgress
from ..course import place, shared_diary
from ..course.progress import progress_of
from ..course.restoring import LARGEST_UPLOAD, restore_bytes, told
from ..experiment import BadRequest
from ..measure.fit import fit
from .kernel import MainLoop
from .keys import control_box

_ASKS = ("To go on from a file that you downloaded, choose it here "
         f"(up to {LARGEST_UPLOAD / 1e6:g} MB). It is added to what is noted here.")  # fmt: skip


class Progress:
    """The overview, and below it the button; both are shown where a cell ends with this.

    `upload` is the button, `note` says what came of it, `box` holds them.
    """

    in_report = False

    def __init__(self) -> None:
        self.upload = w.FileUpload(
            accept=".jsonl", multiple=False, description="Restore progress",
            tooltip="Choose a progress file that you downloaded", layout={"width": "14em"},
        )  # fmt: skip
        self.note = w.HTML()
        for widget, name in ((self.upload, "cav-restore"), (self.note, "cav-restore-note")):
            widget.add_class(name)
        asks = w.HTML(f'{charts.STYLE}<div class="cav-figure"><p>{escape(_ASKS)}</p></div>')
        self.box = control_box([asks, self.upload, self.note])
        self.box.add_class("cav-progress")
        self.upload.observe(self._chosen, "value")
        self._shown_as = f"cav-progress-{secrets.token_hex(8)}"
        self._post: Callable[..., Any] = lambda function, *args: function(*args)
        self._live = False
        with contextlib.suppress(RuntimeError):  # without a loop there is no page either
            self._post, self._live = MainLoop().post, True

    def overview(self) -> ShownProgress:
        """The overview as of now."""
        book = shared_diary()
        return ShownProgress(progress_of(book.entries()), book.raw(), place.notebook())

    def _chosen(self, change: Any) -> None:
        """A file has arrived; on whatever thread. What goes wrong is shown, never lost."""
        files = change["new"]
        if not files:
            return
        try:
            text, wrong = told(restore_bytes(bytes(files[0]["content"]))), False
        except BadRequest as error:
            text, wrong = str(error), True
        except Exception as error:
            text = f"Nothing could be restored ({type(error).__name__}). Try restore() in a cell."
            wrong = True
        self._post(self._told, text, wrong)

    def _told(self, text: str, wrong: bool) -> None:
        kind, role = (' class="cav-error"', "alert") if wrong else ("", "status")
        self.note.value = (f'<div class="cav-figure" role="{role}"><p{kind}>{escape(fit(text))}</p>'
                           f"</div>")  # fmt: skip
        self.upload.value = ()  # so that the same file can be chosen again
        if self._live and not wrong:
            update_display(self.overview(), display_id=self._shown_as)

    def __str__(self) -> str:
        return str(self.overview())

    __repr__ = __str__

    def _ipython_display_(self) -> None:
        display(self.overview(), display_id=self._shown_as)
        if self._live:
            display(self.box)


def progress() -> Progress:
    """Show what you have done in each notebook and lab, and what comes next.

    Below it: a link that downloads all of it as one file, and a button that restores one.
    """
    return Progress()
