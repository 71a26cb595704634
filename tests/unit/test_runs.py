"""Run files: what is saved loads again, what others send is data, and a class in one chart."""

from __future__ import annotations

import asyncio
import base64
import copy
import gzip
import itertools
import json
import os
import pickle
import random
import re
import threading
from dataclasses import replace

import pytest

from helpers.charts.results import ShownComparison
from helpers.course import runs
from helpers.course.runs import files, packed, pool, read_run, write_run, write_trace_events
from helpers.course.runs.pooled import Experiment
from helpers.course.runs.trace_events import trace_events
from helpers.experiment import BadRequest
from helpers.measure.trace import HELD
from helpers.notebook.runs import load_run, pool_runs
from helpers.workloads import work
from tests.harness.sample_runs import MACHINE, comparison, three, turns, waits


@pytest.fixture
def saved(tmp_path):
    """A made-up comparison in a file."""
    return write_run(three(said={"threads": 0.05}), tmp_path / "waits")


def data_of(path):
    return json.loads(gzip.decompress(path.read_bytes()))


def write(path, data):
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    return path


# --- there and back --------------------------------------------------------------------------


def test_a_real_comparison_comes_back(experiment, tmp_path):
    result = experiment(work.sleep(5), 6, models=["sequential", "asyncio", "threads"], rounds=2,
                        said={"asyncio": 0.1})  # fmt: skip
    shown = ShownComparison.of(result)
    written = shown.save(tmp_path / "waits")
    assert written.path == tmp_path / "waits.run.json.gz"
    assert re.match(r"Saved: waits.run.json.gz, \d+ KB. load_run\(", str(written))
    loaded = load_run(tmp_path / "waits")
    assert loaded.recorded
    assert loaded.machine == result.machine
    for model in result.models:
        before, after = result.traced[model], loaded.traced[model]
        assert after.trace == before.trace
        assert (after.wall_s, after.usage, after.lag, after.digest, after.cap) == (
            before.wall_s, before.usage, before.lag, before.digest, before.cap)  # fmt: skip
        assert loaded.walls(model) == result.walls(model)
        assert loaded.predicted(model) == result.predicted(model)
    assert loaded.agree() is True
    assert loaded.said == {"asyncio": 0.1}
    # a recording is not to be run again, however busy the machine was
    again = ": run it again when they have ended"
    assert loaded.summary() == [sentence.replace(again, "") for sentence in result.summary()]


def test_saving_again_what_was_loaded_changes_nothing(saved, tmp_path):
    again = load_run(saved).save(tmp_path / "again").path
    assert again.read_bytes() == saved.read_bytes()


def test_what_is_loaded_says_so_in_the_first_line(saved):
    loaded = load_run(saved)
    label = f"Recorded on {loaded.recorded}, not measured now. The machine was: CPython 3.12.1"
    assert str(loaded).startswith(label)
    html = loaded._repr_html_()
    assert label in html
    assert "Measured on this machine" not in html
    assert "Recorded on" not in ShownComparison.of(three())._repr_html_()


def test_models_of_ones_own_keep_their_names(tmp_path):
    own = comparison(turns("pool of two"), turns("threads"))
    loaded = read_run(write_run(own, tmp_path / "own"))
    assert loaded.models == ["pool of two", "threads"]
    assert set(loaded.request.own_models) == {"pool of two"}
    assert loaded.predicted("pool of two") is None


def test_the_file_holds_no_folder_and_no_result_of_a_task(tmp_path):
    found = three()
    run = found.traced["threads"]
    run.results, run.printed = ["the secret"], "also secret"
    run.failed = 1
    run.failures = [{"task": 0, "type": "OSError", "message": "no /home/ada/menu.txt",
                     "traceback": "File /home/ada/lab.py"}]  # fmt: skip
    text = json.dumps(data_of(write_run(found, tmp_path / "a")))
    assert "no menu.txt" in text
    for word in ("ada", "secret", "lab.py"):
        assert word not in text
    assert "OSError: no menu.txt" in str(load_run(tmp_path / "a"))


def test_five_thousand_tasks_are_small_and_quick_to_check(tmp_path):
    many = comparison(waits("asyncio", tasks=5000), waits("threads", tasks=5000))
    path = write_run(many, tmp_path / "many")
    assert path.stat().st_size < 1_000_000
    assert read_run(path).traced["threads"].trace == many.traced["threads"].trace


def test_nobody_is_told_to_run_a_recording_again(tmp_path):
    busy = replace(three(), foreign=1.2)
    assert "Other programs used 1.2 cores meanwhile: run it again" in str(ShownComparison.of(busy))
    said = str(load_run(write_run(busy, tmp_path / "a")))
    assert "Other programs used 1.2 cores meanwhile." in said


