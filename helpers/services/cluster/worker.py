"""One worker of the cluster: ``python -m helpers.services.cluster.worker NAME FOLDER``.

The first line on standard input is the scheduler's address. It comes when the scheduler is
ready: until then this process imports what it needs, beside the scheduler's own start. When
the other end of standard input closes, however that comes, the process ends.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading


def main() -> None:
    """Work until the scheduler's process ends."""
    name, folder = sys.argv[1:]
    import dask
    from distributed import Worker

    # No dashboard, and no limit of memory: with one, a worker could end by itself.
    dask.config.set({"temporary-directory": folder, "distributed.worker.http.routes": []})
    address = sys.stdin.readline().strip()
    if not address:
        return

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()

    async def work() -> None:
        worker = Worker(address, name=name, nthreads=1, memory_limit=0, host="127.0.0.1",
                        local_directory=folder, dashboard=False,
                        dashboard_address="127.0.0.1:0")  # fmt: skip
        async with worker:
            await worker.finished()

    asyncio.run(work())


if __name__ == "__main__":
    main()
