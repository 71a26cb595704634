"""A wall clock that steps back while runs go on changes nothing that they measure."""

from __future__ import annotations

import json

from tests.harness.scarce import python
from tests.harness.sitehooks import hooked

#: Prints by model what a run measured, and how long it took by a clock that only goes on.
CODE = """
import json, time
from helpers.experiment import Experiment, make_request
from helpers.worker.client import Worker
from helpers.workloads import work
from helpers.workloads.own import as_workload

def steps_back():
    before = time.time()
    time.sleep(0.005)
    return time.time() < before

worker, found = Worker(), {}
try:
    worker.load(as_workload(steps_back))
    for model in ("sequential", "threads", "processes"):
        begun = time.perf_counter()
        run = worker.run(model, 4, 2, detail=True)
        took = time.perf_counter() - begun
        trace = run.detailed()
        found[model] = [run.results, run.failed, run.wall_s, took, list(trace.started),
                        list(trace.ended), list(trace.rows())]
    asked = make_request(work.sleep(ms=5), 4)
    begun = time.perf_counter()
    walls = {}
    compared = Experiment(worker).run(asked, rounds=1, budget_s=1.0)
    for model in compared.models:
        walls[model] = compared.wall(model)
    took = time.perf_counter() - begun
finally:
    worker.close()
print(json.dumps([found, walls, took]))
"""


def test_a_clock_that_steps_back_in_mid_run_changes_no_measurement():
    env = hooked("clockback", {"CLOCK_BACK": "1"})
    found, walls, took = json.loads(python(CODE, **env).splitlines()[-1])
    for results, failed, wall_s, all_s, started, ended, rows in found.values():
        assert results == [True] * 4, "the clock of the run steps back"
        assert failed == 0
        assert 0.01 <= wall_s <= all_s
        for begin, end in zip(started, ended, strict=True):
            assert 5e6 <= end - begin <= wall_s * 1e9
        assert rows
        assert all(0 <= begin < end <= wall_s * 1e9 for _, _, begin, end in rows)
    assert set(walls) == {"sequential", "asyncio", "threads"}
    assert all(0.005 <= wall <= took for wall in walls.values())
