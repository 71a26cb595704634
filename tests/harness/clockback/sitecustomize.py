"""Each look at `time.time` shows an hour before the look before it, where CLOCK_BACK is set.

A folder of its own, to be put on PYTHONPATH: then it is so in every Python process from its start.
"""

import itertools
import os
import time

if os.environ.get("CLOCK_BACK"):
    _real, _looks = time.time, itertools.count(1)

    def _back() -> float:
        return _real() - 3600 * next(_looks)

    time.time = _back
    time.time_ns = lambda: int(_back() * 1e9)
