"""What grades a lab: events, not clocks.

A check looks at what a solution did: who was in progress at once, in which order, on which
thread, in how much simulated time. It runs in a process of its own, so that a solution that
hangs, or leaves something behind, harms nobody. Only the standard library.
"""

from .finding import NOT_ATTEMPTED, RIGHT, WRONG, Finding, Wrong

__all__ = ["NOT_ATTEMPTED", "RIGHT", "WRONG", "Finding", "Wrong"]
