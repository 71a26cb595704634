"""A process that its owner writes to and reads from."""

from __future__ import annotations

import subprocess
from typing import IO, Any

from .container import give_way


class Piped(subprocess.Popen[bytes]):
    """Started with ``stdin=PIPE`` and ``stdout=PIPE``: both are there, for a type checker too.

    Where memory runs out, it and what it starts end before the learner's kernel does.
    """

    stdin: IO[bytes]
    stdout: IO[bytes]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        give_way(self.pid)
