"""The workloads on pictures, data and models: right results, equal in every model, safe to fork."""

from __future__ import annotations

import hashlib
import json
import math
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
import pytest

from helpers.measure.machine import affinity
from helpers.worker.errors import RunError
from helpers.workloads import builtin, catalog, data, images, learning, work
from helpers.workloads.catalog import ENTRIES, Library, NotInstalled

TASKS = Path("/proc/self/task")
MODELS = ("sequential", "threads", "asyncio", "processes")


@pytest.mark.parametrize("name", ENTRIES)
def test_every_workload_gives_the_same_in_every_model(worker, name):
    worker.load(catalog.make(name, 5, steps=1))
    runs = [worker.run(model, 3, 2) for model in MODELS]
    assert [run.failures for run in runs] == [[]] * len(runs)
    assert len({run.digest for run in runs}) == 1


def test_they_are_offered_under_work():
    assert set(ENTRIES) <= set(dir(work)) & set(builtin.BUILTIN)
    assert {catalog.domain_of(getattr(work, name)(ms=1)) for name in ENTRIES} == {
        "Images", "Data", "Machine learning",
    }  # fmt: skip


# --- pictures ----------------------------------------------------------------------------


def test_the_picture_is_made_again_the_same():
    first = images.picture()
    images.picture.cache_clear()
    second = images.picture()
    assert first is not second
    assert first.tobytes() == second.tobytes()
    assert first.size == images.SIZE
    colours = np.unique(np.array(first).reshape(-1, 3), axis=0)
    assert len(colours) > 2_000  # sensor noise: nothing is of one colour


def test_the_python_loop_computes_what_pillow_computes():
    assert images.largest_difference() <= 1
    levels = np.unique(np.array(images.crop()))
    assert np.diff(levels).max() > 50  # an edge lies in it: else any filter would agree


def test_the_python_loop_is_the_mean_of_25_pixels():
    image = images.crop()
    pixels = np.array(image).astype(int)
    width, height = image.size
    ours = np.frombuffer(
        images.box_filter_in_python(image.tobytes(), width, height), np.uint8
    ).reshape(height, width)
    for y, x in ((2, 2), (10, 20), (height - 3, width - 3)):
        assert ours[y, x] == (pixels[y - 2 : y + 3, x - 2 : x + 3].sum() + 12) // 25
    assert (ours[:2] == pixels[:2]).all()


def test_blur_and_resize_keep_the_picture():
    from PIL import Image

    original = np.array(images.picture()).astype(float)
    blurred = images.box_filter(images.picture())
    smooth = np.array(blurred).astype(float)
    assert images.blur(1) == images.blur(2) == zlib.crc32(blurred.tobytes())
    assert abs(smooth.mean() - original.mean()) < 1
    assert np.abs(np.diff(smooth, axis=1)).mean() < np.abs(np.diff(original, axis=1)).mean() / 2
    small = images.picture().resize(images.SMALL, Image.Resampling.LANCZOS)
    assert images.resize(1) == zlib.crc32(small.tobytes())
    assert abs(np.array(small).mean() - original.mean()) < 1


def test_the_encoded_picture_can_be_read():
    from PIL import Image

    file = BytesIO()
    images.picture().save(file, "JPEG", quality=images.QUALITY)
    assert images.encode(1) == zlib.crc32(file.getvalue())
    decoded = np.array(Image.open(file)).astype(float)
    assert np.abs(decoded - np.array(images.picture())).mean() < 8


# --- data and numbers --------------------------------------------------------------------


def test_both_group_bys_give_the_sums():
    sums = [0] * data.CITIES
    table = data.sales()
    for city, pieces in zip(table["city"].tolist(), table["pieces"].tolist(), strict=True):
        sums[city] += pieces
    assert data.group_sum(1) == data.group_apply(1) == sums
    assert all(isinstance(total, int) for total in data.group_sum(1))


