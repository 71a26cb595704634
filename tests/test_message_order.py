"""What a learner does in a panel is handled in that order, in whichever threads a kernel has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from tests.harness.run_all import running_kernel
from tests.test_bad_input import Kernel

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

#: Says in which thread each message came; the number is written to by the kernel, as a preset does.
CELL = """
import threading, ipywidgets as w
from helpers.widgets.keys import control_box
threads, number, menu, button = [], w.IntText(), w.Dropdown(options=[1, 2, 3]), w.Button()
here = lambda *message: threads.append(threading.current_thread().name)
menu.observe(lambda change: setattr(number, "value", change["new"]), "value")
number.observe(here, "value")
button.on_click(here)
box = control_box([w.HBox([menu, number]), button])
print(menu.model_id, number.model_id, button.model_id)
"""
WAIT_S = 30


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with running_kernel(tmp_path, sys.executable, {}) as (manager, client):
        yield Kernel(manager, client)


def new_subshell(client: BlockingKernelClient) -> str:
    """The name of a new subshell; skips where a kernel has none."""
    client.kernel_info()
    features = client.get_shell_msg(timeout=WAIT_S)["content"].get("supported_features", [])
    if "kernel subshells" not in features:
        pytest.skip("Every message is the main shell's: this ipykernel has no subshells.")
    client.control_channel.send(client.session.msg("create_subshell_request"))
    return client.get_control_msg(timeout=WAIT_S)["content"]["subshell_id"]


def tell(client: BlockingKernelClient, subshell: str, model: str, data: dict[str, Any]) -> None:
    """Send what JupyterLab sends: to the subshell of all widgets. Returns once it was handled."""
    content = {"comm_id": model, "data": data}
    message = client.session.msg("comm_msg", content)
    message["header"]["subshell_id"] = subshell
    client.shell_channel.send(message)
    while True:
        heard = client.get_iopub_msg(timeout=WAIT_S)
        ended = heard["content"].get("execution_state") == "idle"
        if ended and heard["parent_header"]["msg_id"] == message["header"]["msg_id"]:
            return


def test_a_click_is_handled_where_the_number_before_it_was(kernel: Kernel) -> None:
    """One thread, or a click on Run could overtake a number that was typed before it."""
    status, shown = kernel.run(CELL)
    assert status == "ok", shown
    menu, number, button = shown.split()
    client = kernel.client
    subshell = new_subshell(client)
    set_to = lambda value: {"method": "update", "state": value, "buffer_paths": []}  # noqa: E731
    tell(client, subshell, menu, set_to({"index": 1}))
    tell(client, subshell, menu, set_to({"index": 2}))
    tell(client, subshell, number, set_to({"value": 7}))
    tell(client, subshell, number, set_to({"value": 8}))
    tell(client, subshell, button, {"method": "custom", "content": {"event": "click"}})
    status, shown = kernel.run("print(*threads)")
    came = shown.split()
    assert status == "ok", shown
    assert len(came) == 5
    assert set(came) == {f"subshell-{subshell}"}
