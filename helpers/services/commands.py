"""Inside a service that takes commands: one JSON line each on standard input, answers back."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any

from ..measure.printed import Printed
from .keeper import Keeper


class Commands(Keeper):
    """A keeper whose standard input carries commands too.

    Each command is a JSON object with the key ``do``; `hear` gets it, on the keeper's
    thread. By default it goes to the queue `heard`, for the main thread. `say` answers: any
    number of times with ``progress=...``, then once without. What the process prints is kept
    in `printed`: standard output belongs to the answers.
    """

    def __init__(self) -> None:
        self.heard: queue.SimpleQueue = queue.SimpleQueue()
        self.printed = Printed()
        self._out, self._one_line = sys.stdout, threading.Lock()
        sys.stdout = self.printed
        super().__init__()

    def hear(self, command: dict[str, Any]) -> None:
        """Take a command; overridden by a service that can answer at once."""
        self.heard.put(command)

    def say(self, **answer: Any) -> None:
        """Send one line to the owner."""
        with self._one_line:
            print(json.dumps(answer), file=self._out, flush=True)

    def announce(self, **facts: Any) -> None:
        """Tell the owner that the service is ready, and `facts` such as its port."""
        self.say(**facts)

    def _wait(self) -> None:
        text = b""
        try:
            while more := os.read(0, 65536):
                *lines, text = (text + more).split(b"\n")
                for line in lines:
                    self.hear(json.loads(line))
        finally:
            self.end()
