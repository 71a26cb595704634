"""The rooms of `helpers` as they are: what each is for, which it imports, a picture."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

import helpers
from helpers.charts.fragments import _page
from helpers.charts.table import folded, table

HELPERS = Path(helpers.__file__).parent
#: Of the picture, in pixels: a row, a column of dots, the names, name and words, the heads.
ROW, COLUMN, NAME, WORDS, HEADS = 32, 26, 112, 490, 84


def rooms() -> dict[str, str]:
    """What each room is for, from the ground up, as `helpers` says it of itself."""
    text, *_ = re.findall(r"::\n\n((?:    \w+ +.+\n)+)", helpers.__doc__ or "")
    lines = (line.split(maxsplit=1) for line in text.splitlines())
    return {room: words for room, words in lines}  # noqa: C416 - typed as pairs


def room_of(path: Path) -> str:
    """The room that a file of `helpers` is in."""
    return path.relative_to(HELPERS).parts[0].removesuffix(".py")


def imports(path: Path, inside: bool = True) -> set[str]:
    """Absolute names of all modules that a file imports, also `inside` its functions."""
    package = ["helpers", *path.relative_to(HELPERS).parts[:-1]]
    names, tree = set(), ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if inside else tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *filter(None, [node.module])])
            names |= {stem} | {f"{stem}.{alias.name}" for alias in node.names}
    return names


def imported() -> dict[str, list[str]]:
    """The rooms that each room imports from, nearest first."""
    order = list(rooms())
    found: dict[str, set[str]] = {room: set() for room in order}
    for path in HELPERS.rglob("*.py"):
        room = room_of(path)
        for name in imports(path) if room in found else ():
            parts = name.split(".")
            if parts[0] == "helpers" and len(parts) > 1 and parts[1] in found:
                found[room].add(parts[1])
    return {room: sorted(others - {room}, key=order.index, reverse=True)
            for room, others in found.items()}  # fmt: skip


class Rooms:
    """The picture: a row a room, the ground at the bottom, a dot for each room that it imports."""

    def _repr_html_(self) -> str:
        told, links = rooms(), imported()
        rows = [[room, words, ", ".join(links[room]) or "none"] for room, words in told.items()]
        data = folded("Data: the rooms, from top to bottom",
                      table("Rooms", ["room", "what is in it", "imports from"], rows[::-1],
                            words=True))  # fmt: skip
        caption = ("Each room imports only rooms below it: a dot stands in the column of each that "
                   "it imports from, and none stands right of the room itself.")  # fmt: skip
        return _page(f"<figure>{_picture(told, links)}<figcaption>{caption}</figcaption></figure>",
                     data)  # fmt: skip


def _picture(told: Mapping[str, str], links: Mapping[str, list[str]]) -> str:
    height = HEADS + ROW * len(told) + 4
    middle = {room: height - ROW * (k + 0.5) - 2 for k, room in enumerate(told)}
    column = {room: WORDS + COLUMN * (k + 0.75) for k, room in enumerate(told)}
    width = WORDS + COLUMN * (len(told) + 0.5)
    parts = []
    for room, words in told.items():
        x, y = column[room], middle[room]
        parts.append(
            f'<path d="M0 {y + ROW / 2:g} H{width:g}" style="stroke: var(--cav-grid)"/>'
            f'<text x="6" y="{y + 5:g}" font-size="15" font-weight="600">{escape(room)}</text>'
            f'<text x="{NAME}" y="{y + 5:g}" font-size="14">{escape(words)}</text>'
            f'<text transform="translate({x + 5:g} {HEADS - 6}) rotate(-90)" font-size="13">'
            f"{escape(room)}</text>"
            f'<rect x="{x - 8:g}" y="{y - 8:g}" width="16" height="16" fill="none" '
            f'style="stroke: var(--cav-edge)"/>'
        )
        parts += [f'<circle cx="{column[other]:g}" cy="{y:g}" r="5" style="fill: var(--cav-run)"/>'
                  for other in links[room]]  # fmt: skip
    alt = "The rooms of helpers from top to bottom: " + "; ".join(
        f"{room} imports from {', '.join(links[room]) or 'none'}" for room in reversed(list(told))
    )
    return (f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(alt)}" '
            f'viewBox="0 0 {width:g} {height}" font-family="var(--cav-font)" '
            f'style="fill: var(--cav-fg)">{"".join(parts)}</svg>')  # fmt: skip
