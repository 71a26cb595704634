"""Progress bars of several files, in one widget that is redrawn at most five times a second."""

from __future__ import annotations

import html
import time
from collections.abc import Mapping

import ipywidgets as w

from ..measure.fit import fit

FASTEST_S = 0.2


class FileBars:
    """A bar for each file; use it in a ``with`` block, and call `add` from the kernel's loop.

    `sizes` holds the bytes of each file by name. It shows what has been added so far: at
    most five times a second, since drawing takes the loop's time, and once at the end.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = dict(sizes)
        self.done = dict.fromkeys(self.sizes, 0)
        self.widget = w.HTML()
        self.widget.add_class("cav-files")
        self._shown = 0.0

    def add(self, name: str, count: int) -> None:
        """`count` more bytes of the file `name` have arrived. Raises KeyError for others."""
        self.done[name] += count
        if time.monotonic() - self._shown >= FASTEST_S:
            self._show()

    def __enter__(self) -> FileBars:
        from IPython.display import display

        self._show()
        display(self.widget)
        return self

    def __exit__(self, *error: object) -> None:
        self._show()

    def _show(self) -> None:
        self._shown = time.monotonic()
        self.widget.value = "".join(self._bar(name) for name in self.sizes)

    def _bar(self, name: str) -> str:
        done, size = self.done[name], self.sizes[name]
        label = html.escape(fit(name))
        return (
            f'<div style="font-size:var(--jp-ui-font-size1,13px);line-height:1.7">'
            f'<span style="display:inline-block;min-width:7em">{label}</span>'
            f'<progress max="{size}" value="{min(done, size)}" aria-label="{label}" '
            f'style="width:14em;vertical-align:middle"></progress> '
            f"{done / 2**20:.1f} of {size / 2**20:.1f} MB</div>"
        )


def file_bars(files: list[dict]) -> FileBars:
    """Progress bars for the `files` of a `web_server`: dicts with ``name`` and ``bytes``."""
    return FileBars({file["name"]: file["bytes"] for file in files})
