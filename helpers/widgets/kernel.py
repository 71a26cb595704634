"""The kernel's main loop, how anything on another thread reaches it, and messages in order.

A widget's callback may run on a thread of its own with a loop of its own (JupyterLab
sends comm messages over subshells), and traits that are set from several threads arrive
out of order. So every change of a widget is posted to the one main loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Callable
from typing import Any

from ipywidgets import Widget


class MainLoop:
    """The kernel's main loop, seen from any thread. Make it in a cell.

    It keeps the context of the cell that made it: without that, early ipykernel 7 cannot
    tell which cell an output belongs to. Raises RuntimeError where no loop runs.
    """

    def __init__(self) -> None:
        self._loop = _kernel_loop() or asyncio.get_running_loop()
        self._context = contextvars.copy_context()

    def post(self, function: Callable[..., Any], *args: Any) -> None:
        """Have the main loop call `function(*args)` soon; returns at once.

        Calls keep their order. After the kernel's end it does nothing.
        """
        with contextlib.suppress(RuntimeError):  # a closed loop: nobody is left to see it
            # a copy each: one context can't be entered twice at a time
            self._loop.call_soon_threadsafe(function, *args, context=self._context.copy())


def keep_order(widget: Widget) -> None:
    """Have messages from the page to this widget handled in order with those to others.

    ipykernel 7.4 hands each widget's to the loop that last wrote to the widget, in place of the
    one that JupyterLab named for all of them. So a click on Run could be handled before the
    number that was typed just before it.
    """
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = _as_named


def _as_named(data: object, subshell: str | None) -> str | None:
    return subshell


def _kernel_loop() -> asyncio.AbstractEventLoop | None:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    kernel = getattr(get_ipython(), "kernel", None)
    return getattr(getattr(kernel, "io_loop", None), "asyncio_loop", None)
