"""The pipeline: what is recorded, what it shows, how it ends; and pictures from the server."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import aiohttp
import cloudpickle
import httpx2
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook, writes
from PIL import Image

from helpers.charts.pipelines import shown, stages
from helpers.experiment import BadRequest
from helpers.experiment.pipelines import inside, pipeline, plan, record, result
from helpers.experiment.pipelines.pipeline import PipelineExperiment, run_race, scratch
from helpers.experiment.pipelines.plan import STAGES, make_plan
from helpers.experiment.pipelines.record import Record, note, watch
from helpers.experiment.pipelines.result import Line, PipelineRun, Span
from helpers.experiment.rounds import Rounds
from helpers.services.web.server import web_server
from helpers.worker.errors import RunError, Stopped, TimeBoxEnded
from tests.harness import sample_pipeline as sample
from tests.harness.run_all import run_all
from tests.harness.sample_pipeline import paint, turn
from tests.harness.sample_pipeline import pipeline as whole
from tests.harness.sources import METADATA
from tests.harness.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def travelling():
    """These functions travel as a notebook's do: as code, not by name."""
    modules = (sample, sys.modules[__name__])
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    yield
    for module in modules:
        cloudpickle.unregister_pickle_by_value(module)


@pytest.fixture(scope="module", autouse=True)
def folder_ends():
    """The folder of all runs goes with these tests, not with the process: others look for it."""
    yield
    if pipeline._folder is not None:
        pipeline._folder.close()


@pytest.fixture
def run(worker):
    """Run a pipeline with a small plan."""

    def call(what=whole, step=turn, pool="threads", *, time_box=30.0, tell=None, **options):
        options = {"pictures": 8, "download": 3, "process": 2, "bound": 3, **options}
        experiment = PipelineExperiment(worker, tell)
        return experiment.run(what, make_plan(step, pool, **options), time_box, name="test")

    return call


# --- a run -----------------------------------------------------------------------------


@pytest.mark.parametrize("pool", ["threads", "processes"])
def test_every_picture_goes_through_every_stage_once(run, pool):
    found = run(pool=pool)
    assert found.written == 8
    assert [found.done(stage) for stage in STAGES] == [8, 8, 8]
    assert sorted(path.name for path in found.folder.iterdir()) == [f"{k:02}.jpg" for k in range(8)]
    assert all(0 <= s.begin <= s.end <= found.wall_s for s in found.spans)
    for stage, lanes in (("download", 3), ("process", 2), ("write", 1)):
        assert found.lanes(stage) == lanes
        for lane in range(lanes):
            own = [s for s in found.spans if (s.stage, s.lane) == (stage, lane)]
            assert all(a.end <= b.begin for a, b in pairwise(own)), "one at a time"


def test_the_pool_says_who_worked(run):
    threads, processes = run(pool=ThreadPoolExecutor), run(pool=ProcessPoolExecutor)
    assert len(threads.jobs) == len(processes.jobs) == 8
    assert len({pid for _, (pid, _), _ in threads.jobs}) == 1
    pids = {pid for _, (pid, _), _ in processes.jobs}
    assert 1 <= len(pids) <= 2
    assert not pids & {pid for _, (pid, _), _ in threads.jobs}
    assert processes.ran_in("process").endswith(("process", "processes"))
    assert threads.ran_in("download") == "–"


def test_a_queue_never_holds_more_than_its_bound(run):
    found = run(bound=2, pictures=12, process=1)
    assert [line.name for line in found.lines] == ["one", "other"]
    assert found.lines[0].longest <= 2
    assert all(line.lengths[-1] == 0 for line in found.lines), "what was put in was taken out"
    free = run(bound=0, pictures=6)
    assert free.lines[0].bound == 0
    assert free.lines[0].full(free.wall_s) == 0.0


def test_workers_wait_for_room_behind_a_full_queue(run):
    def slow(data: bytes) -> bytes:
        time.sleep(0.03)
        return data

    found = run(step=slow, bound=1, process=1, pictures=10)
    assert found.shares("download").room > 0
    assert found.shares("write").room == 0
    assert max(STAGES, key=lambda stage: found.shares(stage).busy) == "process"


def test_a_function_of_the_notebook_reaches_a_process(run):
    factor = 3

    def own(data: bytes) -> bytes:
        return turn(data) + b"x" * factor

    found = run(step=own, pool="processes", pictures=3)
    assert (found.folder / "01.jpg").read_bytes().endswith(b"xxx")


