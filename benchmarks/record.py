"""The record that is committed: ``record.md``, a section for each part, with machine and date."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path

from .rows import HEAD, Row

RECORD = Path(__file__).with_name("record.md")
TOP = """# What the course costs

Measured by `make bench BENCH_ARGS=--record`, part by part; each part says when, where and from
which commit. A row is a median with the smallest and largest of its `n` values. Where a peer is
named, both ran in turn in the same minutes. A target that was not reached says MISSED.
"""
_SECTION = re.compile(r"^## (\w+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def machine() -> str:
    """This machine, this Python, this moment and this commit, in a line."""
    return (f"{platform.python_implementation()} {platform.python_version()}, {platform.system()} "
            f"{platform.machine()}, {_processor()}, {len(os.sched_getaffinity(0))} cores, "
            f"{time.strftime('%Y-%m-%d %H:%M')}, load {os.getloadavg()[0]:.1f}, "
            f"commit {_commit()}")  # fmt: skip


def read(path: Path = RECORD) -> dict[str, str]:
    """The sections by their part; none where there is no record yet."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return {name: body.strip() for name, body in _SECTION.findall(text)}


def keep(part: str, where: str, rows: list[Row], order: list[str], path: Path = RECORD) -> None:
    """Put a part's rows in place of what was measured before; other parts stay.

    `where` is what `machine()` said when the part began, `order` that of the sections.
    """
    sections = {**read(path), part: "\n".join([where, "", HEAD, *(row.line() for row in rows)])}
    texts = [f"## {name}\n\n{sections[name]}\n" for name in order if name in sections]
    path.write_text("\n".join([TOP, *texts]), encoding="utf-8")


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "processor unknown"
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else "processor unknown"


def _commit() -> str:
    folder = Path(__file__).parent
    others = [":/", f":!{RECORD.name}"]
    asked = {
        "commit": ["git", "rev-parse", "--short", "HEAD"],
        "changed": ["git", "status", "--porcelain", "--", *others],
    }
    try:
        said = {name: subprocess.run(command, cwd=folder, capture_output=True, text=True,
                                     check=True).stdout.strip()
                for name, command in asked.items()}  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return said["commit"] + ("-dirty" if said["changed"] else "")
