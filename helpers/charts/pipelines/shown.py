"""A pipeline's results that show themselves: figure, contact sheet, tables."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from statistics import median

from ...experiment.pipelines.pipeline import PoolRace
from ...experiment.pipelines.result import PipelineRun
from .. import table
from ..fragments import _drawn, _figure, _machine_line, _page, _paragraph
from ..results import _Shown
from ..words import duration


def pipeline_html(run: PipelineRun, more: str = "") -> str:
    """Headline, figure, contact sheet, tables; `more` stands below the headline."""
    return _page(
        _paragraph(f"{run.headline()}.", "cav-head"),
        more,
        *(_paragraph(text, "cav-note") for text in run.limits()),
        _drawn(lambda: _stages(run)) if run.spans else "",
        contact_sheet(run),
        _drawn(lambda: table.folded("Data: every stage and queue", _tables(run))),
        table.folded("Printed by the pipeline", _pre(run.printed)),
        _machine_line(run.machine) if run.machine is not None else "",
    )


def race_html(race: PoolRace) -> str:
    """A sentence a step, all runs, the table."""
    return _page(
        *(_paragraph(f"{step}: {race.verdict(step)}.", "cav-head") for step in race.steps),
        *(_paragraph(text, "cav-note") for text in race.limits()),
        _drawn(lambda: _race(race)),
        _drawn(lambda: table.folded("Data: every step and pool", race_table(race))),
        _machine_line(race.machine) if race.machine is not None else "",
    )


def contact_sheet(run: PipelineRun) -> str:
    """What the pipeline wrote, as one picture; a line where there is none."""
    if not run.sheet:
        return _paragraph("Nothing that was written can be shown as a picture.", "cav-note")
    name = escape(run.plan.step_name)
    words = f"Contact sheet: the {run.written} pictures that the pipeline wrote, after {name}."
    source = "data:image/jpeg;base64," + b64encode(run.sheet).decode()
    return (
        f'<figure><img class="cav-contact" alt="{words}" src="{source}" '
        f'style="display:block;width:100%;max-width:960px;height:auto">'
        f"<figcaption>{words}</figcaption></figure>"
    )


def _pre(text: str) -> str:
    return f"<pre>{escape(text)}</pre>" if text else ""


def _stages(run: PipelineRun) -> str:
    from . import stages

    return _figure(lambda: stages.draw(run), stages.alt(run), run.reading())


def _tables(run: PipelineRun) -> str:
    from . import stages

    return table.table(
        f"Stages; {run.cores:.2f} cores used", stages.STAGE_HEADS, stages.stage_rows(run)
    ) + table.table("Queues", stages.QUEUE_HEADS, stages.queue_rows(run))


class _Rows:
    """A race as the chart of measured times takes it: a row a step and pool."""

    said: dict[str, float] = {}  # noqa: RUF012 - never written to

    def __init__(self, race: PoolRace) -> None:
        self._seconds = {f"{step}, {pool}": race.seconds[step, pool] for step, pool in race.rows}
        self.models = list(self._seconds)
        self.repeats = {name: dict(enumerate(rows)) for name, rows in self._seconds.items()}

    def walls(self, model: str) -> list[float]:
        return self._seconds[model]

    def wall(self, model: str) -> float:
        return median(self._seconds[model])

    def predicted(self, model: str) -> None:
        return None


def _race(race: PoolRace) -> str:
    from .. import bars

    rows = _Rows(race)
    used = "; ".join(
        f"{step}: {race.cores(step, 'threads'):.1f} in threads, "
        f"{race.cores(step, 'processes'):.1f} in processes"
        for step in race.steps
    )
    caption = f"Each dot is one run of {race.plan.pictures} pictures. Cores used, {used}."
    times = "; ".join(f"{name} {duration(rows.wall(name))}" for name in rows.models)
    said = " ".join(race.summary())
    return _figure(lambda: bars.draw(rows), f"Median wall times: {times}. {said}", caption)


def race_table(race: PoolRace) -> str:
    """A row a step and pool."""
    rows = []
    for step, pool in race.rows:
        walls = race.seconds[step, pool]
        rows.append([f"{step}, {pool}", *(f"{f(walls):.3f}" for f in (median, min, max)),
                     f"{race.cores(step, pool):.2f}", f"{len(walls)}"])  # fmt: skip
    heads = ["step, pool", "median, s", "fastest", "slowest", "cores used", "runs"]
    workers = ", ".join(f"{stage} {n}" for stage, n in race.plan.workers.items())
    return table.table(f"Workers: {workers}; {race.plan.pictures} pictures a run", heads, rows)


class ShownPipeline(_Shown, PipelineRun):  # type: ignore[misc]  # `of` makes it from a run
    """A run of a pipeline that shows its stages over time and what it wrote."""

    def _sentences(self) -> list[str]:
        return self.summary()

    def _fragment(self) -> str:
        return pipeline_html(self)


class ShownRace(_Shown, PoolRace):
    """Threads beside processes, for each step."""

    def _sentences(self) -> list[str]:
        return self.summary()

    def _fragment(self) -> str:
        return race_html(self)