def test_progress_counts_every_stage(run, monkeypatch):
    monkeypatch.setattr(pipeline, "LOOK_S", 0.01)
    told = []

    def slow(data: bytes) -> bytes:
        time.sleep(0.02)
        return data

    run(step=slow, tell=told.append)
    assert "download 0, process 0, write 0" in told[0].words
    assert "download 8, process 8, write 8" in told[-2].words
    assert [p.share for p in told] == sorted(p.share for p in told)
    assert told[-1].share == 1.0


def test_what_it_wrote_stays_until_the_next_run(run):
    first = run(pictures=5)
    second = run(pictures=2)
    assert first.folder == second.folder
    assert len(list(second.folder.iterdir())) == 2
    assert [path.name for path in scratch().glob("test*")] == ["test"]


# --- ends ------------------------------------------------------------------------------


def test_an_error_ends_everything_and_is_named(run):
    def picky(data: bytes) -> bytes:
        raise ValueError("too small")

    for pool in ("threads", "processes"):
        with pytest.raises(RunError, match="ended with it. ValueError: too small") as caught:
            run(step=picky, pool=pool)
        assert "in picky" in caught.value.details
        assert "ExceptionGroup" not in caught.value.details
        assert not (scratch() / "test").exists(), "what a failed run wrote is gone"


def test_an_error_of_a_worker_is_shown_with_its_line(run):
    async def broken(plan):
        with note("upload", 1):
            pass

    with pytest.raises(RunError, match="There is no stage 'upload': choose among download"):
        run(broken)


def test_work_that_is_done_and_does_not_end_lacks_a_sentinel():
    asked = [make_plan(turn, pictures=2)]
    assert "a sentinel of its own" in pipeline._hung(asked, (2, 2, 2), 3)
    assert "a sentinel of its own" not in pipeline._hung(asked, (2, 2, 1), 3)


def test_a_pipeline_that_waits_for_nothing_is_ended(run):
    async def waits(plan):
        await asyncio.Event().wait()

    with pytest.raises(TimeBoxEnded, match="download 0, process 0, write 0 done"):
        run(waits, time_box=0.5)


def processes_of(worker) -> set[int]:
    zygote = psutil.Process(worker.processes()[0])
    found = set()
    for child in zygote.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if child.status() != psutil.STATUS_ZOMBIE:
                found.add(child.pid)
    return found


def test_stop_leaves_no_process_and_no_file(worker):
    before = processes_of(worker)
    experiment = PipelineExperiment(worker)
    caught = []

    def forever(data: bytes) -> bytes:
        while True:
            pass

    def follow() -> None:
        try:
            experiment.run(whole, make_plan(forever, "processes", process=3), 30.0, "stopped")
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        assert wait_until(lambda: len(processes_of(worker) - before) >= 4), "a run and its pool"
    finally:
        experiment.stop()
        thread.join(20)
    assert isinstance(caught[0], Stopped)
    assert wait_until(lambda: processes_of(worker) <= before)
    assert not [path.name for path in scratch().iterdir() if "stopped" in path.name]


# --- the record ------------------------------------------------------------------------


def test_without_a_record_the_marks_do_nothing():
    queue = asyncio.Queue()
    assert watch("any", queue) is queue
    assert "_put" not in vars(queue)
    with note("no such stage", 1):
        pass


def test_marks_do_not_change_a_queue():
    async def main():
        queue = watch("two", asyncio.Queue(maxsize=2))
        await queue.put("a")
        queue.put_nowait("b")
        with pytest.raises(asyncio.QueueFull):
            queue.put_nowait("c")
        return [await queue.get(), queue.get_nowait()]

    with Record(STAGES).recording() as seen:
        assert asyncio.run(main()) == ["a", "b"]
    bound, rows = seen.queues["two"]
    assert (bound, [length for _, length in rows]) == (2, [0, 1, 2, 1, 0])
    with Record(STAGES).recording(), pytest.raises(TypeError, match="asyncio.Queue"):
        watch("none", [])


def test_what_failed_is_noted_but_not_counted():
    counted = []
    with Record(STAGES, counted.append).recording() as seen:
        with contextlib.suppress(ValueError), note("write", 4):
            raise ValueError
        with note("write", 5):
            pass
    assert [item[:2] for item in seen.items] == [("write", 4), ("write", 5)]
    assert counted == ["write"]


def test_a_cancelled_job_of_the_pool_does_not_run():
    ran = []
    with record.recorded_pool(ThreadPoolExecutor, 1) as pool:
        gate = threading.Event()
        first, second = pool.submit(gate.wait, 10), pool.submit(ran.append, 1)
        assert second.cancel()
        gate.set()
        assert first.result() is True
    assert ran == []


# --- what it shows -----------------------------------------------------------------------


