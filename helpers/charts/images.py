"""A picture with a description for those who don't see it."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from io import BytesIO
from typing import Any

from ..experiment import BadRequest
from ..measure.fit import plain
from .fragments import _page


class ShownImage:
    """A Pillow image that shows itself as a figure with alt text.

    JupyterLab shows an image alone without any.
    """

    in_report = False

    def __init__(self, image: Any, words: str) -> None:
        self.image, self.words = image, words

    def __str__(self) -> str:
        return self.words

    __repr__ = plain

    def _repr_html_(self) -> str:
        file = BytesIO()
        self.image.save(file, "PNG")
        held = b64encode(file.getvalue()).decode()
        return _page(
            f'<figure><img alt="{escape(self.words)}" src="data:image/png;base64,{held}" '
            f'style="display:block;max-width:100%;height:auto"></figure>'
        )


def described(image: Any, words: str) -> ShownImage:
    """Show a Pillow `image` with `words` that say what is to be seen in it.

    Raises BadRequest for what is no image, and for words that say nothing.
    """
    if not callable(getattr(image, "save", None)):
        raise BadRequest(f"described takes a Pillow image; {type(image).__name__} is none.")
    if not isinstance(words, str) or not words.strip():
        raise BadRequest('An image needs a description: write described(image, "A red house").')
    return ShownImage(image, words.strip())
