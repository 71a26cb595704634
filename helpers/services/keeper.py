"""Inside a service's process: a folder of its own, its announcement, its end."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLEANINGS = 40


def configuration() -> dict[str, Any]:
    """What the owner asked for: the JSON object on the command line."""
    return json.loads(sys.argv[1])


class Keeper:
    """Ends this process, and removes its folder, when its owner has ended or closed it.

    The owner holds the other end of standard input: whatever ends the owner, also
    `kill -9`, closes it. `folder` is a temporary folder that is gone afterwards
    (the owner has named it, and removes it where this process was killed);
    `at_end(undo)` adds what else must be undone, the last first.
    """

    def __init__(self) -> None:
        self.folder = Path(sys.argv[2])
        self.folder.mkdir(mode=0o700)
        self._undo: list[Callable[[], object]] = []
        self._cleaning, self._clean = threading.Lock(), False
        # Where the main thread ends first, it waits here: this thread would be cut short.
        atexit.register(self._clean_up)
        # A thread of its own: a server whose loop is blocked must still hear the end.
        threading.Thread(target=self._wait, name="keeper", daemon=True).start()

    def at_end(self, undo: Callable[[], object]) -> None:
        """Call `undo()`, from another thread, before the process ends."""
        self._undo.append(undo)

    def announce(self, **facts: Any) -> None:
        """Tell the owner that the service is ready, and `facts` such as its port."""
        print(json.dumps(facts), flush=True)

    def end(self, status: int = 0) -> None:
        """Undo everything, remove the folder, end the process at once."""
        self._clean_up()
        os._exit(status)

    def _clean_up(self) -> None:
        with self._cleaning:
            if self._clean:
                return
            for undo in reversed(self._undo):
                try:
                    undo()
                except Exception as error:
                    print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            # Again, where a process that is just ending has put something in meanwhile.
            for _ in range(CLEANINGS):
                shutil.rmtree(self.folder, ignore_errors=True)
                if not self.folder.exists():
                    break
                time.sleep(0.05)
            self._clean = True

    def _wait(self) -> None:
        try:
            while os.read(0, 4096):
                pass
        finally:
            self.end()
