"""What the container of this process lets it take, and what ends first where that is used up."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

#: Of `oom_score_adj`: whose is the highest, 1000, ends first.
FIRST = 1000


def memory_free() -> int:
    """Bytes that this process may still take, the container's limit counted."""
    left = [psutil.virtual_memory().available]
    for folder in groups("memory"):
        for most, used in (("memory.max", "memory.current"),
                           ("memory.limit_in_bytes", "memory.usage_in_bytes")):  # fmt: skip
            for limit in number(folder / most):
                cache = _inactive(folder)
                now = next(iter(number(folder / used)), 0)
                left.append(max(0, limit - max(0, now - cache)))
    return min(left)


def groups(controller: str) -> list[Path]:
    """The control groups of this process and all above it, version 1 and 2, most inner first.

    In a container the path may be that of the host: then only the mounted root is there.
    """
    folders = []
    for line in _text("/proc/self/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        roots = [Path("/sys/fs/cgroup", controller)] if names else [
            Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified")]  # fmt: skip
        inner = Path(path.lstrip("/"))
        folders += [root / one for root in roots for one in (inner, *inner.parents)]
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def words(path: str | Path) -> list[str]:
    """The words of a file; none where it can't be read."""
    return _text(path).split()


def number(path: str | Path) -> list[int]:
    """The number in a file, as a list that is empty where there is none, or "max"."""
    return [int(word) for word in words(path)[:1] if word.isdigit()]


def give_way(process: int) -> None:
    """Let the system end `process`, or what it starts from now on, first where memory runs out.

    It would end the largest one: a learner's kernel, with all that was not saved. Linux only;
    elsewhere, and where it is not allowed, nothing changes.
    """
    with contextlib.suppress(OSError):
        Path(f"/proc/{process}/oom_score_adj").write_text(f"{FIRST}\n")


# --- inside ----------------------------------------------------------------------------


def _inactive(folder: Path) -> int:
    """Bytes of file cache that the group would give back."""
    for line in _text(folder / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
