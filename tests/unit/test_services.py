"""A service lives as long as its owner, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from helpers.services import listening as ports
from helpers.services import service as services
from helpers.services.partner import echo_partner
from helpers.services.service import Service, ServiceError, service_processes
from helpers.services.web.server import web_server
from tests.harness.waiting import wait_until

ROOT = Path(__file__).parents[2]
#: A service that says what it was given, and leaves a file in its folder.
MODULE = "tests.unit.sample_service"


def gone(pid: int, folder: str) -> bool:
    """Whether the process and its folder vanish soon."""
    return wait_until(lambda: not psutil.pid_exists(pid) and not Path(folder).exists())


def test_it_tells_what_it_was_given_and_what_it_uses():
    with Service(MODULE, port=7) as service:
        assert service.port == 7
        usage = service.usage()
        assert usage.memory_mb > 1
        assert usage.threads >= 2
        assert (service.folder / "left").exists()


def test_where_memory_would_not_suffice_it_says_so_and_starts_nothing(monkeypatch):
    """Else the system ends a process for it, and the largest one is the kernel."""
    monkeypatch.setattr(services, "memory_free", lambda: 80 << 20)
    before = service_processes()
    with pytest.raises(ServiceError, match="The web server takes about 93 MB of memory, and 80 MB"):
        web_server(files=6, file_mb=8)
    assert service_processes() == before
    with web_server() as web:
        assert web.stats()["requests"] == 0


def test_closed_it_leaves_nothing():
    service = Service(MODULE, port=1)
    pid, folder = service.process.pid, service.folder
    service.close()
    service.close()
    assert not psutil.pid_exists(pid)
    assert not folder.exists()
    assert not service.alive()
    with pytest.raises(ServiceError, match="has ended: run the cell that starts it again"):
        service.usage()


def test_killed_it_leaves_nothing_once_closed():
    service = Service(MODULE, port=1)
    service.process.kill()
    service.close()
    assert not service.folder.exists()


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_owner_however_that_ends(death):
    code = (
        "import sys, time; from helpers.services.service import Service\n"
        f"s = Service({MODULE!r}, port=1)\n"
        "print(s.process.pid, s.folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                          cwd=ROOT) as owner:  # fmt: skip
        pid, folder = owner.stdout.readline().split()
        assert psutil.pid_exists(int(pid))
        assert Path(folder).exists()
        os.kill(owner.pid, death)
    assert gone(int(pid), folder)


def test_it_ends_when_its_owner_is_done():
    code = (
        "from helpers.services.service import Service\n"
        f"s = Service({MODULE!r}, port=1); print(s.process.pid, s.folder)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         cwd=ROOT)  # fmt: skip
    pid, folder = out.stdout.split()
    assert gone(int(pid), folder)
    assert out.stderr == ""


def test_killed_before_it_was_ready_it_leaves_nothing(tmp_path, monkeypatch):
    class KilledEarly(Service):
        def _announced(self):
            while not (self.folder / "left").exists():
                time.sleep(0.001)
            self.process.kill()
            return super()._announced()

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ServiceError):
        KilledEarly(MODULE, fail="slow")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fail", ["late", "in the middle"])
def test_its_folder_goes_also_when_its_main_thread_ends(fail, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ServiceError):
        Service(MODULE, fail=fail)
    assert list(tmp_path.iterdir()) == []


def test_what_keeps_it_from_starting_is_told():
    with pytest.raises(ServiceError, match="ZeroDivisionError"):
        Service(MODULE, fail="crash")
    with pytest.raises(ServiceError, match="^No room here.$"):
        Service(MODULE, fail="refuse")


def test_one_that_takes_too_long_is_no_one_that_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(services, "START_S", 0.0)
    with pytest.raises(ServiceError, match="not ready after 0 seconds. Close what keeps"):
        Service(MODULE, fail="slow")
    assert list(tmp_path.iterdir()) == []


def test_its_processes_are_known_while_it_runs():
    with Service(MODULE, port=1) as service:
        pid = service.process.pid
        assert pid in service_processes()
    assert pid not in service_processes()


def test_a_port_is_none_that_the_system_hands_out_and_is_not_shared(monkeypatch):
    with ports.listening() as first:
        taken = first.getsockname()[1]
        assert taken in ports.PORTS
        monkeypatch.setattr("random.sample", lambda of, number: [taken, taken + 1])
        with ports.listening() as second:
            assert second.getsockname()[1] != taken
        # where all are taken, the system is asked after all
        monkeypatch.setattr("random.sample", lambda of, number: [taken])
        with ports.listening() as third:
            assert third.getsockname()[1] not in (taken, 0)


@pytest.mark.parametrize("make", [echo_partner, web_server])
def test_servers_listen_there(make):
    with make() as server:
        assert server.port in ports.PORTS
