"""Files that a page hands out: a link that holds the file's content, and what was saved."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ..measure.fit import plain
from .fragments import _page, _paragraph

#: Bytes of a file that a link holds; a larger one is only named.
LARGEST_LINK = 4_000_000


def size_of(size: int) -> str:
    """A file's size in words: 5 KB."""
    return f"{max(1, round(size / 1000)):,} KB"


def link_to(name: str, content: bytes, media: str, more: str = "") -> str:
    """A paragraph with a link that downloads `content` as `name`; it needs no server."""
    held = base64.b64encode(content).decode()
    name = escape(name)
    return (f'<p><a download="{name}" href="data:{media};base64,{held}">Download {name}</a>'
            f"{escape(more)}</p>")  # fmt: skip


@dataclass
class Saved:
    """A file that was written, its size in bytes, and what opens it. Shows a download."""

    path: Path
    size: int
    use: str = ""

    @classmethod
    def at(cls, path: Path, use: str = "") -> Saved:
        """The file as it is now."""
        return cls(path, path.stat().st_size, use)

    def __str__(self) -> str:
        return f"Saved: {self.path.name}, {size_of(self.size)}. {self.use}".strip()

    __repr__ = plain

    def _repr_html_(self) -> str:
        try:
            content = self.path.read_bytes() if self.size <= LARGEST_LINK else b""
        except OSError:  # moved away since
            content = b""
        link = content and link_to(self.path.name, content, "application/gzip",
                                   f" ({size_of(self.size)})")  # fmt: skip
        return _page(_paragraph(str(self)), link or "")
