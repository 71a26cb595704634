"""Every result that shows itself, made by hand: a given text stands wherever one can stand.

No run, no server and no clock is needed. The words of a machine are a text, too: they come from
another interpreter, or from a file.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import fields, replace
from types import SimpleNamespace

from helpers.advisor.evidence import Arm, Evidence
from helpers.charts.advice.shown import ShownAdvice
from helpers.charts.executors.shown import ShownLanes, ShownStairs
from helpers.charts.gil.shown import ShownAmdahl, ShownSideBySide, ShownTrips, ShownXRay
from helpers.charts.loops.shown import ShownHeartbeats, ShownTimings
from helpers.charts.pipelines.shown import ShownPipeline, ShownRace
from helpers.charts.replay.shown import ShownRecording
from helpers.charts.results import ShownComparison, ShownMachine, ShownSweep
from helpers.charts.serving.shown import ShownConnections, ShownHeld, ShownLimits, ShownRude
from helpers.charts.shipping.shown import ShownBreakEven, ShownLoss, ShownShipping, ShownTurns
from helpers.charts.surveys.shown import ShownSurvey
from helpers.charts.winners.shown import ShownWinners
from helpers.experiment.comparison import Comparison
from helpers.experiment.gil.side_by_side import Side
from helpers.experiment.lines import Source
from helpers.experiment.loops.turns import Turns as LoopTurns
from helpers.experiment.pipelines.plan import POOLS, STAGES, make_plan
from helpers.experiment.pipelines.result import ROOM, WORKING, Line, Span
from helpers.experiment.serving.connections import Sample
from helpers.experiment.serving.rude import RudeRun, Stretch
from helpers.experiment.shipping.borders import LOOP
from helpers.experiment.surveys.surveyed import Row
from helpers.experiment.winners.cells import Cell, Kind
from helpers.measure.recorder import Failure
from helpers.measure.spans import Span as Stay
from helpers.measure.spans import Spans
from helpers.measure.trace import RUNNING
from helpers.services.cluster.midrun import Loss, Report
from helpers.services.connections.limits import Limit
from helpers.worker.ways import Heard
from helpers.workloads import work
from tests.harness.sample_runs import MACHINE, MS, comparison, run, turns, waits


def a_machine(text: str) -> ShownMachine:
    words = dict.fromkeys(("python", "implementation", "system", "when"), text)
    return ShownMachine.of(replace(MACHINE, **words))


def a_comparison(text: str, failed: bool = False) -> ShownComparison:
    """Every text of a comparison that a learner's code, or a file, can hold."""
    found = comparison(waits("threads"), turns("asyncio", tasks=3), waits(text))
    workload = replace(found.request.workload, name=text, title=text)
    found.request = replace(found.request, workload=workload, notes=(text,))
    found.machine = a_machine(text)
    found.notes.append(text)
    found.left_out[text] = text
    for one in found.traced.values():
        one.printed = text
    if failed:
        one = found.traced["threads"]
        one.failed = 1
        one.failures = [Failure(task=0, type=text, message=text, traceback=text)]
    return ShownComparison.of(found)


def a_sweep(text: str, failed: bool = False) -> ShownSweep:
    return ShownSweep({4: a_comparison(text), 8: a_comparison(text, failed)})


def a_recording(text: str, failed: bool = False) -> ShownRecording:
    """As `record` gives it: with the lines of a learner's function, and where tasks stood."""
    base = a_comparison(text, failed)
    plain = {field.name: getattr(base, field.name) for field in fields(Comparison)}
    found = ShownRecording(**plain, sources={0: Source(1, [text, text])})
    for one in found.traced.values():
        one.lines = array("q", [0, MS, 0, 1, 0, 2 * MS, 0, 2])
    return found


def _measured(text: str, *models: str) -> tuple:
    """A workload of that name, and its comparison in `models`."""
    found = comparison(*(waits(model, each=8.0 + 9 * k) for k, model in enumerate(models)),
                       repeats=8)  # fmt: skip
    workload = replace(work.compute(ms=10, steps=1), name=text, title=text)
    found.request = replace(found.request, workload=workload)
    found.machine, found.control = a_machine(text), 1.9
    found.left_out[f"{text}!"] = text
    return workload, found


def a_survey(text: str) -> ShownSurvey:
    workload, found = _measured(text, "threads", "sequential", text)
    own = replace(workload, spec=None)  # in a field of its own, which has a heading
    other = comparison(waits("threads"), waits("sequential", each=30.0), repeats=8)
    other.single = [(0.01, 0.01)]
    rows = {text: Row(workload, found), f"{text}2": Row(own, other),
            f"{text}3": Row(own, None, text)}  # fmt: skip
    return ShownSurvey(a_machine(text), 4, 2, rows)


