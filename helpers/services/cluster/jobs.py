"""What the tasks of the notebook on clusters do, and what their processes do first.

In a module, so that any executor can be given them: a pool whose processes are started
anew has to import a job, and so has a worker. Only the standard library is needed, but for
`develop` and `fold_score`, whose processes need Pillow and scikit-learn.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...workloads import images, learning

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

HELD_S = 30.0
#: The tasks of `reported` before this number wait for nobody.
FREE = 4


def end_with_owner() -> None:
    """Have this process of a pool end when the process that started the pool has ended.

    Give it to a `ProcessPoolExecutor` as its ``initializer``: a pool's process waits for
    jobs, and does not notice that nobody is left to send any. BLAS and OpenMP, where they
    are loaded later, get one thread each.
    """
    os.environ.update(learning.ONE_THREAD)
    owner = multiprocessing.parent_process()
    if owner is not None:

        def wait() -> None:
            owner.join()
            os._exit(1)

        threading.Thread(target=wait, name="lifeline", daemon=True).start()


def ready() -> int:
    """Nothing but this process's id: whoever answers has this module."""
    return os.getpid()


def name_and_process(dask_worker: Any) -> tuple[str, int]:
    """Of a Dask worker: Dask fills in the parameter."""
    return str(dask_worker.name), os.getpid()


def who(number: int) -> tuple[int, int, int]:
    """The square of `number`, and who computed it: the process's and the thread's id."""
    time.sleep(0.02)  # so that one worker alone does not do it all before another wakes
    return number * number, os.getpid(), threading.get_native_id()


def size_of(payload: bytes) -> int:
    """How many bytes have arrived."""
    return len(payload)


def count(steps: int) -> int:
    """Python code that computes: `steps` steps of a small generator of numbers."""
    value = 1
    for _ in range(steps):
        value = (value * 1103515245 + 12345) & 0x7FFFFFFF
    return value


# --- a batch of pictures -----------------------------------------------------------------


def photographs(number: int) -> list[bytes]:
    """So many JPEG files of 1200 × 800 pixels: the course's picture, each turned in colour."""
    from PIL import Image

    files = []
    for k in range(number):
        hue, saturation, value = images.picture().convert("HSV").split()
        turned = hue.point(lambda v, k=k: (v + 256 * k // number) % 256)
        file = BytesIO()
        shown = Image.merge("HSV", (turned, saturation, value)).convert("RGB")
        shown.save(file, "JPEG", quality=90)
        files.append(file.getvalue())
    return files


def develop(photograph: bytes) -> bytes:
    """Decode a JPEG file, filter it, make it smaller, and encode it again."""
    from PIL import Image

    image = images.box_filter(Image.open(BytesIO(photograph)))
    small = image.resize((240, 160), Image.Resampling.LANCZOS)
    file = BytesIO()
    small.save(file, "JPEG", quality=85)
    return file.getvalue()


def contact_sheet(files: list[bytes], columns: int = 4) -> Image.Image:
    """All pictures side by side, as one."""
    from PIL import Image

    shown = [Image.open(BytesIO(file)) for file in files]
    width, height = shown[0].size
    sheet = Image.new("RGB", (columns * width, -(-len(shown) // columns) * height), "white")
    for k, image in enumerate(shown):
        sheet.paste(image, (k % columns * width, k // columns * height))
    return sheet


# --- a cross-validation --------------------------------------------------------------------


def fold_score(rows: np.ndarray, kinds: np.ndarray, strength: float, fold: int) -> float:
    """Fit a logistic regression without one of five folds; the share of that fold it gets right."""
    from sklearn.linear_model import LogisticRegression

    learning.pin()
    test = slice(fold, None, learning.FOLDS)
    import numpy as np

    train = np.ones(len(rows), dtype=bool)
    train[test] = False
    model = LogisticRegression(C=strength).fit(rows[train], kinds[train])
    return round(float(model.score(rows[test], kinds[test])), 4)


_kept: tuple[np.ndarray, np.ndarray]  # made by `keep`


def keep(rows: np.ndarray, kinds: np.ndarray) -> None:
    """In a pool's process: keep the data for `fold_score_of_kept`, and end with the owner."""
    global _kept
    end_with_owner()
    _kept = rows, kinds


def fold_score_of_kept(strength: float, fold: int) -> float:
    """`fold_score`, a share, on the data that this process was given when it started."""
    return fold_score(*_kept, strength, fold)


# --- a batch in which a worker dies --------------------------------------------------------


def reported(number: int, folder: str, ms: float = 60) -> int:
    """A task that reports its start and its end in `folder`; the square of `number`.

    It takes `ms` milliseconds. All but the first `FREE` tasks then wait for `release`: so
    they are still at work when something happens to the worker. Raises TimeoutError where
    the release does not come within half a minute.
    """
    began = time.perf_counter()
    report = Path(folder, f"{number}-{os.getpid()}-{time.time_ns()}.json")
    facts = {"number": number, "pid": os.getpid(), "begin": began}
    _write(report, facts)
    time.sleep(ms / 1e3)
    end = time.monotonic() + HELD_S
    while number >= FREE and not Path(folder, "released").exists():
        if time.monotonic() > end:
            raise TimeoutError("nobody has called release()")
        time.sleep(0.005)
    _write(report, {**facts, "end": time.perf_counter()})
    return number * number


def _write(path: Path, facts: dict) -> None:
    # Whole or not at all: the process may be killed meanwhile.
    part = path.with_suffix(".part")
    part.write_text(json.dumps(facts))
    part.rename(path)


def release(folder: str) -> None:
    """Let the tasks that wait in `reported` go on."""
    Path(folder, "released").touch()