# --- writing ---------------------------------------------------------------------------------


def test_a_file_that_is_there_stays_unless_one_says_so(saved):
    before = saved.read_bytes()
    with pytest.raises(BadRequest, match="waits.run.json.gz is there already.*replace=True"):
        write_run(three(), saved)
    assert saved.read_bytes() == before
    write_run(comparison(turns()), saved, replace=True)
    assert read_run(saved).models == ["threads"]


def test_a_bare_name_is_kept_in_the_course_folder(tmp_path, monkeypatch):
    """And found there again; a file of that name beside the notebook comes first."""
    monkeypatch.setenv("COURSE_FOLDER", str(tmp_path / "course"))
    monkeypatch.chdir(tmp_path)
    kept = ShownComparison.of(three()).save("mine")
    assert kept.path == tmp_path / "course" / "runs" / "mine.run.json.gz"
    traced = ShownComparison.of(three()).save_trace("mine").path
    assert traced == tmp_path / "course" / "runs" / "mine.trace.json.gz"
    assert load_run("mine").models == load_run("mine.run.json.gz").models == three().models
    beside = ShownComparison.of(comparison(turns())).save("./mine").path
    assert beside.resolve() == tmp_path / "mine.run.json.gz"
    assert load_run("mine").models == ["threads"]


def test_what_was_saved_is_a_download(saved):
    """The link holds the file itself; one that was moved away since is named only."""
    written = ShownComparison.of(three()).save(saved, replace=True)
    link = re.search(r'download="(.+?)" href="data:application/gzip;base64,(.+?)"',
                     written._repr_html_())  # fmt: skip
    assert link[1] == "waits.run.json.gz"
    assert base64.b64decode(link[2]) == saved.read_bytes()
    saved.unlink()
    assert "href" not in written._repr_html_()


