"""What one task does: a blocking form and an async form of the same work."""

from . import builtin as work
from .base import KINDS, Workload
from .own import BadWorkload, as_workload

__all__ = ["KINDS", "BadWorkload", "Workload", "as_workload", "work"]