def a_map(text: str) -> ShownWinners:
    """Each state of a cell that names something; the winner is a model of the learner's own."""
    workload, found = _measured(text, text, "sequential", "threads")
    close = comparison(waits("threads"), waits(text), repeats=8)
    few = comparison(waits("threads"), waits(text), repeats=2)
    cells = {1: Cell(1, found, rounds=8), 2: Cell(2, close, rounds=8), 3: Cell(3, few, rounds=2)}
    blank = {n: Cell(n, problem=text) for n in cells}
    kinds = {text: Kind(text, replace(workload, title=f"{text}2"), cells),
             f"{text}2": Kind(f"{text}2", workload, blank, problem=text)}  # fmt: skip
    return ShownWinners(a_machine(text), (1, 2, 3), 20.0, kinds, 19.5, [text])


def an_advice(text: str) -> ShownAdvice:
    e = Evidence(text, "pair", 2.0, async_name=text, problem=text, first_s=0.02, given=1,
                 later_s=[0.02] * 3, lag_s=0.005, lag_span_s=0.06, control=[1.9] * 3)  # fmt: skip
    e.arms = {
        "sequential": Arm(1, 3, [0.02] * 9),
        "threads": Arm(2, 4, [0.01] * 9, 1.0, 1.0, True),
        "asyncio": Arm(2, 4, [0.01] * 9, failure=text),
    }
    e.out = {"processes": text, text: text}
    return ShownAdvice(a_machine(text), e, "threads", text, 2.0, 1.9, 2.1, [text], text)


def _heard(took_ms: int) -> Heard:
    return Heard([t * MS for t in range(-30, took_ms + 30, 5)], 0, took_ms * MS, took_ms * MS)


def a_heartbeat(text: str, kind: type = ShownHeartbeats, **more):
    """A way that was heard, one that froze the loop, one that failed; or the times of each."""
    frozen = Heard([-MS, 104 * MS], 0, 100 * MS, 110 * MS)
    runs = {text: [_heard(90)] * 6, f"{text}2": [frozen] * 6, f"{text}3": []}
    return kind(a_machine(text), runs, {f"{text}3": (text, text)}, {text: text}, **more)


def times_of_ways(text: str) -> ShownTimings:
    return a_heartbeat(text, ShownTimings, control=1.0, controlled=True)


def an_xray(text: str) -> ShownXRay:
    return ShownXRay(a_machine(text), 2, {5: [replace(turns(tasks=2), model=text)] * 2})


def round_trips(text: str) -> ShownTrips:
    return ShownTrips({text: [1e-4] * 9, f"{text}2": [5e-3] * 90})


def two_interpreters(text: str) -> ShownSideBySide:
    runs = {text: {n: [(0.1 / (n or 1), 1.0)] * 9 for n in (0, 1, 2)}}
    sides = [Side(text, replace(a_machine(text), gil=gil), text, runs, recorded)
             for gil, recorded in ((True, False), (False, True))]  # fmt: skip
    return ShownSideBySide((1, 2), sides, 1.9, 0.05, [text])


def amdahls_law(text: str) -> ShownAmdahl:
    runs = {
        (share, n): [(share, share + (1 - share) / n)] * 6 for share in (0, 0.5) for n in (1, 2)
    }
    return ShownAmdahl(a_machine(text), (0, 0.5), (1, 2), runs)


