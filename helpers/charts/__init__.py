"""Pictures with a sentence and a table, for each result. Draws; never runs anything.

Matplotlib is imported when the first picture is drawn, not before.
"""

from .fragments import comparison_html, machine_html, sweep_html, table_html, timeline_html
from .results import ShownComparison, ShownMachine, ShownSweep, ShownTable
from .theme import STYLE

__all__ = [
    "STYLE",
    "ShownComparison",
    "ShownMachine",
    "ShownSweep",
    "ShownTable",
    "comparison_html",
    "machine_html",
    "sweep_html",
    "table_html",
    "timeline_html",
]
