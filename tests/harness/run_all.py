"""Run All without a browser: every code cell of a notebook queued at once.

nbval and nbconvert send a cell when the one before has ended. JupyterLab's Run
All sends them all, and that makes a difference: a cell that lets the kernel's
loop take the next request in (`nest_asyncio` does) then hangs the notebook.

Run as a command, it reports on notebooks: python -m tests.harness.run_all FILE...
"""

from __future__ import annotations

import contextlib
import queue
import re
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import psutil
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from tests.harness.kernels import kernel_manager, write_kernelspec

#: A variable that every descendant of the kernel inherits, also one that is
#: no longer its child: that is how those who outlive it are found.
MARK = "CAV_TEST_KERNEL"


@dataclass
class Cell:
    """What became of one code cell: status "ok", "error" or "never ran".

    `error` is the traceback's text; `stderr` is what the cell, or something it
    started, wrote there while the notebook ran. `shown` is its result as text. `begun` is
    the moment at which the kernel said that it runs the cell (`time.monotonic`), None if it
    never did; `over` says whether all its output has come.
    """

    id: str
    source: str
    status: str = "never ran"
    error: str = ""
    stderr: str = ""
    shown: str = ""
    begun: float | None = None
    over: bool = False


@dataclass
class Report:
    """A notebook's run: its code cells, wall time, and who was alive after the kernel."""

    cells: list[Cell]
    ipykernel: str
    seconds: float = 0.0
    survivors: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """One text per cell that isn't ok, and one per surviving process."""
        cells = [
            f"cell {c.id!r} {c.status}\n{c.source}\n{c.error}".strip()
            for c in self.cells
            if c.status != "ok"
        ]
        return cells + [f"outlived the kernel: {who}" for who in self.survivors]


def run_all(
    notebook: Path | str,
    *,
    python: str = sys.executable,
    env: Mapping[str, str] | None = None,
    timeout: float = 180,
    kill_in: tuple[str, float] | None = None,
) -> Report:
    """Run a notebook in a fresh kernel with every cell queued at once; what happened.

    The kernel runs `python` in the notebook's folder; `env` is added to its
    environment. `timeout` is in seconds, for all cells together: cells without
    an answer by then "never ran". As in JupyterLab, an error stops the cells
    after it, unless the cell is tagged `raises-exception`: such a cell is ok
    when it raises, and only then. `kill_in` is a cell's id and seconds: so long after that
    cell began the kernel is killed, as a restart in mid-run does.

    Raises RuntimeError when the kernel doesn't start, LookupError for a `kill_in` that names
    no code cell.
    """
    notebook = Path(notebook).resolve()
    document = nbformat.read(notebook, as_version=4)
    sources = [c for c in document.cells if c.cell_type == "code" and c.source.strip()]
    mark = uuid.uuid4().hex
    with running_kernel(notebook.parent, python, {**(env or {}), MARK: mark}) as (manager, client):
        report = Report([Cell(c.id, c.source) for c in sources], _ipykernel_version(client))
        if kill_in and kill_in[0] not in [cell.id for cell in report.cells]:
            raise LookupError(f"{notebook.name} has no code cell {kill_in[0]!r}")
        tagged = ["raises-exception" in c.metadata.get("tags", []) for c in sources]
        started = time.monotonic()
        sent = {
            client.execute(cell.source, stop_on_error=not expected): (cell, expected)
            for cell, expected in zip(report.cells, tagged, strict=True)
        }
        _listen(manager, client, sent, started + timeout, kill_in)
        report.seconds = time.monotonic() - started
        # The kernel alone, at once, as when it crashes. The manager would signal
        # its whole process group, and so clear up what the notebook has to.
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(manager.provisioner.pid).kill()
        report.survivors = _survivors(mark)
    return report


