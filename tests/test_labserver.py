"""The harness's JupyterLab server starts, tells why when it can't, and leaves nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.harness.labserver import lab_server, stop_tree

pytestmark = pytest.mark.timeout(180)


def test_leaves_nothing_running(tmp_path: Path) -> None:
    """Server and kernel answer inside the block and are gone after it, temp files too."""
    with lab_server(tmp_path) as server:
        server.ask("api/kernels", "POST", {"name": "python3"})
        process = psutil.Process(server.pid)
        family = [process, *process.children(recursive=True)]
        assert len(family) >= 2, "no kernel was started"
        assert "ServerApp" in server.log()
    assert not [member for member in family if member.is_running()]
    assert not server.log_path.parent.exists()


def test_whole_family_is_stopped() -> None:
    """A child in a session of its own, as kernels have, goes with its parent."""
    child = "import time; time.sleep(99)"
    parent = (
        "import subprocess, sys, time\n"
        f"p = subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)\n"
        "print(p.pid, flush=True); time.sleep(99)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, start_new_session=True
    )
    with process.stdout:
        detached = psutil.Process(int(process.stdout.readline()))
    stop_tree(process)
    assert process.returncode is not None
    assert not detached.is_running()


def test_uses_the_course_settings(tmp_path: Path) -> None:
    """The repository's labconfig/ holds: no question about news covers the page."""
    plugin = "lab/api/settings/@jupyterlab/apputils-extension:notification"
    with lab_server(tmp_path) as server:
        properties = server.ask(plugin)["schema"]["properties"]
    assert properties["fetchNews"]["default"] == "false"


def test_says_why_it_did_not_start(tmp_path: Path) -> None:
    """A server that ends at once: the end of its log is in the error."""
    with (
        pytest.raises(RuntimeError, match=r"exit code 1[\s\S]*no-such-folder"),
        lab_server(tmp_path, args=("--ServerApp.root_dir=/no-such-folder",)),
    ):
        pass


def test_gives_up_in_time(tmp_path: Path) -> None:
    """A server that is too slow is an error, not an endless wait."""
    with (
        pytest.raises(RuntimeError, match="did not start"),
        lab_server(tmp_path, start_timeout=0.1),
    ):
        pass
