"""What a process and all that it starts ask of addresses outside of this machine.

`watched` puts the hook in `netwatch/` into each Python process; `foreign` reads what it noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.harness.sitehooks import hooked


def watched(log: Path, env: Mapping[str, str]) -> dict[str, str]:
    """`env` with which a kernel, and all that it starts, notes foreign addresses in `log`."""
    log.touch()
    return {**hooked("netwatch", env), "NET_WATCH": str(log)}


def foreign(log: Path) -> list[str]:
    """What was noted of addresses outside of this machine: asked for, called, listened on."""
    return log.read_text(encoding="utf-8").splitlines()
