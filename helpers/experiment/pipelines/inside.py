"""A pipeline in the worker's process: run, record, and look at what it wrote."""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from ...measure.usage import Meter
from ...worker.job import quiet_gc
from ...worker.sources import remember
from .plan import STAGES, Plan
from .record import Record

#: The contact sheet, in pixels: its width, a picture's shape, the gap between two.
SHEET_WIDTH, SHAPE, GAP = 960, (3, 2), 6


def run_plans(pipeline: Callable, plans: list[Plan], progress: str, sources: dict,
              look: bool = False) -> list[dict[str, Any]]:  # fmt: skip
    """Run the pipeline once for each plan, one after the other; what was recorded of each.

    `progress` is a file with a 64-bit counter for each stage. With `look` there is a contact
    sheet of what was written too; else the written pictures are removed. Raises what the
    pipeline raises: of a group of exceptions the first.
    """
    remember(sources)
    with contextlib.suppress(ImportError):  # else the first picture of each run would pay for it
        from PIL import Image, ImageFilter, JpegImagePlugin  # noqa: F401
    with (
        open(progress, "r+b") as file,
        mmap.mmap(file.fileno(), 8 * len(STAGES)) as memory,
        memoryview(memory).cast("q") as counters,
    ):
        return [_run(pipeline, plan, counters, look) for plan in plans]


def _run(pipeline: Callable, plan: Plan, counters: memoryview, look: bool) -> dict[str, Any]:
    folder = plan.placed()
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(len(STAGES)):
        counters[k] = 0

    def count(stage: str) -> None:
        counters[STAGES.index(stage)] += 1

    record, meter = Record(STAGES, count), Meter()
    with quiet_gc(), record.recording():
        meter.start()
        try:
            asyncio.run(pipeline(plan))
        except BaseExceptionGroup as group:
            first = _first(group)
            # Not `from None`: the cause of what a process raised is its traceback there.
            first.__suppress_context__ = True
            raise first  # noqa: B904
        usage = meter.stop()
    written = sorted(path for path in folder.iterdir() if path.is_file())
    found = {
        "begin": meter.begin_ns, "usage": usage.as_dict(), "files": len(written),
        "items": record.items, "jobs": record.jobs, "waits": record.waits,
        "queues": record.queues, "sheet": contact_sheet(written) if look else b"",
    }  # fmt: skip
    if not look:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def run_rounds(pipeline: Callable, plans: list[Plan], progress: str, sources: dict,
               turned: bool) -> list[tuple[float, float, int]]:  # fmt: skip
    """Wall seconds, CPU seconds and files of each plan; `turned`: the last one is run first."""
    order = plans[::-1] if turned else plans
    found = run_plans(pipeline, order, progress, sources)
    rows = [(one["usage"]["wall_s"], one["usage"]["user_s"] + one["usage"]["system_s"],
             one["files"]) for one in found]  # fmt: skip
    return rows[::-1] if turned else rows


def contact_sheet(paths: list[Path]) -> bytes:
    """All pictures side by side, small, as one JPEG; empty if none of them is a picture.

    The result of a pipeline at one glance: what photographers make of a film.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return b""
    columns = 8 if len(paths) > 24 else 6
    width = (SHEET_WIDTH - GAP * (columns - 1)) // columns
    size = width, width * SHAPE[1] // SHAPE[0]
    small = []
    for path in paths:
        with contextlib.suppress(OSError), Image.open(path) as image:
            small.append(ImageOps.fit(image.convert("RGB"), size))
    if not small:
        return b""
    rows = -(-len(small) // columns)
    across = min(columns, len(small))
    shape = (across * (size[0] + GAP) - GAP, rows * (size[1] + GAP) - GAP)
    sheet = Image.new("RGB", shape, (128, 128, 128))
    for k, one in enumerate(small):
        sheet.paste(one, (k % columns * (size[0] + GAP), k // columns * (size[1] + GAP)))
    file = BytesIO()
    sheet.save(file, "JPEG", quality=86)
    return file.getvalue()
