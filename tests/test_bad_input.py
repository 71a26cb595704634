"""What a learner may type by mistake, in a real kernel: one sentence each, and all goes on."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.harness.labserver import REPO
from tests.harness.run_all import running_kernel
from tests.harness.waiting import wait_until

ANSI = re.compile(r"\x1b\[[0-9;]*m")

MISTAKES = {
    "a task that raises": (
        "def f(n):\n    if n == 3: raise ValueError('no <b>bread</b>')\nawait compare(f, 5)",
        "task 3 raised ValueError: no <b>bread</b>",
    ),
    "a pair the wrong way round": (
        "async def a(): pass\ndef b(): pass\nawait compare((a, b), 5)",
        "The pair is the wrong way round: put b (plain) first and a (async def) second",
    ),
    "a coroutine that was called": (
        "async def a(): pass\nawait compare(a(), 5)",
        "pass the function itself, a",
    ),
    "no coroutine where one belongs": (
        "def b(): pass\nawait compare((b, b), 5)",
        "b is not async: write it as async def",
    ),
    "an argument that can't be sent": (
        "def f(loaves): pass\nawait compare(f, 5, args=((k for k in range(3)),))",
        "can't be sent to the worker process",
    ),
    "no task": ("await compare(work.sleep(1), 0)", "0 is too small"),
    "less than none": ("await compare(work.sleep(1), -1)", "-1 is too small"),
    "too many": ("await compare(work.sleep(1), 10**9)", "1,000,000,000 is too large"),
    "words": ("await compare(work.sleep(1), 'ten')", "'ten' is not: write tasks=20"),
    "a function that never returns": (
        "def f():\n    while True: pass\nawait compare(f, 2, time_box=1)",
        "Ended after 1 s, the time box",
    ),
    "a megabyte of print": (
        "def f(): print('x' * 1_000_000)\nawait compare(f, 2)",
        "more characters were printed and not kept",
    ),
    "sys.exit": (
        "import sys\ndef f(n): sys.exit(n)\nawait compare(f, 2)",
        "task 0 raised SystemExit",
    ),
    "a task that kills its process": (
        "import os\ndef f(): os.kill(os.getpid(), 9)\nawait compare(f, 2)",
        "was killed by signal 9 before it could finish",
    ),
    "a misspelt model": (
        "await compare(work.sleep(1), 2, models=['fibres'])",
        "There is no model 'fibres': choose among sequential, asyncio",
    ),
}


class Kernel:
    """A kernel, and the text of everything that a cell showed."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager, self.client = manager, client

    def start(self, code: str) -> str:
        return self.client.execute(code)

    def finish(self, message: str, timeout: float = 60) -> tuple[str, str]:
        """Status and shown text of a cell that was started."""
        self.error: list[str] = []  # its lines
        shown, end = [], time.monotonic() + timeout
        while time.monotonic() < end:
            answer = self.client.get_iopub_msg(timeout=timeout)
            if answer["parent_header"].get("msg_id") != message:
                continue
            content = answer["content"]
            if answer["msg_type"] == "error":
                self.error = "\n".join(content["traceback"]).strip().splitlines()
                shown.append("\n".join(content["traceback"]))
            elif answer["msg_type"] == "stream":
                shown.append(content["text"])
            elif "data" in content:
                data = content["data"]
                shown.append(data.get("text/plain", "") + data.get("text/html", ""))
            elif content.get("execution_state") == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"]["msg_id"] == message:
                break
        return reply["content"]["status"], ANSI.sub("", "\n".join(shown))

    def run(self, code: str) -> tuple[str, str]:
        return self.finish(self.start(code))

    def runs(self) -> list[psutil.Process]:
        """Processes of runs: more than the kernel's worker and its host."""
        own = psutil.Process(self.manager.provisioner.process.pid)
        workers = []
        for process in own.children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it may end while it is looked at
                if "helpers.worker" in process.cmdline():
                    workers.append(process)
        return workers[2:]


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with running_kernel(REPO, sys.executable, {}) as (manager, client):
        kernel = Kernel(manager, client)
        assert kernel.run("from helpers import compare, in_worker, panel, work")[0] == "ok"
        yield kernel


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_gets_one_sentence(kernel: Kernel, name: str) -> None:
    code, words = MISTAKES[name]
    status, shown = kernel.run(code)
    text = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&#x27;", "'")
    assert words in text
    if status == "error":
        assert len(kernel.error) == 1, kernel.error
    assert len(shown) < 60_000
    # and the kernel goes on, with nothing left of the run
    status, shown = kernel.run("(await compare(work.sleep(1), 2, models=['asyncio'])).models")
    assert (status, shown.strip().splitlines()[-1]) == ("ok", "['asyncio']")
    assert kernel.runs() == []


def test_interrupting_a_cell_ends_its_run(kernel: Kernel) -> None:
    message = kernel.start("await compare(work.sleep(5_000), 2, models=['threads'])")
    assert wait_until(kernel.runs)
    kernel.manager.interrupt_kernel()
    status, _ = kernel.finish(message, timeout=20)
    assert status == "error"
    assert kernel.runs() == []
    assert kernel.run("(await compare(work.sleep(1), 2, models=['asyncio'])).models")[0] == "ok"


def test_a_failing_function_shows_its_traceback_folded(kernel: Kernel) -> None:
    _, shown = kernel.run("def f():\n    return 1 / 0\nawait compare(f, 2)")
    assert "<details" in shown
    assert "return 1 / 0" in shown


def test_in_worker_tells_what_went_wrong_there(kernel: Kernel) -> None:
    status, shown = kernel.run("def f():\n    return 1 / 0\nawait in_worker(f)")
    assert status == "error"
    assert kernel.error[0].startswith("ZeroDivisionError")
    assert "zygote" not in shown
    assert "return 1 / 0" in shown


def test_a_restart_in_mid_run_leaves_nothing(kernel: Kernel) -> None:
    """The last test of this module: it ends the kernel."""
    kernel.start("await compare(work.sleep(5_000), 2, models=['processes'])")
    assert wait_until(lambda: len(kernel.runs()) >= 3)
    own = psutil.Process(kernel.manager.provisioner.process.pid)
    family = own.children(recursive=True)
    assert len(family) >= 5, "zygote, host, run, and two processes of its pool"
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
