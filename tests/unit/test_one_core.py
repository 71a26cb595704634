"""On one usable core a comparison and the machine card say that no gain from several can show."""

from __future__ import annotations

import json
import os

import pytest

from tests.harness.scarce import python

CODE = """
import json, os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from helpers import charts
from helpers.experiment import Experiment, make_request
from helpers.worker.client import Worker
from helpers.workloads import work

worker = Worker()
try:
    asked = make_request(work.compute(ms=3), 4, models=["sequential", "threads", "processes"])
    found = Experiment(worker).run(asked, rounds=1, budget_s=1.0)
    waits = Experiment(worker).run(make_request(work.sleep(ms=3), 4), rounds=1, budget_s=1.0)
finally:
    worker.close()
# Beside other programs one that computes may seem to wait: that is not what is asked here.
found.single, waits.single = [(0.003, 0.003)], [(0.003, 0.0)]
print(json.dumps({
    "cores": found.machine.cores, "control": found.control, "computes": found.summary(),
    "waits": waits.summary(), "card": charts.machine_html(found.machine)}))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity to set here")
def test_a_comparison_on_one_core_says_so():
    found = json.loads(python(CODE).splitlines()[-1])
    assert found["cores"] == 1
    assert found["control"] is None  # nobody asks whether a second core is free
    said = "This machine has one usable core: it can't show a gain from several."
    assert said in found["computes"]
    assert "One usable core: no way of running tasks can gain from several cores" in found["card"]
