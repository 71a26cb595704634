"""What listens does so for this computer alone, and lets nobody in without its token."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from helpers.experiment.serving.servers import LOAD, MODULES
from helpers.services.cluster.local import cluster
from helpers.services.commanded import Crew
from helpers.services.connections.sockets import bundle
from helpers.services.database.bakery import database, server_binaries
from helpers.services.partner import echo_partner
from helpers.services.web.server import web_server
from helpers.worker.sources import sources_of
from helpers.worker.travel import as_code
from tests.harness.labserver import REPO, LabServer
from tests.unit.sample_handlers import good, good_threaded


def listening(process: psutil.Process) -> set[str]:
    """The addresses at which a process, or one that it started, listens."""
    found = set()
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):  # it has just ended
            found |= {c.laddr.ip for c in one.net_connections("inet")
                      if c.status == psutil.CONN_LISTEN}  # fmt: skip
    return found


def a_server(kind: str):
    handler = {"asyncio": good, "threads": good_threaded}[kind]
    code = bundle(as_code(handler), sources_of([handler]), [])
    return lambda: Crew().start(MODULES[kind], handler=code)


SERVICES = {
    "the web server": (web_server, True),
    "the partner": (echo_partner, True),
    "the async server": (a_server("asyncio"), True),
    "the threaded server": (a_server("threads"), True),
    "the load client": (lambda: Crew().start(LOAD), False),
    "the cluster": (lambda: cluster(workers=1, scheduler="local"), True),
    "PostgreSQL": (lambda: database("local"), None),
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_listens_on_the_loopback_interface_only(name):
    start, listens = SERVICES[name]
    if name == "PostgreSQL" and server_binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    one = start()
    try:
        service = getattr(one, "_service", None) or one
        found = listening(psutil.Process(service.process.pid))
        assert found <= {"127.0.0.1", "::1"}
        assert listens is None or bool(found) == listens
    finally:
        one.close()


def status(url: str, **headers: str) -> tuple[int, str]:
    """The status of an answer, and where it ended after redirects."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.url
    except urllib.error.HTTPError as error:
        return error.code, url


def test_jupyterlab_and_its_kernels_listen_here_only_and_ask_for_the_token(lab: LabServer):
    kernel = lab.ask("api/kernels", "POST", {"name": "python3"})
    try:
        assert listening(psutil.Process(lab.pid)) == {"127.0.0.1"}
    finally:
        lab.ask(f"api/kernels/{kernel['id']}", "DELETE")
    for private in ("api/kernels", "api/contents", "api/terminals"):
        assert status(f"{lab.url}/{private}")[0] == 403
        assert status(f"{lab.url}/{private}?token=wrong")[0] == 403
        assert status(f"{lab.url}/{private}?token={lab.token}")[0] == 200
    assert "/login" in status(f"{lab.url}/lab")[1]


def test_jupyterlab_answers_to_no_other_name(lab: LabServer):
    """A page elsewhere whose name leads here (DNS rebinding) gets nothing, token or not."""
    url = f"{lab.url}/api/status?token={lab.token}"
    assert status(url, Host="localhost")[0] == 200
    assert status(url, Host="course.example.org")[0] == 403


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize(("target", "server"), [
    ("lab", "ServerApp"), ("slides", "ServerApp"), ("demo", "Voila")])  # fmt: skip
def test_what_make_starts_is_for_this_computer_and_keeps_its_token(target, server):
    told = subprocess.run(["make", "-n", target], cwd=REPO, capture_output=True, text=True,
                          check=True).stdout  # fmt: skip
    assert re.findall(r"(\w+)\.ip=(\S+)", told) == [(server, "127.0.0.1")]
    off = r"token=['\"]?(\s|$)|password|disable_check|allow_origin|allow_remote|xsrf|--no-auth"
    assert not re.search(off, told)
    if target == "demo":
        # JupyterLab makes a token unless it is told not to, Voilà only when it is told to.
        assert re.search(r" --token(\s|$)", told)


def test_no_setting_of_the_course_opens_a_server():
    for path in [p for p in Path(REPO, "labconfig").rglob("*") if p.is_file()]:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert "0.0.0.0" not in text
        assert "allow_origin" not in text
