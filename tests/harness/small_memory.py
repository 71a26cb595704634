"""Run notebooks as in a container of little memory, with what the kernel needs and who is killed.

A command: ``python -m tests.harness.small_memory [--mb 256] [--core] NOTEBOOK...``, as root. A
control group would need rights over the machine's own. So the limit is played: in a mount
namespace of its own this process keeps the files in which the course reads its limit
(`helpers.services.connections.limits.memory_free`), and kills the largest process of the kernel's
family once they take more, as the system would. Counted is what can't be given back: memory that
is no file's, shared pages in part (Pss_Anon and Pss_Shmem).

It prints the most memory that there was, by process, every cell that is not ok, what the panels
and results said of memory, and what was left.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import psutil

from tests.harness import run_all as whole

GROUP = Path("/sys/fs/cgroup/memory")
MINE = "CAV_SMALL_MEMORY"
#: Seconds between two looks; the system's own limit knows no delay.
LOOK_S = 0.1


def kept_mb(pid: int) -> float:
    """MB of a process that no file stands behind, shared pages in part; 0 once it is gone."""
    total = 0
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                total += int(line.split()[1])
    return total / 1024


def name_of(pid: int) -> str:
    """A few words of a process's command line."""
    with contextlib.suppress(psutil.Error):
        words = psutil.Process(pid).cmdline()
        return " ".join(Path(word).name if "/" in word else word for word in words)[:70]
    return "gone"


class Warden(threading.Thread):
    """Looks at the processes below this one until `over`; `peak` and `killed` tell what was."""

    def __init__(self, limit_mb: float | None) -> None:
        super().__init__(daemon=True)
        self.limit_mb, self.over = limit_mb, threading.Event()
        self.peak: tuple[float, dict[str, float]] = (0.0, {})
        self.killed: list[str] = []
        self._note(0.0)

    def _note(self, used_mb: float) -> None:
        if self.limit_mb is not None:
            (GROUP / "memory.limit_in_bytes").write_text(str(int(self.limit_mb * 2**20)))
            (GROUP / "memory.usage_in_bytes").write_text(str(int(used_mb * 2**20)))
            (GROUP / "memory.stat").write_text("total_inactive_file 0\n")

    def run(self) -> None:
        me = psutil.Process()
        while not self.over.wait(LOOK_S):
            with contextlib.suppress(psutil.Error):
                found = {p.pid: kept_mb(p.pid) for p in me.children(recursive=True)}
                used = sum(found.values())
                if used > self.peak[0]:
                    self.peak = used, {f"{pid} {name_of(pid)}": mb for pid, mb in found.items()}
                self._note(used)
                if self.limit_mb is not None and used > self.limit_mb:
                    pid = max(found, key=found.__getitem__)
                    self.killed.append(f"{name_of(pid)} with {found[pid]:.0f} of {used:.0f} MB")
                    with contextlib.suppress(psutil.Error):
                        psutil.Process(pid).kill()


def run(notebook: str, limit_mb: float | None, core: bool) -> int:
    """Run one notebook and print what happened; how many problems."""
    folder = Path("/tmp") / f"small-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    if core:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warden = Warden(limit_mb)
    warden.start()
    said: list[str] = []
    read = whole.BlockingKernelClient.get_iopub_msg

    def heard(self: object, *args: object, **options: object) -> dict:
        message = read(self, *args, **options)
        content = message["content"]
        if "data" in content:
            plain = content["data"].get("text/plain", "")
            page = content["data"].get("text/html", "") if plain.startswith("<IPython") else ""
            said.append(re.sub(r"<(style|svg|script).*?</\1>|<[^>]*>", " ", page, flags=re.S)
                        or plain)  # fmt: skip
        elif message["msg_type"] == "stream":
            said.append(content["text"])
        return message

    whole.BlockingKernelClient.get_iopub_msg = heard
    try:
        report = whole.run_all(notebook, env={"COURSE_FOLDER": str(folder)}, timeout=900)
    finally:
        whole.BlockingKernelClient.get_iopub_msg = read
        warden.over.set()
        warden.join()
        shutil.rmtree(folder, ignore_errors=True)
    problems = report.problems()
    used, by = warden.peak
    print(f"{notebook}: {len(report.cells)} cells, {report.seconds:.0f} s, "
          f"{len(problems)} problems; at most {used:.0f} MB")  # fmt: skip
    for name, mb in sorted(by.items(), key=lambda item: -item[1]):
        print(f"  {mb:6.1f} MB {name}")
    print(*(f"  killed: {one}" for one in warden.killed), sep="\n")
    print(*problems, sep="\n\n")
    print("--- said", *said, sep="\n")
    return len(problems)


def main() -> int:
    """Read the command line; 1 if any notebook has a problem."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="+")
    parser.add_argument("--mb", type=float, help="the limit; without it, memory is only measured")
    parser.add_argument("--core", action="store_true", help="on one core alone")
    asked = parser.parse_args()
    if asked.mb is not None and MINE not in os.environ:
        command = f'mount -t tmpfs none "{GROUP}" && exec "$0" "$@"'
        return subprocess.call(
            ["unshare", "-m", "sh", "-c", command, sys.executable, "-m", __spec__.name,
             *sys.argv[1:]], env={**os.environ, MINE: "1"})  # fmt: skip
    began = time.monotonic()
    wrong = sum(run(one, asked.mb, asked.core) for one in asked.notebooks)
    print(f"{time.monotonic() - began:.0f} s, {wrong} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
