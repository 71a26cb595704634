"""A full disc: one sentence each, what was written before is still there, the course goes on.

The disc is a real one, of a few KB, that only the process under test sees.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.harness.scarce import FULL, on_a_small_disc, python

# Everything that the course writes, on a disc that is nearly full, then full, then free again.
CODE = """
import asyncio, gzip, json, os, sys, warnings
from pathlib import Path
disc = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(os.environ["DISC"])
os.environ["COURSE_FOLDER"] = str(disc / "course")
said = []
import helpers.course.diary as diary
from helpers.course.diary import Diary
from helpers.course.entry import Entry
from helpers.course.runs import read_run, write_run
from helpers.experiment import BadRequest
from tests.harness.sample_runs import three
from tests.harness.scarce import fill
from helpers.course.restoring import restore_bytes
from helpers.notebook.course import _kept

book = Diary(disc / "course", said.append)
def add(k):
    book.add(Entry.now("prediction", title=f"{k:04}", sentence="x" * 300, said=1, measured=2))
add(0)
write_run(three(), "first")
filler = disc / "filler"
fill(filler)
for k in range(1, 60):
    add(k)  # more than is left of the diary's last block
told = {}
def sentence(name, call):
    try:
        told[name] = repr(call())
    except BadRequest as error:
        told[name] = str(error)
    except BaseException as error:
        told[name] = f"RAW {type(error).__name__}: {error}"
sentence("run", lambda: write_run(three(), "second"))
sentence("replaced run", lambda: write_run(three(), "first", replace=True))
sentence("report", lambda: _kept(disc / "course" / "report.html", "x" * 100_000))
# What another kernel, or this one, reads now: all that it was told, also what has no room.
shown = [one.title for one in book.entries()]
on_disc = [one.title for one in Diary(disc / "course", lambda s: None).entries()]
raw = book.raw()
os.environ["COURSE_FOLDER"] = str(disc / "other")
sentence("restored", lambda: restore_bytes(raw))
os.environ["COURSE_FOLDER"] = str(disc / "course")
left = sorted(p.name for p in (disc / "course").rglob("*") if p.is_file())
read = read_run(disc / "course" / "runs" / "first.run.json.gz").models
filler.unlink()
add(60)
again = [one.title for one in Diary(disc / "course", lambda s: None).entries()]
sentence("run again", lambda: write_run(three(), "second").name)
print(json.dumps({"said": said, "told": told, "shown": shown, "on_disc": on_disc, "left": left,
                  "read": read, "again": again, "raw": raw.count(b"\\n")}))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("disc")
    before = on_a_small_disc(64, str(folder))
    if before is None:
        pytest.skip("nothing can be mounted here")
    return json.loads(python(CODE, before, DISC=str(folder)).splitlines()[-1])


EVERY = [f"{k:04}" for k in range(60)]


def test_the_diary_says_so_once_and_forgets_nothing(found):
    assert len(found["said"]) == 1
    assert "can't be kept in the course's folder (no space left" in found["said"][0].lower()
    assert "COURSE_FOLDER can name another folder" in found["said"][0]
    assert found["shown"] == EVERY
    assert found["raw"] == len(EVERY)  # what progress() hands out for download


def test_what_is_on_the_disc_is_whole_lines_in_order(found):
    assert 1 <= len(found["on_disc"]) < len(EVERY)
    assert found["on_disc"] == EVERY[: len(found["on_disc"])]


def test_when_there_is_room_again_all_of_it_is_written(found):
    assert found["again"] == [*EVERY, "0060"]
    assert "second.run.json.gz" in found["told"]["run again"]


@pytest.mark.parametrize("what", ["run", "replaced run", "restored"])
def test_a_file_that_has_no_room_is_a_sentence(found, what):
    assert not found["told"][what].startswith("RAW")
    assert "No space left on device" in found["told"][what]


def test_a_report_that_has_no_room_is_still_there_for_download(found):
    assert found["told"]["report"] == "False"


def test_nothing_half_written_stays_and_the_old_run_is_whole(found):
    assert found["left"] == ["diary.jsonl", "diary.lock", "first.run.json.gz"]
    assert found["read"] == ["sequential", "asyncio", "threads"]


SERVICES = """
import contextlib, json, os, tempfile
tempfile.tempdir = os.environ["DISC"]
os.environ["TMPDIR"] = os.environ["DISC"]
from helpers.services.database.bakery import database
from helpers.services.scratch import scratch_folder
from helpers.services.service import ServiceError
from helpers.services.web.server import web_server
import helpers.services.cluster.jobs
told = {}
def sentence(name, call):
    try:
        with contextlib.closing(call()) as one:
            told[name] = "works"
    except ServiceError as error:
        told[name] = str(error)
    except BaseException as error:
        told[name] = f"RAW {type(error).__name__}: {error}"
sentence("database", database)
sentence("web", lambda: web_server(latency_ms=1))
sentence("files", lambda: web_server(files=2, file_mb=1))
left = os.listdir(os.environ["DISC"])
print(json.dumps({"told": told, "left": left}))
"""


def test_a_database_without_room_is_a_sentence_and_leaves_nothing(tmp_path: Path):
    before = on_a_small_disc(64, str(tmp_path))
    if before is None:
        pytest.skip("nothing can be mounted here")
    found = json.loads(python(SERVICES, before, DISC=str(tmp_path)).splitlines()[-1])
    assert "disc is full" in found["told"]["database"]
    assert {name: words for name, words in found["told"].items() if words.startswith("RAW")} == {}
    assert found["left"] == []


PIPELINES = """
import asyncio, json, os, tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
tempfile.tempdir = os.environ["TMPDIR"] = os.environ["DISC"]
from helpers import race_pools, run_pipeline
from helpers.notebook.running import ExperimentFailed
from tests.harness.scarce import fill
disc = Path(os.environ["DISC"])

def as_it_is(data):
    return data

async def pipeline(plan):
    with plan.pool(2) as pool:
        for number in range(plan.pictures):
            data = await asyncio.wrap_future(pool.submit(plan.step, bytes(40_000)))
            await asyncio.to_thread((plan.folder / str(number)).write_bytes, data)

async def sentence(run):
    try:
        told.append(repr(await run))
    except ExperimentFailed as error:
        told.append(str(error))
    left.append([path.name for path in disc.rglob("*") if path.is_file()])

async def tried():
    await sentence(run_pipeline(pipeline, as_it_is, ThreadPoolExecutor, pictures=20))
    await sentence(race_pools(pipeline, [as_it_is], pictures=20))
    filler = disc / "filler"
    fill(filler)
    await sentence(run_pipeline(pipeline, as_it_is, ThreadPoolExecutor, pictures=2))
    filler.unlink()
    await sentence(run_pipeline(pipeline, as_it_is, ThreadPoolExecutor, pictures=2))

told, left = [], []
asyncio.run(tried())
print(json.dumps({"told": told, "left": left}))
"""


def test_a_pipeline_without_room_for_its_pictures_says_so_and_leaves_none(tmp_path: Path):
    before = on_a_small_disc(400, str(tmp_path))
    if before is None:
        pytest.skip("nothing can be mounted here")
    found = json.loads(python(PIPELINES, before, DISC=str(tmp_path)).splitlines()[-1])
    run, race, at_once, _ = found["told"]
    for words in (run, race):
        assert words.startswith("A stage failed, and the whole pipeline ended with it. OSError: ")
        assert words.endswith(f"No space left on device. {FULL}")
    assert at_once == FULL
    assert found["left"][:3] == [[], [], ["filler"]]
    assert sorted(found["left"][3]) == ["0", "1"], "its two pictures"
