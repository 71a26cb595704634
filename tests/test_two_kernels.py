"""Two notebooks at once: two kernels with one learner's folder, neither in the other's way."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.harness.kernel_faults import Kernel, kernel

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

#: A comparison with more tasks in one kernel than in the other: the diary tells them apart.
CELL = "(await compare(work.sleep(30), {tasks}, models=['threads', 'sequential'])).request.tasks"
#: It would go on for longer than the test may take.
LONG = "await compare(work.sleep(50_000), 1, time_box=60, models=['threads'])"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kernel, Kernel, Path]]:
    """Two kernels, and the folder that they share."""
    course = tmp_path_factory.mktemp("course")
    with ExitStack() as stack:
        yield (*(stack.enter_context(kernel(sys.executable, course)) for _ in range(2)), course)


def test_both_finish_and_the_diary_has_both(both: tuple[Kernel, Kernel, Path]) -> None:
    """Each kernel's own result, and a line of each in the one diary."""
    first, second, course = both
    keys = [one.begin(CELL.format(tasks=tasks), 0) for one, tasks in ((first, 3), (second, 4))]
    assert [one.answer(key) for one, key in zip(both, keys, strict=False)] == ["ok", "ok"]
    for one, tasks in ((first, 3), (second, 4)):
        assert one.run(f"assert _ == {tasks}, _") == "ok"
    lines = (course / "diary.jsonl").read_text(encoding="utf-8").splitlines()
    text = "\n".join(lines)
    assert all(json.loads(line) for line in lines)
    assert "3 × wait" in text
    assert "4 × wait" in text


def test_what_stops_one_leaves_the_other_alone(both: tuple[Kernel, Kernel, Path]) -> None:
    """An interrupt, and a restart, of the first kernel while the second runs."""
    first, second, _ = both
    going = second.begin(CELL.format(tasks=4), 0)
    stopped = first.begin(LONG, 0.5)
    first.manager.interrupt_kernel()
    assert first.answer(stopped).startswith(("KeyboardInterrupt", "CancelledError"))
    assert second.answer(going) == "ok"
    going = second.begin(LONG, 0.5)
    before = second.processes()
    first.restart()
    assert first.left() == []
    assert second.processes() == before
    second.manager.interrupt_kernel()
    assert second.answer(going).startswith(("KeyboardInterrupt", "CancelledError"))
