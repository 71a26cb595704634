"""A run file opened in a page without a kernel: the same replay as in Python, and nothing else."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from helpers.charts.replay.data import replay_data
from helpers.course.runs import read_run, write_run
from tests.harness.sample_runs import comparison, three, turns, waits

pytest.importorskip("myst_nb", reason="Sphinx is missing: run `make test`")

from tools.site.embed import run_opener
from tools.site.sources import _write_static

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def opener(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of the site that holds nothing but the opener."""
    folder = tmp_path_factory.mktemp("site")
    _write_static(folder / "static")
    scripts = "".join(
        f'<script defer src="static/{name}.js"></script>' for name in ("widgets", "open-run")
    )
    page = folder / "page.html"
    page.write_text(f'<!doctype html><meta charset="utf-8">{scripts}<body>{run_opener()}')
    return page


@pytest.fixture
def page(chrome: Browser, opener: Path) -> Iterator[Page]:
    """The page; what it asks for lies in its own folder, and no script of it fails."""
    page, asked, complaints = chrome.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(opener.as_uri())
    yield page
    page.close()
    assert [url for url in asked if not url.startswith(("file:", "blob:null"))] == []
    assert complaints == []


RUNS = {
    "waits": lambda: three(),
    "turns in threads": lambda: comparison(turns()),
    "turns on a loop": lambda: comparison(turns("asyncio")),
    "an own model": lambda: comparison(turns("mine"), waits("asyncio", tasks=3, apart=2.0)),
    "several at once": lambda: comparison(turns("processes"), waits("threads", tasks=3)),
}
ROWS = """async ([text, known]) => {
  const run = JSON.parse(text);
  const { data, numbers } = openRun.replayOf(run, known);
  return [data, [...numbers]];
}"""


@pytest.mark.parametrize("name", RUNS)
def test_the_same_replay_as_in_python(page: Page, tmp_path: Path, name: str) -> None:
    """Every number, and all of the description but the sentences."""
    path = write_run(RUNS[name](), tmp_path / "a")
    data, numbers = replay_data(read_run(path))
    known = page.locator(".course-open-run script").text_content()
    text = gzip.decompress(path.read_bytes()).decode()
    found, played = page.evaluate(ROWS, [text, json.loads(known)])
    expected = np.frombuffer(numbers, "<i4")
    mine = np.array(played)
    for theirs, ours in zip(data["kitchens"], found["kitchens"], strict=True):
        for column, width in (("cells", 4), ("strip", 3), ("flight", 3)):
            rows = [one[begin : begin + length].reshape(-1, width) for one, (begin, length)
                    in ((expected, theirs[column]), (mine, ours[column]))]  # fmt: skip
            # the order among rows of one moment is nobody's
            assert sorted(rows[0].tolist()) == sorted(rows[1].tolist()), column
        for same in ("model", "tasks", "wall", "peak", "sums_ns", "strip_most"):
            assert ours[same] == theirs[same], same
        assert theirs["strip_words"].startswith(ours["strip_words"].partition(",")[0])
    for same in ("title", "label", "machine", "tick_ns", "span", "colours", "states"):
        assert found[same] == json.loads(json.dumps(data[same])), same


def choose(page: Page, path: Path) -> None:
    page.get_by_label("Run file").set_input_files(path)


def test_a_file_is_played_and_another_takes_its_place(page: Page, tmp_path: Path) -> None:
    choose(page, write_run(three(), tmp_path / "first"))
    expect(page.get_by_role("status").first).to_have_text("first.run.json.gz: 4 × wait 10 ms.")
    replay = page.locator(".cav-replay")
    expect(replay).to_contain_text("Recorded on 2")
    expect(replay.get_by_role("button", name="Play")).to_be_visible()
    choose(page, write_run(comparison(turns()), tmp_path / "second"))
    expect(page.get_by_role("status").first).to_contain_text("second.run.json.gz")
    expect(replay).to_have_count(1)
    expect(replay).to_contain_text("threads")


def changed(path: Path, change) -> bytes:
    data = json.loads(gzip.decompress(path.read_bytes()))
    change(data)
    return gzip.compress(json.dumps(data).encode())


def test_what_is_no_run_gets_one_sentence(page: Page, tmp_path: Path) -> None:
    """Hostile and broken files, one after the other; then a good one opens all the same."""
    good = write_run(three(), tmp_path / "good")
    whole = good.read_bytes()

    def trace(data):
        return data["runs"]["threads"]["trace"]

    files = {
        b"": "not a run file",
        b"hello": "not a run file",
        b"[" * 100_000: "not a run file",
        whole[:-40]: "can't be unpacked",
        whole[:200] + b"\0" * 20 + whole[220:]: "can't be unpacked",
        gzip.compress(b" " * 130_000_000): "more than 128 MB",
        b"x" * 16_000_001: "larger than 16 MB",
        changed(good, lambda d: d.update(version=2)): "another version",
        changed(good, lambda d: d["request"].update(tasks=10**9)): "damaged or was changed",
        changed(good, lambda d: d.update(runs={})): "no run in it was recorded",
        changed(good, lambda d: d.update(runs=[1])): "no run in it was recorded",
        changed(good, lambda d: d.update(machine=None)): "damaged or was changed",
        changed(good, lambda d: trace(d).update(task=[99] * 4)): "task holds a number",
        changed(good, lambda d: trace(d).update(span=["1"] * 4)): "span holds a number",
        changed(good, lambda d: trace(d).update(span=[1])): "length of the others",
        changed(good, lambda d: trace(d).update(wall_ns=1e300)): "wall_ns holds a number",
        changed(good, lambda d: trace(d).update(started=[])): "length of the others",
    }
    bad, said = tmp_path / "bad.run.json.gz", page.get_by_role("status").first
    for content, sentence in files.items():
        bad.write_bytes(content)
        choose(page, bad)
        expect(said).to_contain_text(sentence)
        expect(page.locator(".cav-replay")).to_have_count(0)
        choose(page, good)
        expect(said).to_have_text("good.run.json.gz: 4 × wait 10 ms.")


def test_markup_in_a_file_is_text(page: Page, tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    good = write_run(three(), tmp_path / "good")

    def change(data):
        data["request"]["workload"]["title"] = data["machine"]["system"] = evil
        data["runs"][evil] = data["runs"].pop("threads")

    path = tmp_path / "evil.run.json.gz"
    path.write_bytes(changed(good, change))
    choose(page, path)
    expect(page.locator(".cav-replay")).to_contain_text(evil)
    expect(page.locator("img")).to_have_count(0)
