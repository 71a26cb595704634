"""A comparison as a file: saved with its machine card, checked and loaded, pooled, exported.

What a file from someone else holds is data: it is measured, checked against a schema and
never run.
"""

from .files import read_run, write_run
from .pooled import Pooled, pool
from .trace_events import write_trace_events

__all__ = ["Pooled", "pool", "read_run", "write_run", "write_trace_events"]
