"""Press a panel's buttons and change its controls, at random moments, in a real browser.

A command: ``python -m tests.harness.browser_presses [--presses 100] [--seed 1] [--only PART]``.
Rounds of a few presses: Run, Run twice, Stop, Reset, a number, nonsense, a tick, a preset, each
so long after the one before that a run has not begun, is under way, or has just ended. The panel
of notebook 00, then that of the connections.

After each round, once nothing is under way: the status says done, stopped or what to do; Run is
enabled and Stop is not; no process of a run is left; neither the page nor the kernel complained.
Then Reset, and a small run comes to its end.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbformat.v4 import new_code_cell
from playwright.sync_api import Error, expect

from helpers.course.place import VARIABLE as FOLDER
from helpers.experiment.pace import VARIABLE as PACE
from tests.browser.conftest import below, write
from tests.browser.test_connections_panel import SOURCE, services
from tests.browser.test_course_panels import NOTEBOOKS, runs
from tests.harness.browser import LabPage, browser
from tests.harness.cells import cut_out
from tests.harness.labserver import LabServer, lab_server
from tests.harness.waiting import wait_until

#: Seconds until a run has ended by itself, on a busy machine.
PATIENCE_S = 90.0
#: The longest wait before a press, in seconds.
LATEST_S = 1.5
NONSENSE = ("-1", "0", "1e99", "abc", "-", "", "99999999999", "2.5")
#: What the status may say of a panel at rest, besides its first words.
DONE = re.compile(r"Done\.|Stopped\. Nothing is left running")
#: What a sentence on bad input advises, in its last words.
ADVICE = re.compile(r"(try|write|tick|choose|use|give|wait|run it again)\b[^:]*\.$", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """A panel: its notebook, its first words, a number to set, and what counts its processes."""

    make: Callable[[Path], Path]
    first: str
    number: str
    small: int
    ticks: tuple[str, ...]
    presets: tuple[str, ...]
    numbers: tuple[int, ...]
    left: Callable[[LabServer], list[int]]


PARTS = {
    "panel": Part(
        lambda folder: cut_out(NOTEBOOKS[0], ["imports", "panel"], folder / "panel.ipynb"),
        "Make a prediction", "cav-tasks", 3, ("cav-model-threads", "cav-model-processes"),
        ("20 waits", "20 waits, 4 at once"), (1, 7, 40), runs),
    "connections": Part(
        lambda folder: write(folder / "connections.ipynb", [new_code_cell(SOURCE)]),
        "Say which server", "cav-count", 5, ("cav-server-threads",), ("10", "1,000"),
        (3, 30, 800), services),
}  # fmt: skip


class Presses:
    """A panel in a page, what is pressed there, and what must be so afterwards."""

    def __init__(self, page: LabPage, part: Part, chance: random.Random) -> None:
        self.page, self.part, self.chance = page, part, chance
        self.actions = [self.run, self.run, self.twice, self.stop, self.stop, self.reset,
                        self.set_number, self.type_nonsense, self.tick, self.choose]  # fmt: skip

    def press(self, name: str) -> str:
        """Press a button as it is, enabled or not; what was pressed."""
        self.page.widget(f"cav-{name}").click(force=True)
        return name

    def run(self) -> str:
        """Run, once."""
        return self.press("run")

    def twice(self) -> str:
        """Run, twice at once."""
        self.page.widget("cav-run").dblclick(force=True)
        return "run, run"

    def stop(self) -> str:
        """Stop, whatever there is to stop."""
        return self.press("stop")

    def reset(self) -> str:
        """Reset, also in the middle of a run."""
        return self.press("reset")

    def set_number(self) -> str:
        """A number that can be run."""
        number = self.chance.choice(self.part.numbers)
        self.page.set_number(self.part.number, number)
        return str(number)

    def type_nonsense(self) -> str:
        """What is no number, or none that can be run, key by key."""
        text = self.chance.choice(NONSENSE)
        field = self.page.widget(self.part.number).locator("input")
        field.fill("")
        field.press_sequentially(text)
        field.press("Tab")
        return repr(text)

    def tick(self) -> str:
        """Tick a box, or clear it."""
        name = self.chance.choice(self.part.ticks)
        self.page.widget(name).locator("input[type=checkbox]").click(force=True)
        return name

    def choose(self) -> str:
        """Another preset."""
        label = self.chance.choice(self.part.presets)
        self.page.choose("cav-preset", label)
        return label

    def at_random(self, presses: int, done: list[str]) -> None:
        """So many presses, each after a moment; a third of the moments are none.

        `done` gets a line for each, and has those that were made where one fails.
        """
        for _ in range(presses):
            wait_s = 0.0 if self.chance.random() < 1 / 3 else LATEST_S * self.chance.random()
            self.page.page.wait_for_timeout(wait_s * 1000)
            done.append(f"{self.chance.choice(self.actions)()} (+{wait_s:.2f})")

    def idle(self) -> list[str]:
        """Wait until nothing is under way; what is wrong then."""
        enabled = self.page.widget("cav-run")
        # What was pressed last may be on its way: the kernel answers a request after it.
        self.page.page.wait_for_timeout(200)
        self.page.wait_ready(PATIENCE_S)
        expect(enabled).to_be_enabled(timeout=PATIENCE_S * 1000)
        expect(self.page.widget("cav-stop")).to_be_disabled()
        wrong = []
        status = self.page.widget("cav-status").inner_text().split("\nTraceback")[0].strip()
        if not (DONE.match(status) or status.startswith(self.part.first) or ADVICE.search(status)):
            wrong.append(f"the status says: {status}")
        if not wait_until(lambda: not self.part.left(self.page.server)):
            wrong.append(f"processes are left: {self.part.left(self.page.server)}")
        wrong += [f"an error: {text}" for text in self.page.errors()]
        return wrong + [f"the page: {text}" for text in self.page.console]

    def runs_again(self) -> list[str]:
        """Reset, and a small run; what is wrong afterwards."""
        self.page.click("cav-reset")
        self.page.wait_text("cav-status", self.part.first)
        wrong = []
        if self.page.widget("cav-picture").locator("svg").count():
            wrong.append("a picture is left after Reset")
        self.page.set_number(self.part.number, self.part.small)
        self.page.click("cav-run")
        expect(self.page.widget("cav-picture").locator("svg").first).to_be_visible(
            timeout=PATIENCE_S * 1000
        )
        self.page.wait_text("cav-status", re.compile("^Done"), timeout=PATIENCE_S)
        return wrong + self.idle()


def press_all(page: LabPage, part: Part, presses: int, chance: random.Random, folder: Path) -> int:
    """Press so often, in rounds of 2 to 7; in how many rounds something was wrong."""
    page.open(part.make(folder))
    page.run_all()
    page.wait_idle(timeout=240)
    hands, wrong, done, number = Presses(page, part, chance), 0, 0, 0
    while done < presses:
        number, count = number + 1, min(chance.randint(2, 7), presses - done)
        pressed: list[str] = []
        try:
            hands.at_random(count, pressed)
            problems = hands.idle() + hands.runs_again()
        except (AssertionError, Error) as error:
            problems = [f"it hangs: {error}", page.describe()]
            page.screenshot(folder / f"wrong-{number}.png")
        done, wrong = done + count, wrong + bool(problems)
        print(f"{number}: {', '.join(pressed)}: {'; '.join(problems) or 'well'}", flush=True)
    return wrong


def main() -> int:
    """Read the command line; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of the name of a panel")
    asked = parser.parse_args()
    folder, began, wrong = Path(tempfile.mkdtemp()), time.monotonic(), 0
    (folder / "course").mkdir()
    (folder / "lab").mkdir()
    chosen = {name: part for name, part in PARTS.items() if asked.only in name}
    here = {PACE: "few", FOLDER: str(folder / "course"), "TMPDIR": str(folder)}
    os.environ |= {FOLDER: here[FOLDER]}
    try:
        with lab_server(folder / "lab", env=here) as server, browser() as chrome:
            for name, part in chosen.items():
                print(name, flush=True)
                page = LabPage(server, chrome)
                share = asked.presses // len(chosen)
                wrong += press_all(page, part, share, random.Random(asked.seed), folder)
                page.close()
                if not wait_until(lambda: not below(server, "helpers."), 20):
                    wrong += 1
                    print(f"left after the kernel's end: {below(server, 'helpers.')}", flush=True)
        print(f"{asked.presses} presses, seed {asked.seed}, {time.monotonic() - began:.0f} s: "
              f"{wrong} rounds went wrong.")  # fmt: skip
        return 1 if wrong else 0
    finally:
        if not wrong:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