def made(busy: dict[str, float], **options) -> PipelineRun:
    """A run of 1 s with one worker a stage, busy for these shares."""
    asked = make_plan(turn, download=1, process=1, write=1, pictures=4)
    spans = [Span(stage, 0, result.WORKING, 0.0, share) for stage, share in busy.items()]
    lines = [Line("one", 4, [0.0, 0.5], [0, 4]), Line("other", 4, [0.0], [0])]
    return PipelineRun(asked, 1.0, 0.7, 4, spans, lines, **options)


def test_the_bottleneck_is_measured_not_assumed():
    assert made({"download": 0.9, "process": 0.3, "write": 0.1}).bottleneck == "download"
    assert made({"download": 0.2, "process": 0.3, "write": 0.8}).bottleneck == "write"
    close = made({"download": 0.85, "process": 0.9, "write": 0.1})
    assert close.bottleneck is None
    assert "No stage is the bottleneck alone: process was busy 90 %" in close.reading()
    idle = made({"download": 0.2, "process": 0.3, "write": 0.1})
    assert idle.bottleneck is None
    assert "even half of the time" in idle.reading()
    assert "process is the bottleneck" in made({"process": 0.9}).reading()
    full = made({"download": 0.2, "process": 0.9, "write": 0.1})
    assert "The queue before it was full 50 % of the time." in full.reading()


def test_shares_sum_up_to_the_whole():
    found = made({"download": 0.5, "process": 0.3, "write": 0.1})
    found.spans.append(Span("download", 0, result.ROOM, 0.5, 0.75))
    shares = found.shares("download")
    assert (shares.busy, shares.room, shares.idle) == (0.5, 0.25, 0.25)
    line = found.lines[0]
    assert [found.length(line, t) for t in (0.1, 0.6)] == [0, 4]
    assert found.at_once("download", 0.2) == 1
    assert found.at_once("download", 0.6) == 0


def test_what_is_missing_is_said():
    found = made({"download": 0.9})
    found.written = 3
    assert any("3 files were written for 4 pictures" in text for text in found.limits())
    found.spans.clear()
    html = shown.pipeline_html(found)
    assert "No work was noted" in html
    assert "Nothing that was written can be shown" in html
    assert "could not be drawn" not in html


def test_the_page_shows_stages_queues_and_the_contact_sheet(run):
    found = run(pictures=7, pool="processes")
    html = shown.ShownPipeline.of(found)._repr_html_()
    assert "could not be drawn" not in html
    for words in ("7 pictures in", "Contact sheet: the 7 pictures", "data:image/jpeg;base64,",
                  "Data: every stage and queue", "bound 3", "3 workers"):  # fmt: skip
        assert words in html
    assert html.count('role="img" aria-label') == 1
    assert "A pipeline over time. 7 pictures in" in stages.alt(found)
    sheet = Image.open(BytesIO(found.sheet))
    assert sheet.width >= 900
    assert len(stages.stage_rows(found)) == 3


def test_a_contact_sheet_is_made_of_pictures_only(tmp_path: Path):
    assert inside.contact_sheet([]) == b""
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    assert inside.contact_sheet([tmp_path / "a.jpg"]) == b""
    (tmp_path / "b.jpg").write_bytes(paint(3))
    one = Image.open(BytesIO(inside.contact_sheet(sorted(tmp_path.iterdir()))))
    assert one.width < 200
    assert abs(one.getpixel((40, 40))[0] - 24) < 12


# --- threads beside processes ------------------------------------------------------------


def test_the_race_takes_turns_and_compares_pairs(worker, monkeypatch):
    monkeypatch.setenv("COURSE_ROUNDS", "few")
    found = run_race(Rounds([worker]), whole, [turn, small_or_not], pictures=3)
    assert found.rows == [("turn", "threads"), ("turn", "processes"),
                          ("small_or_not", "threads"), ("small_or_not", "processes")]  # fmt: skip
    assert all(len(walls) == 1 for walls in found.seconds.values())
    assert found.verdict("turn").pairs == 1
    html = shown.ShownRace.of(found)._repr_html_()
    assert "could not be drawn" not in html
    assert "turn, threads" in html
    assert not [path.name for path in scratch().iterdir() if "race" in path.name]


def small_or_not(data: bytes) -> bytes:
    return data


def test_the_second_round_begins_at_the_other_end(tmp_path: Path, monkeypatch):
    ran = []
    monkeypatch.setattr(inside, "_run", lambda p, plan, *more: ran.append(plan) or {
        "usage": {"wall_s": len(ran), "user_s": 0, "system_s": 0}, "files": 0})  # fmt: skip
    (tmp_path / "counters").write_bytes(bytes(24))
    where = str(tmp_path / "counters")
    assert [row[0] for row in inside.run_rounds(whole, ["a", "b"], where, {}, False)] == [1, 2]
    assert [row[0] for row in inside.run_rounds(whole, ["a", "b"], where, {}, True)] == [4, 3]
    assert ran == ["a", "b", "b", "a"]