def test_the_array_functions_give_sines():
    large, tiny = data.numbers(data.LARGE), data.numbers(data.TINY)
    at = [0, data.LARGE // 2, -1]
    assert data.array_large(1) == pytest.approx([math.sin(large[k]) for k in at], abs=1e-12)
    assert data.array_tiny(1) == pytest.approx([math.sin(x) for x in tiny], abs=1e-12)


def test_small_messages_are_hashed_one_by_one():
    message = builtin._block(builtin.MESSAGE)
    assert len(message) == 64
    assert builtin.hash_messages(120) == hashlib.sha256(message).hexdigest()
    assert work.hashing_small(ms=1, steps=3).blocking() == builtin.hash_messages(3)


# --- learning, and its threads ------------------------------------------------------------


def pinned_and_free() -> dict:
    """Called in a process of its own: what both forms give, and the clusters' true means."""
    return {"fit": [learning.fit(1), learning.fit_pinned(1)],
            "cross": [learning.cross_validation(1), learning.cross_pinned(1)]}  # fmt: skip


def test_pinned_and_free_give_the_same(worker):
    found = worker.call("tests.unit.test_library_workloads:pinned_and_free")["value"]
    assert found["fit"][0] == found["fit"][1]
    assert set(found["fit"][0]) == set(range(learning.CLUSTERS))
    assert found["cross"][0] == found["cross"][1]
    assert len(found["cross"][0]) == learning.FOLDS
    assert all(0.8 < score <= 1 for score in found["cross"][0])


def threads() -> int:
    """Threads of this process, as the system counts them."""
    return len(list(TASKS.iterdir()))


def threads_of_a_fit(pinned: bool) -> int:
    """How many threads a fit leaves in this process more than there were."""
    before = threads()
    (learning.fit_pinned if pinned else learning.fit)(2)
    return threads() - before


@pytest.mark.skipif(affinity() < 2, reason="one usable core: the libraries start no threads")
@pytest.mark.skipif(not TASKS.exists(), reason="counts threads in /proc")
def test_a_free_fit_has_threads_in_a_forked_child_and_a_pinned_one_has_none(worker):
    probe = "tests.unit.test_library_workloads:threads_of_a_fit"
    worker.load(work.fit(ms=5, steps=1))  # the host has the library, and forks
    assert worker.call(probe, False)["value"] >= 1
    worker.load(work.fit_pinned(ms=5, steps=1))
    assert worker.call(probe, True)["value"] == 0


def test_a_library_is_loaded_once_for_the_workloads_that_need_it(worker):
    """A host for the library stays, and each workload's host is forked from it."""
    hosts = []
    for workload in (work.blur(ms=5, steps=1), work.resize(ms=5, steps=1), work.fit_pinned(ms=5)):
        worker.load(workload)
        _, library, own = worker.processes()
        assert psutil.Process(own).ppid() == library
        assert worker.run("threads", 2, 2).failures == []
        hosts.append((library, own))
    (pillow, blur), (same, resize), (learn, fit) = hosts
    assert pillow == same
    assert len({pillow, blur, resize, learn, fit}) == 5
    assert not psutil.pid_exists(pillow)  # it went when another library was asked for
    worker.load(work.sleep(ms=1))
    assert len(worker.processes()) == 2
    assert not psutil.pid_exists(learn)


def test_a_learners_function_finds_no_library_loaded(worker):
    worker.load(work.blur(ms=5, steps=1))
    assert worker.call(lambda: "PIL" in sys.modules)["value"] is False
    assert len(worker.processes()) == 1


def pool_sizes_after_pinning() -> list[int]:
    """The sizes of the libraries' thread pools, in a process loaded without a limit."""
    learning.fit_pinned(1)
    return [library.num_threads for library in learning.thread_pools().lib_controllers]


def test_outside_a_run_the_libraries_are_pinned_too(worker):
    worker.load(work.sleep(ms=1))  # a host without any limit in its environment
    sizes = worker.call("tests.unit.test_library_workloads:pool_sizes_after_pinning")["value"]
    assert len(sizes) >= 2  # BLAS and OpenMP
    assert set(sizes) == {1}


def threads_before_and_after_calibration(name: str) -> tuple[int, int, int]:
    """Load the library, then settle the steps; the threads each time, and the steps."""
    catalog.load(ENTRIES[name].library)
    before = threads()
    steps = catalog.steps_for(name, 20)
    return before, threads(), steps


@pytest.mark.skipif(not TASKS.exists(), reason="counts threads in /proc")
@pytest.mark.parametrize("name", ["fit", "cross_validation"])
def test_calibrating_starts_no_thread_in_the_host(worker, name):
    probe = "tests.unit.test_library_workloads:threads_before_and_after_calibration"
    before, after, steps = worker.call(probe, name)["value"]
    assert after <= before  # OpenBLAS ends its own at a fork
    assert steps >= 1


def test_pinned_and_free_do_the_same_number_of_steps(monkeypatch):
    asked = []
    monkeypatch.setattr(catalog, "_in_child", lambda function: function())
    monkeypatch.setattr(catalog, "step_cost", lambda name: asked.append(name) or 5.0)
    monkeypatch.setattr(catalog.sys, "platform", "linux")
    assert catalog.steps_for("fit", 20) == catalog.steps_for("fit_pinned", 20) == 4
    assert asked == ["fit_pinned", "fit_pinned"]


def test_without_fork_the_steps_are_those_of_the_table(monkeypatch):
    monkeypatch.setattr(catalog.sys, "platform", "darwin")
    monkeypatch.setattr(catalog, "_in_child", lambda function: pytest.fail("forked"))
    assert catalog.steps_for("blur", 45) == 3


def test_a_calibration_that_fails_falls_back_to_the_table(monkeypatch):
    def fails(name):
        raise ValueError("no step")

    monkeypatch.setattr(catalog, "step_cost", fails)
    monkeypatch.setattr(catalog.sys, "platform", "linux")
    assert catalog.steps_for("blur", 45) == 3


# --- by name, elsewhere -------------------------------------------------------------------


def test_a_workload_travels_by_name():
    spec = json.loads(json.dumps(dict(work.pixel_loop(ms=5, steps=2).spec)))
    assert builtin.rebuild(spec).blocking() == images.pixel_loop(2)
    settled = catalog.prepare({"name": "pixel_loop", "ms": 5, "steps": 2})
    assert settled["steps"] == 2


def test_making_one_loads_no_library():
    import subprocess

    code = (
        "import sys; from helpers.workloads import work\n"
        "work.blur(ms=5), work.fit(ms=5), work.group_sum(ms=5)\n"
        "print(sorted({'PIL', 'numpy', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_missing_library_is_named():
    nowhere = Library((("no_such_module_here", "no-such-package"),), "images:picture")
    with pytest.raises(NotInstalled, match=r"no-such-package is not installed there \(Python 3"):
        catalog.load(nowhere)


def test_a_missing_library_in_the_worker_is_one_sentence(worker, monkeypatch):
    """An interpreter without pandas: the module is hidden from the worker's host."""
    workload = work.group_sum(ms=5, steps=1)
    # the host takes over the path of the kernel
    monkeypatch.setattr(sys, "path", [p for p in sys.path if "site-packages" not in p])
    with pytest.raises(RunError, match=r"group-by.*can't be loaded.*is not installed there"):
        worker.load(workload)
