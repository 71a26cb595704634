"""A local web server to fetch from: `web_server()` starts it in a process of its own."""

from __future__ import annotations

import http.client
import json
from typing import Any

from ..service import MB, NAMES, Served, Service, ServiceError, has_ended


class WebServer(Served):
    """A web server on the loopback interface; ends with `close()` or with its owner.

    ``GET /item/7`` gives JSON with ``item``, ``value`` and ``text``; ``GET /file/3``
    bytes; `files()` lists those with their SHA-256. `url` is where it listens. It can be
    named in functions that travel to another process: there it is only the address.
    """

    def __init__(self, **asked: Any) -> None:
        files_mb = asked.get("files", 0) * asked.get("file_mb", 0)
        self._service = Service("helpers.services.web.app", mb=MB + files_mb, **asked)
        self.host, self.port = "127.0.0.1", self._service.port

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end. Raises ServiceError if it has ended."""
        self.check()
        return f"http://{self.host}:{self.port}"

    def stats(self) -> dict[str, int]:
        """What it counted: ``requests``, ``refused`` (503), ``failed`` (500), ``most_at_once``.

        Raises ServiceError if the server has ended.
        """
        return self._ask("GET", "/stats")

    def reset(self) -> None:
        """Begin to count anew; when no request is under way."""
        self._ask("POST", "/reset")

    def files(self) -> list[dict[str, Any]]:
        """The files on offer, each with ``name``, ``path``, ``bytes`` and ``sha256``."""
        return self._ask("GET", "/files")

    def __repr__(self) -> str:
        return f"<web server at http://{self.host}:{self.port}>"

    def _ask(self, method: str, path: str) -> Any:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=10)
        try:
            connection.request(method, path)
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            # Broken off, or somebody else's answer, who has the port now.
            raise ServiceError(has_ended(NAMES["web.app"])) from error
        finally:
            connection.close()


#: What `web_server` takes: the least and the most of each.
LIMITS = {
    "latency_ms": (0, 10_000),
    "jitter_ms": (0, 10_000),
    "error_rate": (0, 1),
    "payload": (0, 1_000_000),
    "capacity": (0, 100_000),
    "files": (0, 20),
    "file_mb": (0.001, 50),
    "file_mb_per_s": (0.1, 10_000),
}


def web_server(*, latency_ms: float = 20, jitter_ms: float = 0, error_rate: float = 0,
               payload: int = 100, capacity: int = 0, files: int = 0, file_mb: float = 8,
               file_mb_per_s: float = 16, seed: int = 0) -> WebServer:  # fmt: skip
    """Start a web server on this machine, in a process of its own.

    An item comes after `latency_ms` milliseconds, give or take `jitter_ms`, with `payload`
    bytes of text; a share `error_rate` of the items always gives status 500. More than
    `capacity` requests at once get status 503 at once (0: no limit). It offers `files`
    files of `file_mb` MB, and sends each at `file_mb_per_s` MB/s, as if each connection
    had that bandwidth. What an item is depends on its number and `seed` only.

    Raises ServiceError for a value out of range, or if the server does not start.
    """
    asked = {"latency_ms": latency_ms, "jitter_ms": jitter_ms, "error_rate": error_rate,
             "payload": payload, "capacity": capacity, "files": files, "file_mb": file_mb,
             "file_mb_per_s": file_mb_per_s}  # fmt: skip
    for name, value in asked.items():
        least, most = LIMITS[name]
        whole = name in ("payload", "capacity", "files")
        if not isinstance(value, int if whole else (int, float)) or not least <= value <= most:
            kind = "whole number" if whole else "number"
            raise ServiceError(f"{name} is a {kind} from {least:,} to {most:,}; {value!r} is not: "
                               f"write {name}={max(least, min(most, 20)):g}.")  # fmt: skip
    return WebServer(**asked, seed=seed)