def stairs(text: str) -> ShownStairs:
    walls = {n: [-(-n // 2) * 0.01] * 2 for n in (1, 2, 3, 4)}
    return ShownStairs(a_machine(text), 10, walls, {n: min(n, 2) for n in walls})


def lanes(text: str) -> ShownLanes:
    notes = Spans()
    notes.spans = [Stay(text, 0.0, 0.1, text), Stay(f"{text}2", 0.0)]
    notes.marks = [(f"{text}3", 0.0), (f"{text}3", 0.1)]
    return ShownLanes({text: notes})


def _plan(text: str):
    def step(data: bytes) -> bytes:
        return data

    step.__name__ = text
    return make_plan(step, download=1, process=1, write=1, pictures=4)


def a_pipeline(text: str) -> ShownPipeline:
    spans = [Span(stage, 0, WORKING, 0.0, 0.2 + 0.3 * k) for k, stage in enumerate(STAGES)]
    spans.append(Span("download", 0, ROOM, 0.5, 0.7))
    lines = [Line(name, 4, [0.0, 0.5], [0, 4]) for name in (text, f"{text}2", f"{text}3")]
    return ShownPipeline(_plan(text), 1.0, 0.7, 4, spans, lines, [("write", (1, 2), 0.1)],
                         b"a picture", None, text, a_machine(text))  # fmt: skip


def a_race(text: str) -> ShownRace:
    rows = [(step, pool) for step in (text, f"{text}2") for pool in POOLS]
    return ShownRace(_plan(text), (text, f"{text}2"), a_machine(text),
                     {row: [0.1 * (k + 1)] * 6 for k, row in enumerate(rows)},
                     {row: [0.1] * 6 for row in rows})  # fmt: skip


def connections(text: str) -> ShownConnections:
    samples = [Sample(server, count, 10.0, kb, 5.0, 1, 40.0, 0.2, 0.4, 1.0, 4e4, 30.0, 0.1,
                      {text: 7})
               for server, kb in (("asyncio", 5.0), ("threads", 20.0))
               for count in (10, 100) for _ in range(3)]  # fmt: skip
    printed = {"asyncio": text, "threads": text}
    return ShownConnections(2_000.0, samples, [text], a_machine(text), printed)


def a_rude_request(text: str) -> ShownRude:
    quiet, stalled = Stretch(0.7, 1000, 0.001, 0.002), Stretch(0.5, 0, 0.49, 0.5)
    rows = [[k * 0.05, 0 if 14 <= k < 24 else 50, None if 14 <= k < 24 else 0.001]
            for k in range(40)]  # fmt: skip
    runs = {server: RudeRun(server, rude, quiet, stalled, quiet, rows, {text: 1})
            for server, rude in (("asyncio", (0.69, 1.21)), ("threads", (0.69, 0.70)))}  # fmt: skip
    return ShownRude(text, 1000, 100, runs, [text], a_machine(text), {"asyncio": text})


def held(text: str) -> ShownHeld:
    return ShownHeld(text, 20, 10, 10, 9, 0.1, 5.0, 20.0, 1, {text: 1}, [text], a_machine(text))


def limits(text: str) -> ShownLimits:
    return ShownLimits((Limit(text, 10, 10),))


def shipping(text: str) -> ShownShipping:
    names = (text, "threads")
    times = {(name, size): [0.001 + size / 1e8] * 6 for name in names for size in (0, 10_000_000)}
    return ShownShipping(a_machine(text), names, (0, 10_000_000), times)


def a_break_even(text: str) -> ShownBreakEven:
    sizes = (0.1, 1, 10)
    times = {(name, size): [1.0 / ratio] * 6
             for name, ratios in ((LOOP, (1, 1, 1)), (text, (0.5, 2, 2)))
             for size, ratio in zip(sizes, ratios, strict=True)}  # fmt: skip
    return ShownBreakEven(a_machine(text), (text,), sizes, 2, dict.fromkeys(sizes, 10), times,
                          {text: 5.0})  # fmt: skip


def ways_in_turn(text: str) -> ShownTurns:
    walls = {text: [0.1] * 6, f"{text}2": [0.2] * 6}
    return ShownTurns(a_machine(text), walls, dict.fromkeys(walls, text), same=False)


def a_loss(text: str) -> ShownLoss:
    reports = [Report(3, 7, 0.0, 0.1), Report(4, 7, 0.0, None), Report(4, 8, 0.2, 0.3)]
    return ShownLoss({text: Loss(reports, killed=7, at=0.1)})


def turns_of_a_loop(text: str) -> LoopTurns:
    rows = [(0, RUNNING, 0, 10), (1, RUNNING, 10, 20)]
    return LoopTurns([text, f"{text}2"], [(10,), (10,)], run("asyncio", 2, 20.0, rows), 20, 20,
                     a_machine(text))  # fmt: skip


def a_pillow_image() -> SimpleNamespace:
    """What a picture of Pillow's does here: it writes itself to a file."""
    return SimpleNamespace(save=lambda file, kind: file.write(b"a picture"))


#: What each result is called in a report of failures.
RESULTS: dict[str, Callable] = {
    "a comparison": a_comparison,
    "a failed comparison": lambda text: a_comparison(text, failed=True),
    "a sweep": a_sweep,
    "a failed sweep": lambda text: a_sweep(text, failed=True),
    "a recording": a_recording,
    "a failed recording": lambda text: a_recording(text, failed=True),
    "the machine card": a_machine,
    "a survey": a_survey,
    "a map of winners": a_map,
    "an advice": an_advice,
    "a heartbeat": a_heartbeat,
    "times of ways": times_of_ways,
    "an X-ray": an_xray,
    "round trips": round_trips,
    "two interpreters": two_interpreters,
    "Amdahl's law": amdahls_law,
    "stairs": stairs,
    "lanes": lanes,
    "a pipeline": a_pipeline,
    "a race": a_race,
    "connections": connections,
    "a rude request": a_rude_request,
    "connections held": held,
    "limits": limits,
    "shipping": shipping,
    "a break-even": a_break_even,
    "ways in turn": ways_in_turn,
    "a loss": a_loss,
}