def test_the_race_wants_complete_runs(worker):
    async def nothing(plan):
        pass

    with pytest.raises(RunError, match="0 files were written for 3 pictures"):
        run_race(Rounds([worker]), nothing, turn, pictures=3)


# --- bad input -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"download": 0}, "download is a whole number from 1 to 16"),
        ({"process": 2.5}, "process is a whole number"),
        ({"write": 99}, "write is a whole number from 1 to 16; 99 is too large"),
        ({"pictures": 10_000}, "pictures is a whole number from 1 to 48"),
        ({"bound": -1}, "bound is a whole number from 0"),
        ({"downloads": 3}, "A plan has no 'downloads': choose among pictures, download"),
        ({"pool": "dask"}, "pool is ThreadPoolExecutor or ProcessPoolExecutor"),
        ({"step": whole}, "step is a plain function"),
        ({"step": 3}, "step is a plain function"),
    ],
)
def test_a_plan_that_cannot_be_run_gets_one_sentence(asked, sentence):
    with pytest.raises(BadRequest, match=sentence):
        make_plan(**{"step": turn, **asked})


def test_a_pipeline_is_an_async_function_of_the_plan():
    async def two(plan, more):
        pass

    called = whole(None)
    for wrong, sentence in (
        (turn, "is an async function"), (two, "takes one argument"),
        (called, "was called already"), (7, "is an async function"),
    ):  # fmt: skip
        with pytest.raises(BadRequest, match=sentence):
            plan.check_pipeline(wrong)
    assert plan.check_pipeline(partial(two, more=1))


# --- the server's pictures -----------------------------------------------------------------


def test_pictures_depend_on_number_and_seed_and_differ():
    with web_server(latency_ms=0, file_mb_per_s=100) as one, \
            web_server(latency_ms=0, file_mb_per_s=100, seed=1) as other:  # fmt: skip
        with httpx2.Client(base_url=one.url, trust_env=False, verify=False) as client:
            offered = client.get("/pictures/6").json()
            first = [client.get(item["path"]) for item in offered]
            again = client.get("/picture/3").content
            missing = [client.get(path).status_code for path in
                       ("/picture/200", "/pictures/201", "/picture/x", "/picture")]  # fmt: skip
        with httpx2.Client(base_url=other.url, trust_env=False, verify=False) as client:
            seeded = client.get("/picture/3").content
    assert missing == [404] * 4
    assert [len(answer.content) for answer in first] == [item["bytes"] for item in offered]
    assert len({answer.content for answer in first}) == 6
    assert first[3].content == again != seeded
    assert {answer.headers["content-type"] for answer in first} == {"image/jpeg"}
    assert {Image.open(BytesIO(answer.content)).size for answer in first} == {(720, 480)}


def test_a_picture_is_sent_no_faster_than_asked():
    with web_server(latency_ms=30, file_mb_per_s=1) as server:

        async def main():
            async with aiohttp.ClientSession(server.url) as session:
                async with session.get("/pictures/1") as response:
                    (offered,) = await response.json()
                began = time.perf_counter()
                async with session.get("/picture/0") as response:
                    await response.read()
                return offered["bytes"], time.perf_counter() - began

        size, seconds = asyncio.run(main())
    assert seconds >= 0.03 + size / 2**20 - 0.002


def test_this_process_has_one_scratch_folder():
    assert scratch() == scratch()
    assert scratch().is_dir()
    assert os.fspath(scratch())


# --- the kernel is killed ------------------------------------------------------------------


@pytest.mark.slow
def test_a_kernel_killed_in_mid_run_leaves_no_process_and_no_file(tmp_path: Path):
    last = (
        "from helpers import run_pipeline\n\n"
        'await run_pipeline(pipeline, spin, "processes", process=3)'
    )
    cells = [new_code_cell(inspect.getsource(sample), id="first"), new_code_cell(last, id="last")]
    notebook = tmp_path / "killed.ipynb"
    notebook.write_text(writes(new_notebook(cells=cells, metadata=METADATA)))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    report = run_all(notebook, env={"TMPDIR": str(temporary)}, timeout=60, kill_in=("last", 3.0))
    assert report.cells[-1].begun, [cell.error for cell in report.cells]
    assert report.cells[-1].status == "never ran", "it was over before the kernel was killed"
    assert report.survivors == []
    assert list(temporary.iterdir()) == []
