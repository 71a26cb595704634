"""A lab as data: its steps, what each one takes, how it is checked, its hints.

Check, hint, solution, and a "not attempted" beside right and wrong: as in Kaggle's learntools.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """One step of a lab.

    `check` takes the learner's functions (as many as `takes`), raises `Wrong`, and gives a
    sentence on what it observed where all is well. A step in which lines are put in order has
    `lines` by letter: they must define the function `name`, in a module that has `names`.
    """

    title: str
    check: Callable[..., str]
    hints: tuple[str, ...]
    takes: tuple[str, ...] = ("a function",)
    lines: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    names: Mapping[str, Any] = field(default_factory=dict)
    optional: bool = False


@dataclass(frozen=True)
class Lab:
    """A lab: the stem of its notebook's file name, its title, and its steps from 1 on."""

    stem: str
    title: str
    steps: tuple[Step, ...]
