"""A picture in a notebook has words."""

from __future__ import annotations

import base64
import re
from io import BytesIO

import pytest
from PIL import Image

from helpers import described
from helpers.experiment import BadRequest


def test_a_picture_keeps_its_pixels_and_has_words():
    image = Image.new("RGB", (3, 2), (10, 20, 30))
    shown = described(image, ' A "blue" <wall> ')
    html = shown._repr_html_()
    assert 'alt="A &quot;blue&quot; &lt;wall&gt;"' in html
    held = re.search(r'src="data:image/png;base64,([^"]+)"', html)
    seen = Image.open(BytesIO(base64.b64decode(held[1])))
    assert (seen.size, seen.getpixel((2, 1))) == ((3, 2), (10, 20, 30))
    assert str(shown) == repr(shown) == 'A "blue" <wall>'


@pytest.mark.parametrize(
    ("image", "words", "advice"),
    [
        (b"\x89PNG", "A wall", "bytes is none"),
        (None, "A wall", "takes a Pillow image"),
        (Image.new("RGB", (1, 1)), "  ", "needs a description"),
        (Image.new("RGB", (1, 1)), 7, "needs a description"),
    ],
)
def test_what_can_not_be_described_is_said(image, words, advice):
    with pytest.raises(BadRequest, match=advice):
        described(image, words)
