"""What a browser gets of a widget: one ES module and one style sheet, both as text."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
#: Pieces that several modules begin with. A page that was opened as a file can't import one
#: module from another, so their text is joined here.
_PIECES = {
    "loop": ("element", "player"),
    "quiz": ("element",),
    "replay": ("element", "player"),
}


def module_and_style(name: str) -> tuple[str, str]:
    """The module and the style sheet of a widget, `name`.js and `name`.css with their pieces."""
    names = (*_PIECES.get(name, ()), name)
    return _joined(names, ".js"), _joined(names, ".css")


def _joined(names: tuple[str, ...], suffix: str) -> str:
    paths = (_HERE / f"{one}{suffix}" for one in names)
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.exists())
