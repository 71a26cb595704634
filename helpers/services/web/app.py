"""The process of the local web server: items as JSON, files and pictures, and what it counted.

Everything is decided by the number that is asked for and the seed, nothing by a clock:
item 7 has the same value, delay and error in every run.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Awaitable, Callable

from aiohttp import web

from ..keeper import Keeper, configuration
from ..listening import listening

CHUNK = 128 * 1024
#: Pictures are smaller than one chunk of a file: they are sent in pieces of this size.
PIECE = 8 * 1024
MOST_PICTURES = 200


def draw(*key: object) -> float:
    """A number from 0 to 1 that depends on `key` alone."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


class Site:
    """Answers requests; `asked` is what `helpers.services.web.server.web_server` was given."""

    def __init__(self, asked: dict) -> None:
        self.seed, self.capacity = asked["seed"], asked["capacity"]
        self.latency, self.jitter = asked["latency_ms"] / 1000, asked["jitter_ms"] / 1000
        self.error_rate, self.payload = asked["error_rate"], asked["payload"]
        self.pace = CHUNK / (asked["file_mb_per_s"] * 2**20)
        self.pictures: dict[int, bytes] = {}
        self.files = []
        for k in range(asked["files"]):
            data = random.Random(f"{self.seed} {k}").randbytes(int(asked["file_mb"] * 2**20))
            self.files.append((data, hashlib.sha256(data).hexdigest()))
        self.reset()

    def reset(self) -> None:
        """Begin to count anew."""
        self.in_flight = 0
        self.counts = {"requests": 0, "refused": 0, "failed": 0, "most_at_once": 0}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The one handler: no router, since the server must not be what is measured."""
        _, kind, *rest = request.path.split("/")
        if kind == "item" and rest and rest[0].isdecimal():
            return await self._counted(self._item, int(rest[0]), request)
        if kind == "file" and rest and rest[0].isdecimal() and int(rest[0]) < len(self.files):
            return await self._counted(self._file, int(rest[0]), request)
        if kind == "files":
            return answer([
                {"name": f"file-{k}.bin", "path": f"/file/{k}", "bytes": len(data), "sha256": sha}
                for k, (data, sha) in enumerate(self.files)
            ])  # fmt: skip
        if kind in ("picture", "pictures") and rest and rest[0].isdecimal():
            number = int(rest[0])
            if kind == "picture" and number < MOST_PICTURES:
                return await self._counted(self._picture, number, request)
            if kind == "pictures" and number <= MOST_PICTURES:
                return answer([
                    {"name": f"picture-{k:03}.jpg", "path": f"/picture/{k}",
                     "bytes": len(self.picture(k))} for k in range(number)
                ])  # fmt: skip
        if kind == "stats":
            return answer(self.counts)
        if kind == "reset" and request.method == "POST":
            self.reset()
            return answer({})
        return answer({"error": f"There is nothing at {request.path}."}, 404)

    async def _counted(
        self, what: Callable[..., Awaitable[web.StreamResponse]], number: int,
        request: web.BaseRequest,
    ) -> web.StreamResponse:  # fmt: skip
        counts = self.counts
        counts["requests"] += 1
        if self.capacity and self.in_flight >= self.capacity:
            counts["refused"] += 1
            return answer({"error": f"more than {self.capacity} requests at once"}, 503)
        self.in_flight += 1
        counts["most_at_once"] = max(counts["most_at_once"], self.in_flight)
        try:
            return await what(number, request)
        finally:
            # Before the answer leaves: who waits for it may send the next one at once.
            if counts is self.counts:
                self.in_flight -= 1

    async def _item(self, number: int, request: web.BaseRequest) -> web.Response:
        late = self.jitter * (2 * draw(self.seed, "delay", number) - 1) if self.jitter else 0.0
        await asyncio.sleep(max(0.0, self.latency + late))
        if self.error_rate and draw(self.seed, "error", number) < self.error_rate:
            self.counts["failed"] += 1
            return answer({"error": f"item {number} can't be had"}, 500)
        value = int(draw(self.seed, "value", number) * 1_000_000)
        return answer({"item": number, "value": value, "text": "x" * self.payload})

    async def _file(self, number: int, request: web.BaseRequest) -> web.StreamResponse:
        """The bytes in chunks, each no sooner than the connection's bandwidth allows."""
        data, _ = self.files[number]
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        response.content_length = len(data)
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        due = loop.time()
        for begin in range(0, len(data), CHUNK):
            await response.write(data[begin : begin + CHUNK])
            due += self.pace
            await asyncio.sleep(max(0.0, due - loop.time()))
        return response

    async def _picture(self, number: int, request: web.BaseRequest) -> web.StreamResponse:
        """A JPEG: after the latency, in pieces, each when the bandwidth has let it through."""
        data = self.picture(number)
        late = self.jitter * (2 * draw(self.seed, "delay", number) - 1) if self.jitter else 0.0
        await asyncio.sleep(max(0.0, self.latency + late))
        response = web.StreamResponse(headers={"Content-Type": "image/jpeg"})
        response.content_length = len(data)
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        due = loop.time()
        for begin in range(0, len(data), PIECE):
            piece = data[begin : begin + PIECE]
            due += self.pace * len(piece) / CHUNK
            await asyncio.sleep(max(0.0, due - loop.time()))
            await response.write(piece)
        return response

    def picture(self, number: int) -> bytes:
        """The picture, made when it is first asked for and kept."""
        if number not in self.pictures:
            from .scenes import scene

            self.pictures[number] = scene(number, self.seed)
        return self.pictures[number]


def answer(what: object, status: int = 200) -> web.Response:
    """`what` as JSON."""
    return web.Response(body=json.dumps(what).encode(), status=status,
                        content_type="application/json")  # fmt: skip


async def main(keeper: Keeper) -> None:
    """Serve on a free port of the loopback interface until the owner ends."""
    site = Site(configuration())
    runner = web.ServerRunner(web.Server(site.handle, access_log=None))
    await runner.setup()
    where = web.SockSite(runner, listening(2048), backlog=2048)
    await where.start()
    keeper.announce(port=runner.addresses[0][1])
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Keeper()))
