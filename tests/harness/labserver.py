"""A JupyterLab server of one's own, for the length of a `with` block.

The server runs from the interpreter that runs the tests, on a free loopback
port, with settings, workspaces and runtime files in a temporary folder, so
that neither the developer's JupyterLab settings nor another server can change
what a test sees, and nothing of the test reaches them.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

REPO = Path(__file__).resolve().parents[2]

#: Settings by plugin, as in `labconfig/default_setting_overrides.json`.
Settings = Mapping[str, Mapping[str, object]]

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

#: Every cell is in the page, also those far below the fold: for screenshots.
SHOW_EVERY_CELL: Settings = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}


@dataclass(frozen=True)
class LabServer:
    """A running JupyterLab server: its address, token and root folder.

    `started_in` is in seconds, from the start of the process to the first
    answered request.
    """

    url: str
    token: str
    root: Path
    pid: int
    started_in: float
    log_path: Path

    def page(self, notebook: str) -> str:
        """The address of a notebook's page; `notebook` is relative to the root.

        `reset` drops the saved workspace: no tab of an earlier test comes back.
        """
        return f"{self.url}/lab/tree/{notebook}?token={self.token}&reset"

    def ask(
        self, path: str, method: str = "GET", body: object = None, timeout: float = 20
    ) -> object:
        """The decoded JSON answer to a request such as `api/kernels`.

        `timeout` is in seconds. Raises OSError when the server doesn't answer
        or refuses.
        """
        request = urllib.request.Request(
            f"{self.url}/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.loads(answer.read() or "null")

    def set_theme(self, theme: str) -> None:
        """Store "light" or "dark" as the theme that pages opened from now on have."""
        self.ask(
            "lab/api/settings/@jupyterlab/apputils-extension:themes",
            "PUT",
            {"raw": json.dumps({"theme": THEMES[theme]})},
        )

    def end_kernels(self) -> None:
        """Shut down every kernel, so that none competes with the next test's."""
        for kernel in self.ask("api/kernels"):
            self.ask(f"api/kernels/{kernel['id']}", "DELETE")

    def log(self, characters: int = 3000) -> str:
        """The end of the server's log."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")[-characters:]


@contextlib.contextmanager
def lab_server(
    root: Path | str,
    *,
    settings: Settings | None = None,
    jupyter_path: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    args: tuple[str, ...] = (),
    start_timeout: float = 90,
) -> Iterator[LabServer]:
    """Start JupyterLab on the folder `root`; stop it, kernels included, on exit.

    `settings` override those of the repository's `labconfig/`; `jupyter_path`
    is a folder with `kernels/NAME/kernel.json` in it; `env` is added to the
    server's (and so the kernels') environment; `args` to its command line.
    `start_timeout` is in seconds.

    Raises RuntimeError, with the end of the log, when the server ends early or
    doesn't answer in time.
    """
    root = Path(root).resolve()
    home = Path(tempfile.mkdtemp(prefix="cav-lab-"))
    token = secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser"),
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={20000 + secrets.randbelow(20000)}",
        "--ServerApp.port_retries=100",  # taken? the server looks for the next
        f"--ServerApp.root_dir={root}",
        "--LabApp.expose_app_in_browser=True",  # the page object asks it for its state
        *(["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),
        *args,
    ]
    log_path = home / "server.log"
    process = None
    try:
        started = time.monotonic()
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                command,
                env=_environment(home, token, settings, jupyter_path, env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own: killed as a whole
            )
        url = _wait_until_it_answers(process, home, token, started + start_timeout)
        took = time.monotonic() - started
        yield LabServer(url, token, root, process.pid, took, log_path)
    finally:
        if process is not None:
            stop_tree(process)
        shutil.rmtree(home, ignore_errors=True)


def _environment(
    home: Path,
    token: str,
    settings: Settings | None,
    jupyter_path: Path | str | None,
    extra: Mapping[str, str] | None,
) -> dict[str, str]:
    """The server's environment: nothing of the user's Jupyter gets through."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "JPY_"))}
    config = home / "config"
    (config / "labconfig").mkdir(parents=True)
    (config / "labconfig" / "default_setting_overrides.json").write_text(
        json.dumps(settings or {}), encoding="utf-8"
    )
    env |= {
        "JUPYTER_CONFIG_DIR": str(config),  # wins over the next, key by key
        "JUPYTER_CONFIG_PATH": str(REPO),  # where `labconfig/` is
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        # By environment, not by flag: a flag would show in the process list.
        "JUPYTER_TOKEN": token,
        "IPYTHONDIR": str(home / "ipython"),
    }
    if jupyter_path is not None:
        env["JUPYTER_PATH"] = str(jupyter_path)
    return env | dict(extra or {})


def _wait_until_it_answers(
    process: subprocess.Popen[bytes], home: Path, token: str, deadline: float
) -> str:
    """The server's address, as it wrote it itself, once it answers there."""
    problem: object = "it has not written its address"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            problem = f"it ended with exit code {process.returncode}"
            break
        try:
            # Read, not guessed: between the choice of a port and its use another
            # program may have taken it, and the server has moved on to the next.
            (info,) = (home / "runtime").glob("jpserver-*.json")
            url = f"http://127.0.0.1:{json.loads(info.read_text())['port']}"
            with urllib.request.urlopen(f"{url}/api/status?token={token}", timeout=5):
                return url
        except (OSError, ValueError) as error:  # no file yet, half a file, no answer
            problem = error
        time.sleep(0.05)
    log = (home / "server.log").read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"JupyterLab did not start: {problem}\n{log[-3000:]}")


def stop_tree(process: subprocess.Popen[bytes], patience: float = 10) -> None:
    """End a process and every process it started; `patience` is in seconds.

    Kernels have sessions of their own, so killing the server's group would
    leave them alive when the server doesn't end them itself: hence the list.
    """
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:  # not yet reaped: its number is still its own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
    for child in family:  # psutil compares start times: never a reused number
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(family, timeout=patience)