@pytest.mark.parametrize("name", [None, 3, "", "  ", "a\0b"])
def test_no_name(name):
    with pytest.raises(BadRequest, match="Name the file"):
        write_run(three(), name)
    with pytest.raises(BadRequest, match="Name the file"):
        read_run(name)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(BadRequest, match="can't be written"):
        write_run(three(), tmp_path / "nowhere" / "a")


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadRequest, match="No space left"):
        write_run(three(), tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_comparison_of_which_nothing_ran_is_not_saved(tmp_path):
    empty = replace(three(), traced={}, repeats={})
    with pytest.raises(BadRequest, match="nothing to save"):
        write_run(empty, tmp_path / "a")


# --- what others send ------------------------------------------------------------------------


def test_a_file_cut_off_anywhere_is_refused_in_a_sentence(saved, tmp_path):
    whole, cut = saved.read_bytes(), tmp_path / "cut.run.json.gz"
    for length in {*range(0, 40), *range(40, len(whole), 17), len(whole) - 1}:
        cut.write_bytes(whole[:length])
        with pytest.raises(BadRequest, match=r"cut off|damaged|not a run file"):
            read_run(cut)


def test_flipped_bits_are_refused(saved, tmp_path):
    whole, bad = bytearray(saved.read_bytes()), tmp_path / "bad.run.json.gz"
    for place in range(12, len(whole) - 4, 23):
        changed = whole.copy()
        changed[place] ^= 0x10
        bad.write_bytes(changed)
        with pytest.raises(BadRequest):
            read_run(bad)


@pytest.mark.parametrize("name", ["pipe", "folder", "missing", "device"])
def test_what_is_no_file_is_not_opened(name, tmp_path):
    path = tmp_path / f"{name}.run.json.gz"
    if name == "pipe":
        os.mkfifo(path)
    elif name == "folder":
        path.mkdir()
    elif name == "device":
        path.symlink_to("/dev/zero")
    said = []

    def read():
        try:
            read_run(path)
        except BadRequest as error:
            said.append(str(error))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(20)
    assert not reader.is_alive(), "it waits for a file that never ends"
    assert len(said) == 1


CONTENTS = {
    "nothing": b"",
    "text": b"hello",
    "a number": b"1",
    "a list": b"[]",
    "another object": b'{"format": "something else"}',
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "a long number": b'{"format": ' + b"9" * 5_000 + b"}",
    "no number": b'{"format": NaN}',
    "other letters": b'{"format": "\xff"}',
    "a pickle": pickle.dumps(print),
    "a pickle in gzip": gzip.compress(pickle.dumps(print)),
    "two gzips": gzip.compress(b"[") + gzip.compress(b"]"),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_other_content_is_refused(content, tmp_path):
    path = tmp_path / "a.run.json.gz"
    path.write_bytes(content)
    with pytest.raises(BadRequest, match="run file"):
        read_run(path)


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.run.json.gz"
    with gzip.open(path, "wb") as out:
        for _ in range(files.LARGEST_UNPACKED // 1_000_000 + 1):
            out.write(b" " * 1_000_000)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(BadRequest, match="unpacks to more than"):
        read_run(path)


def test_a_giant_is_not_read(tmp_path):
    path = tmp_path / "giant.run.json.gz"
    with path.open("wb") as out:
        out.truncate(files.LARGEST + 1)
    with pytest.raises(BadRequest, match="larger than"):
        read_run(path)


def test_another_version_says_what_to_do(saved, tmp_path):
    data = data_of(saved)
    data["version"] = 2
    with pytest.raises(BadRequest, match="update the course"):
        read_run(write(tmp_path / "b.run.json.gz", data))


def places(data, path=()):
    """Every place in the data, as the keys that lead there; of long lists only some."""
    yield path
    if isinstance(data, dict):
        for key in data:
            yield from places(data[key], (*path, key))
    elif isinstance(data, list):
        for index in range(min(2, len(data))):
            yield from places(data[index], (*path, index))


JUNK = [None, True, -1, 10**25, 1.5, 1e300, "", "x" * 2_000, [], {}, [0] * 9, {"a": 1}]


def test_whatever_is_changed_is_refused_or_harmless(saved):
    """Each value replaced by several kinds of junk: one sentence, or a result to be shown."""
    whole = data_of(saved)
    sentences, shown = [], 0
    for number, path in enumerate(places(whole)):
        for junk in JUNK[number % 4 :: 4]:
            if not path:
                changed = junk
            else:
                changed = copy.deepcopy(whole)
                inside = changed
                for key in path[:-1]:
                    inside = inside[key]
                inside[path[-1]] = junk
            try:
                loaded = packed.from_data(changed)
            except BadRequest as error:
                sentences.append(str(error))
                continue
            shown += 1
            assert "Recorded on" in str(ShownComparison.of(loaded))
    assert all(len(said) < 400 and "\n" not in said for said in sentences)
    assert len(sentences) > 10 * shown > 0


def test_columns_that_do_not_fit_are_refused(saved):
    whole = data_of(saved)
    trace = whole["runs"]["threads"]["trace"]
    for name, value in (("task", 10**6), ("state", 99), ("span", 0), ("span", -5),
                        ("begin", 2**70), ("started", "1"), ("lanes", 1.0)):  # fmt: skip
        changed = copy.deepcopy(whole)
        changed["runs"]["threads"]["trace"][name][0] = value
        with pytest.raises(BadRequest, match=f"column {name}"):
            packed.from_data(changed)
    for name in trace:
        if isinstance(trace[name], list):
            changed = copy.deepcopy(whole)
            changed["runs"]["threads"]["trace"][name].pop()
            with pytest.raises(BadRequest, match="damaged or was changed"):
                packed.from_data(changed)


def test_markup_in_a_file_is_text(saved, tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    text = json.dumps(data_of(saved)).replace('"threads"', json.dumps(evil))
    count = json.dumps({evil: 1})[1:-1].replace(": 1", ": ")  # a usage's own column stays
    data = json.loads(re.sub(re.escape(count) + r"(\d+)(?=[,}])", r'"threads": \1', text))
    data["request"]["workload"]["title"] = data["machine"]["system"] = evil
    data["notes"] = data["request"]["notes"] = [evil]
    loaded = load_run(write(tmp_path / "evil.run.json.gz", data))
    html = loaded._repr_html_()
    assert "could not be drawn" not in html
    assert "<img" not in html
    assert "&lt;img" in html
    assert "<img" not in pool_runs([tmp_path / "evil.run.json.gz"])._repr_html_()


def test_random_bytes_never_do_more_than_refuse(tmp_path):
    dice, path = random.Random(6), tmp_path / "a.run.json.gz"
    for _ in range(100):
        path.write_bytes(b"\x1f\x8b\x08" + dice.randbytes(dice.randrange(200)))
        with pytest.raises(BadRequest):
            read_run(path)


# --- a trace for Perfetto --------------------------------------------------------------------


def test_the_trace_holds_every_interval_once(tmp_path):
    found = three()
    path = write_trace_events(found, tmp_path / "a")
    assert path.name == "a.trace.json.gz"
    trace = json.loads(gzip.decompress(path.read_bytes()))
    assert trace == json.loads(json.dumps(trace_events(found)))
    slices = [one for one in trace["traceEvents"] if one["ph"] == "X"]
    rows = [(number, row) for number, run in enumerate(found.traced.values(), 1)
            for row in run.trace.rows()]  # fmt: skip
    assert len(slices) == len(rows)
    for one, (process, (task, state, begin, end)) in zip(slices, rows, strict=True):
        assert one["pid"] == process
        assert one["tid"] == (0 if state == HELD else task + 1)
        assert (one["ts"], one["dur"]) == (begin / 1e3, (end - begin) / 1e3)
    assert "Linux x86_64" in trace["otherData"]["machine"]


def test_slices_of_one_track_never_overlap(experiment):
    """A viewer nests what overlaps: there is nothing of that in a task."""
    result = experiment(work.mixed(2, 2), 4, models=["asyncio", "threads"])
    tracks = {}
    for one in trace_events(result)["traceEvents"]:
        if one["ph"] == "X":
            tracks.setdefault((one["pid"], one["tid"]), []).append(one)
    assert len(tracks) >= 9, "two models of four tasks, and the loop"
    for slices in tracks.values():
        slices.sort(key=lambda one: one["ts"])
        for first, second in itertools.pairwise(slices):
            assert first["ts"] + first["dur"] <= second["ts"] + 1e-6


def test_the_count_in_flight_ends_at_none():
    counts = [one["args"]["tasks"] for one in trace_events(comparison(waits("asyncio")))
              ["traceEvents"] if one["ph"] == "C"]  # fmt: skip
    assert max(counts) == 4
    assert counts[-1] == 0


def test_without_a_recorded_run_there_is_no_trace(tmp_path):
    found = three()
    for run in found.traced.values():
        run.trace = None
    with pytest.raises(BadRequest, match="no trace"):
        write_trace_events(found, tmp_path / "a")


# --- a class ---------------------------------------------------------------------------------


def slower(found, factor, cores=2.0):
    """The same comparison as another machine might have run it."""
    machine = replace(MACHINE, cores=cores)
    repeats = {model: {k: replace(run, wall_s=run.wall_s * factor) for k, run in own.items()}
               for model, own in found.repeats.items()}  # fmt: skip
    return replace(found, machine=machine, repeats=repeats)


def test_a_class_is_pooled_by_experiment(tmp_path):
    for number in range(5):
        write_run(slower(three(), 1 + number / 10, 1 + number % 2), tmp_path / f"ada-{number}")
    write_run(comparison(turns()), tmp_path / "other")
    (tmp_path / "junk.run.json.gz").write_bytes(b"junk")
    write_run(slower(three(), 1.1, 2), tmp_path / "twice")
    found = pool(tmp_path)
    assert [len(one.members) for one in found.experiments] == [5, 1]
    assert set(found.left_out) == {"junk.run.json.gz", "twice.run.json.gz"}
    assert "Another file holds the same run" in found.left_out["twice.run.json.gz"]
    first = found.experiments[0]
    assert [one.machine.cores for one in first.members] == [1, 1, 1, 2, 2]
    assert first.relative
    assert first.sentence() == (
        "4 × wait 10 ms, on 5 machines: no clear winner on 5; "
        "in the middle asyncio 3.9×, threads 3.9× as fast as in sequence."
    )
    said = "3 × wait 10 ms, on 1 machine: in the middle threads 206 ms."
    assert found.experiments[1].sentence() == said


def test_a_winner_is_one_beyond_the_noise_of_its_machine():
    """Ten rounds, in all of which threads took twice as long; and a machine with three."""
    clear = comparison(waits("asyncio"), waits("threads", each=20.0), repeats=10)
    few = comparison(waits("asyncio"), waits("threads", each=20.0), repeats=3)
    found = Experiment("waits", [clear, few])
    assert found.winners() == {"asyncio": 1}
    assert found.sentence() == (
        "waits, on 2 machines: asyncio won on 1; no clear winner on 1; "
        "in the middle asyncio 10.8 ms, threads 21.1 ms."
    )


def test_the_chart_has_a_dot_a_machine_and_names_nobody(tmp_path):
    for number in range(4):
        write_run(slower(three(), 1 + number / 10), tmp_path / f"ada-{number}")
    html = pool_runs(tmp_path)._repr_html_()
    assert "could not be drawn" not in html
    assert "ada" not in html
    assert html.count("machine 4") == 1
    alt = html.split('aria-label="')[1].split('"')[0]
    assert "on 4 machines" in alt
    assert "asyncio" in alt


@pytest.mark.parametrize(
    ("what", "words"),
    [(3, "a folder or a list"), ("nowhere", "not a folder"), ([], "None of these"),
     ([3], "Name the file")],
)  # fmt: skip
def test_nothing_to_pool(what, words):
    with pytest.raises(BadRequest, match=words):
        pool(what)


def test_an_empty_folder(tmp_path):
    with pytest.raises(BadRequest, match="no run file in"):
        pool(tmp_path)


def test_loading_and_pooling_need_no_kernel_or_loop(saved):
    async def inside():
        return load_run(saved)

    assert asyncio.run(inside()).models == load_run(saved).models
    assert runs.__all__
