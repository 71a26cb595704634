"""Text of others made fit to be shown: nothing in it that a reader can't see."""

from __future__ import annotations

import re
from typing import Any

#: Controls other than tab and line ends, what turns the direction of the text after it, line
#: ends that HTML does not know, and halves of characters. None of them has a picture; the
#: directions let a name rewrite the sentence that it stands in.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
                     "\ud800-\udfff]")  # fmt: skip


def fit(text: str) -> str:
    """`text` with a replacement character in the place of each that can't be seen."""
    return _UNSEEN.sub("\ufffd", text)


def plain(shown: object) -> str:
    """What `str` makes of a result, fit to be shown: its plain text, and its ``__repr__``.

    A page that shows HTML is sent this as well, and half a character stops the whole message.
    """
    return fit(str(shown))


class OneSentence:
    """Mixed into an exception, before its class: a notebook shows its sentence, no traceback.

    The sentence is the first argument, made fit to be shown.
    """

    args: tuple[Any, ...]

    def __str__(self) -> str:
        return fit(str(self.args[0])) if self.args else ""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def fit_data(data: Any) -> Any:
    """Lists and dicts that travel to a browser as JSON, every text in them made fit."""
    if isinstance(data, str):
        return fit(data)
    if isinstance(data, dict):
        return {key: fit_data(value) for key, value in data.items()}
    return [fit_data(value) for value in data] if isinstance(data, list) else data
