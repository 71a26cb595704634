"""The scheduler of the cluster: ``python -m helpers.services.cluster.app``; starts the workers.

Everything listens on the loopback interface, and writes nothing but into the service's own
folder. A worker that dies is not started again: a loss is meant to be seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

from ..keeper import Keeper, configuration

WORKER = "helpers.services.cluster.worker"
READY_S = 50.0


def start_worker(name: str, folder: Path, environment: dict[str, str]) -> subprocess.Popen:
    """A worker's process, which waits for the address; its errors go where ours go."""
    process = subprocess.Popen(
        [sys.executable, "-m", WORKER, name, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
    )
    # Somebody has to take note of its death, or it stays in the process table.
    threading.Thread(target=process.wait, name=f"waits for {name}", daemon=True).start()
    return process


def end(workers: dict[str, subprocess.Popen]) -> None:
    """Kill every worker and wait for that."""
    for process in workers.values():
        process.kill()
    for process in workers.values():
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2.0)


async def schedule(keeper: Keeper, workers: dict[str, subprocess.Popen]) -> None:
    """Run the scheduler; announce it when every worker has arrived.

    Raises RuntimeError where one ends before it has.
    """
    import dask

    dask.config.set({"temporary-directory": str(keeper.folder),
                     "distributed.scheduler.http.routes": []})  # fmt: skip
    from distributed import Scheduler

    async with Scheduler(host="127.0.0.1", port=0, dashboard=False,
                         dashboard_address="127.0.0.1:0") as scheduler:  # fmt: skip
        for process in workers.values():
            assert process.stdin is not None  # it was made with a pipe
            process.stdin.write(scheduler.address + "\n")
            process.stdin.flush()
        async with asyncio.timeout(READY_S):
            while len(scheduler.workers) < len(workers):
                if any(process.poll() is not None for process in workers.values()):
                    raise RuntimeError("a worker has ended while it was starting")
                await asyncio.sleep(0.01)
        keeper.announce(address=scheduler.address,
                        workers={name: p.pid for name, p in workers.items()})  # fmt: skip
        await scheduler.finished()


def main() -> None:
    """Serve until the owner ends."""
    asked = configuration()
    keeper = Keeper()
    workers: dict[str, subprocess.Popen] = {}
    keeper.at_end(lambda: end(workers))
    for number in range(1, asked["workers"] + 1):
        name = f"worker {number}"
        workers[name] = start_worker(name, keeper.folder, asked["environment"])
    asyncio.run(schedule(keeper, workers))


if __name__ == "__main__":
    main()
