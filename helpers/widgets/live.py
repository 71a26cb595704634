"""One line of progress under a cell, while an experiment runs."""

from __future__ import annotations

import html
import time
from typing import TYPE_CHECKING, Any

from ..experiment import Progress
from ..measure.fit import fit

if TYPE_CHECKING:
    from .kernel import MainLoop

FASTEST_S = 0.2


class LiveStatus:
    """Shows how far an experiment is, at most five times a second; gone at the end.

    Outside a notebook it shows nothing. `tell` may be called from any thread.
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown = 0.0
        self._main: MainLoop | None = None

    def __enter__(self) -> LiveStatus:
        try:
            from IPython import get_ipython
            from IPython.display import HTML, display

            if get_ipython() is None or not hasattr(get_ipython(), "kernel"):
                return self
            from .kernel import MainLoop

            self._main = MainLoop()
            self._handle = display(HTML(status_line("starting", 0.0)), display_id=True)
        except (ImportError, RuntimeError):
            self._handle = None
        return self

    def tell(self, progress: Progress) -> None:
        """Show `progress`, unless the last one is too recent."""
        if self._handle is None or self._main is None or time.monotonic() - self._shown < FASTEST_S:
            return
        self._shown = time.monotonic()
        line = status_line(f"{progress.share:.0%} · {progress.words}", progress.share)
        self._main.post(self._update, line)

    def _update(self, line: str) -> None:
        if self._handle is not None:
            from IPython.display import HTML

            self._handle.update(HTML(line))

    def __exit__(self, *error: object) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            from IPython.display import HTML

            handle.update(HTML(""))


def status_line(words: str, share: float) -> str:
    """A muted line of HTML, with the share that is done, from 0 to 1, as a bar.

    Screen readers say a bar as seldom as their user likes; words that are announced at each
    change, up to five times a second, would drown everything else.
    """
    return (
        '<div style="color:var(--jp-ui-font-color2,#5B6B78);'
        f'font-size:var(--jp-ui-font-size1,13px)">{progress_bar(share)} '
        f"{html.escape(fit(words))}</div>"
    )


def progress_bar(share: float) -> str:
    """A labelled progress bar of HTML; ipywidgets' own has no name for screen readers."""
    return (f'<progress max="1" value="{share:.2f}" aria-label="Progress of the experiment" '
            f'style="width:14em;vertical-align:middle"></progress>')  # fmt: skip