def _listen(
    manager: KernelManager,
    client: BlockingKernelClient,
    sent: dict[str, tuple[Cell, bool]],
    deadline: float,
    kill_in: tuple[str, float] | None,
) -> None:
    """Fill in what the kernel answers, until it has answered all or time is over."""
    waiting = set(sent)
    begun = {cell.id: cell for cell, _ in sent.values()}
    while waiting and time.monotonic() < deadline:
        _read_output(client, sent)  # also so that its queue never fills up
        if kill_in:
            since = begun[kill_in[0]].begun
            if since is not None and time.monotonic() - since >= kill_in[1]:
                return
        try:
            message = client.get_shell_msg(timeout=0.05 if kill_in else 0.2)
        except queue.Empty:
            if manager.is_alive():
                continue
            for key in waiting:
                sent[key][0].error = "the kernel died"
            return
        key = message["parent_header"].get("msg_id")
        if message["msg_type"] != "execute_reply" or key not in waiting:
            continue
        waiting.discard(key)
        cell, expected = sent[key]
        content = message["content"]
        if content["status"] == "error":
            cell.status = "ok" if expected else "error"
            cell.error = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(content["traceback"]))
        elif content["status"] == "ok":
            cell.status = "error" if expected else "ok"
            cell.error = "did not raise, as its tag promises" if expected else ""
    # The output has a channel of its own, and may come after the answer.
    late = time.monotonic() + 2
    while time.monotonic() < late:
        _read_output(client, sent)
        if all(cell.over for cell, _ in sent.values() if cell.begun is not None):
            return
        time.sleep(0.02)


def _read_output(client: BlockingKernelClient, sent: dict[str, tuple[Cell, bool]]) -> None:
    """Take what has come in on the output channel; keep when cells began, and stderr."""
    with contextlib.suppress(queue.Empty):
        while True:
            message = client.get_iopub_msg(timeout=0)
            cell, _ = sent.get(message["parent_header"].get("msg_id"), (None, None))
            if cell is None:
                continue
            if message["msg_type"] == "execute_input":
                cell.begun = time.monotonic()
            elif message["msg_type"] == "stream" and message["content"]["name"] == "stderr":
                cell.stderr += message["content"]["text"]
            elif message["msg_type"] == "execute_result":
                cell.shown = message["content"]["data"].get("text/plain", "")
            elif message["content"].get("execution_state") == "idle":
                cell.over = True


@contextlib.contextmanager
def running_kernel(
    folder: Path, python: str, env: dict[str, str]
) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """A kernel working in `folder`, ended on exit with its whole process group."""
    with (
        tempfile.TemporaryDirectory(prefix="cav-kernel-") as temporary,
        Path(temporary, "kernel.log").open("wb") as log,  # open for a restart, too
    ):
        # A kernelspec of our own: the user's `python3` may be another Python.
        write_kernelspec(Path(temporary), "chosen", python=python, env=env)
        specs = KernelSpecManager(kernel_dirs=[f"{temporary}/kernels"])
        manager = kernel_manager(Path(temporary), "chosen", kernel_spec_manager=specs)
        manager.start_kernel(cwd=str(folder), stdout=log, stderr=log)
        client = manager.client()
        try:
            client.start_channels()
            try:
                client.wait_for_ready(timeout=60)
            except RuntimeError as error:
                words = Path(log.name).read_text(encoding="utf-8", errors="replace")[-3000:]
                raise RuntimeError(f"{error}\n{words}") from error
            yield manager, client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def _ipykernel_version(client: BlockingKernelClient) -> str:
    """The version of ipykernel, asked inside the kernel."""
    question = {"version": "__import__('ipykernel').__version__"}
    reply = client.execute("", silent=True, user_expressions=question, reply=True, timeout=60)
    return reply["content"]["user_expressions"]["version"]["data"]["text/plain"].strip("'")


def _survivors(mark: str, patience: float = 5) -> list[str]:
    """Command lines of processes that still carry the mark after `patience` seconds.

    They are killed once they are listed.
    """
    deadline = time.monotonic() + patience
    while (alive := list(_marked(mark))) and time.monotonic() < deadline:
        time.sleep(0.1)
    names = []
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            names.append(f"{process.pid} {' '.join(process.cmdline())[:300]}")
            process.kill()
    return names


def _marked(mark: str) -> Iterator[psutil.Process]:
    """The living processes with the mark in their environment."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            marked = process.environ().get(MARK) == mark
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def main(files: list[str]) -> int:
    """Run notebooks and print what happened; 1 when any has a problem, else 0."""
    failed = 0
    for file in files:
        report = run_all(file)
        problems = report.problems()
        failed += bool(problems)
        print(
            f"{file}: {len(report.cells)} cells, {report.seconds:.1f} s, "
            f"ipykernel {report.ipykernel}, {'FAILED' if problems else 'ok'}"
        )
        print(*problems, sep="\n\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
