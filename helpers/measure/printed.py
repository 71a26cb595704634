"""What a learner's code prints in another process: kept, up to a limit."""

from __future__ import annotations

import io

PRINTED_MOST = 2_000


class Printed(io.TextIOBase):
    """Keeps the first 2,000 characters that are written to it and counts the rest."""

    def __init__(self) -> None:
        self._kept = ""
        self._dropped = 0

    def writable(self) -> bool:
        """Always: `print` asks."""
        return True

    def write(self, text: str) -> int:
        """Keep what there is room for; the number of characters, all of them taken."""
        room = PRINTED_MOST - len(self._kept)
        self._kept += text[:room]
        self._dropped += max(0, len(text) - room)
        return len(text)

    def text(self) -> str:
        """What was kept, and a line on what was not."""
        if not self._dropped:
            return self._kept
        return f"{self._kept}\n[{self._dropped:,} more characters were printed and not kept]"
