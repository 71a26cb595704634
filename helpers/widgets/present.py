"""Presenter size: widgets, figures and text large enough for the last row of a hall."""

from __future__ import annotations

import secrets
from typing import Any

import anywidget
import traitlets

from ..experiment import BadRequest
from .browser import module_and_style

OFF = ""
#: The sizes, and how many times as large as at a desk they are.
SIZES = {"room": 1.35, "hall": 1.7, "large hall": 2.2}
FIRST = "hall"


class Presenter(anywidget.AnyWidget):
    """Buttons for the sizes. `size` is one of `SIZES`, or "" for the usual size.

    It changes how the page looks, and nothing else: no setting, no file, no measurement. A
    page that is loaded again asks the kernel, and has the size again.
    """

    _esm, _css = module_and_style("present")
    #: Which rule in the page is this kernel's.
    token = traitlets.Unicode().tag(sync=True)
    sizes = traitlets.Dict(SIZES).tag(sync=True)
    size = traitlets.Unicode(OFF).tag(sync=True)

    @traitlets.default("token")
    def _random(self) -> str:
        return f"presenter-{secrets.token_hex(6)}"

    @traitlets.validate("size")
    def _known(self, proposal: Any) -> str:
        return proposal["value"] if proposal["value"] in SIZES else OFF

    def __str__(self) -> str:
        return f"Presenter size: {self.size or 'off'}."

    __repr__ = __str__


_shared: Presenter | None = None


def present(size: str | bool | None = None) -> Presenter:
    """Enlarge this notebook for a hall; again, or with False, back to the usual size.

    `size` is "room", "hall" or "large hall"; True means "hall". Shows a button for each size.
    Raises BadRequest for another size.
    """
    global _shared
    if _shared is None:
        _shared = Presenter()
    if size is None:
        size = OFF if _shared.size else FIRST
    elif isinstance(size, bool):
        size = FIRST if size else OFF
    elif not isinstance(size, str) or size not in SIZES:
        raise BadRequest(f"A size is one of {', '.join(map(repr, SIZES))}; {size!r} is not: write "
                         f'present("{FIRST}"), or present(False) to go back.')  # fmt: skip
    _shared.size = size
    return _shared
