"""The machine card: what this machine and this Python can show, and what things cost here."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import sysconfig
import threading
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from time import perf_counter_ns as now


@dataclass
class Machine:
    """Facts that travel with every result. Costs are in seconds, measured at `when`.

    `cores` is what this process may use: the affinity mask, cut by a container's CPU
    quota. `gil` is None where the build has none to switch off or on.
    """

    python: str
    implementation: str
    system: str
    cores: float
    cores_present: int
    quota: float | None
    memory_mb: float | None
    gil: bool
    free_threaded_build: bool
    switch_interval_s: float
    timer_late_s: float
    timer_noise_s: float
    task_s: float
    thread_s: float
    when: str

    def as_dict(self) -> dict:
        """For a message or a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict) -> Machine:
        """The card of `as_dict`; unknown keys are left out."""
        return cls(**{f.name: data[f.name] for f in fields(cls)})

    def sentence(self) -> str:
        """The card in one line."""
        gil = "with the GIL" if self.gil else "without the GIL"
        quota = f" (quota {self.quota:g} of {self.cores_present})" if self.quota else ""
        return (
            f"{self.implementation} {self.python} {gil}, {self.cores:g} usable "
            f"core{'s' if self.cores != 1 else ''}{quota}, {self.system}, {self.when}"
        )


def affinity() -> int:
    """How many CPUs this process may run on, without a quota."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def cpu_quota(root: Path = Path("/sys/fs/cgroup"), own: str | None = None) -> float | None:
    """CPUs that the cgroup's quota allows, None where there is none.

    `os.cpu_count` and the affinity mask don't see a quota. Every level above the process
    can have one; the smallest counts. `own` is the text of ``/proc/self/cgroup``.
    """
    if own is None:
        try:
            own = Path("/proc/self/cgroup").read_text()
        except OSError:
            return None
    quotas = []
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        names = controllers.split(",")
        if controllers and "cpu" not in names:
            continue
        bases = [root / controllers, root / "cpu", root] if controllers else [root]
        for base in bases:
            levels = [path, *map(str, Path(path).parents)]
            quotas += [_quota_of(base / level.lstrip("/")) for level in levels]
    found = [quota for quota in quotas if quota]
    return min(found) if found else None


def _quota_of(folder: Path) -> float | None:
    try:
        quota, period = (folder / "cpu.max").read_text().split()[:2]
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        used = int((folder / "cpu.cfs_quota_us").read_text())
        return used / int((folder / "cpu.cfs_period_us").read_text()) if used > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None


def usable_cores() -> float:
    """Cores that this process may use: the affinity mask, cut by the quota."""
    quota = cpu_quota()
    return min(affinity(), quota) if quota else affinity()


def gil_enabled() -> bool:
    """Whether this interpreter has its GIL switched on now."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def read_machine() -> Machine:
    """Read the facts and measure the costs; about 0.1 s."""
    late = timer_lateness()
    try:
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (AttributeError, ValueError, OSError):
        pages = None
    return Machine(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        system=f"{platform.system()} {platform.machine()}",
        cores=usable_cores(),
        cores_present=os.cpu_count() or 1,
        quota=cpu_quota(),
        memory_mb=pages,
        gil=gil_enabled(),
        free_threaded_build=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        switch_interval_s=sys.getswitchinterval(),
        timer_late_s=median(late),
        timer_noise_s=sorted(late)[int(len(late) * 0.9)] - median(late),
        task_s=task_cost(),
        thread_s=thread_cost(),
        when=time.strftime("%Y-%m-%d"),
    )


def card_as_dict() -> dict:
    """`read_machine`, as a dict that any pickle or JSON can carry."""
    return read_machine().as_dict()


def timer_lateness(seconds: float = 0.001, repeats: int = 20) -> list[float]:
    """How much later than asked ``time.sleep`` comes back, in seconds, each time."""
    late = []
    for _ in range(repeats):
        begin = now()
        time.sleep(seconds)
        late.append((now() - begin) / 1e9 - seconds)
    return late


def task_cost(tasks: int = 500) -> float:
    """Seconds that one asyncio task costs that does nothing; best of five."""

    async def nothing() -> None:
        pass

    async def main() -> float:
        begin = now()
        await asyncio.gather(*(nothing() for _ in range(tasks)))
        return (now() - begin) / 1e9 / tasks

    return min(asyncio.run(main()) for _ in range(5))


def thread_cost(threads: int = 20) -> float:
    """Seconds to start and join one thread that does nothing; best of five."""

    def trial() -> float:
        begin = now()
        started = [threading.Thread(target=int) for _ in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        return (now() - begin) / 1e9 / threads

    return min(trial() for _ in range(5))
