"""A process that its owner writes to and reads from."""

from __future__ import annotations

import subprocess
from typing import IO


class Piped(subprocess.Popen[bytes]):
    """Started with ``stdin=PIPE`` and ``stdout=PIPE``: both are there, for a type checker too."""

    stdin: IO[bytes]
    stdout: IO[bytes]
