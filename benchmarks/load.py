"""The course's load client beside wrk: the same server, the same 1,000 connections."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

from helpers.experiment.serving.servers import ServerExperiment
from helpers.services.connections.handlers import handle_async
from helpers.services.connections.limits import read_limits

from .rows import Row

CONNECTIONS = 1_000
REPEATS = 7
SECONDS = 2


def load() -> Iterator[Row]:
    """Requests a second in the closed loop, as a share of wrk's, and each by itself."""
    if shutil.which("wrk") is None:
        print("(no rows on the load client: wrk not found; apt-get install wrk)")
        return
    count = min(CONNECTIONS, read_limits().most("asyncio"))
    experiment, pairs = ServerExperiment(), []
    with experiment.running():
        server, client = experiment.server("asyncio", handle_async), experiment.load()

        def ours() -> float:
            opened = client.ask("open", port=server.port, connections=count)
            assert opened["open"] == count, opened["failures"]
            answer = client.ask("closed", seconds=SECONDS)
            client.ask("close")
            return answer["per_s"]

        def theirs() -> float:
            command = ["wrk", "-t1", f"-c{count}", f"-d{SECONDS}s",
                       f"http://127.0.0.1:{server.port}/"]  # fmt: skip
            text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            return float(re.findall(r"Requests/sec:\s*([\d.]+)", text)[0])

        for number in range(REPEATS + 1):
            if number % 2:
                b, a = theirs(), ours()
            else:
                a, b = ours(), theirs()
            if number:  # the first pair warms the server up
                pairs.append((a, b))
    yield Row(f"load client, closed loop, {count:,} connections, share of wrk's requests/s",
              [100 * a / b for a, b in pairs], "%", 90, "wrk -t1", least=True)  # fmt: skip
    yield Row("the same, requests a second", [a for a, _ in pairs], "/s", None,
              f"wrk: {sorted(b for _, b in pairs)[len(pairs) // 2]:,.0f} /s")  # fmt: skip
