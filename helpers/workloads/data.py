"""Data analysis: a group-by in two ways, and array functions on large and tiny arrays.

Every function does the same thing `steps` times and gives back plain numbers. Needs pandas
or NumPy, imported when the data are made. Nothing here calls BLAS, so no library starts
threads of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ROWS, CITIES = 20_000, 50
LARGE, TINY = 100_000, 8
#: As many calls on tiny arrays as make up about the time of one on the large one.
TINY_CALLS = 1_000


@cache
def sales():
    """A table of sales: `ROWS` rows, a city and a whole number of pieces in each."""
    import numpy as np
    import pandas as pd

    draw = np.random.default_rng(4)
    city, pieces = draw.integers(0, CITIES, ROWS), draw.integers(1, 100, ROWS)
    return pd.DataFrame({"city": city, "pieces": pieces})


def python_sum(values: Iterable[int]) -> int:
    """The sum of a column, added up by a loop in Python."""
    total = 0
    for value in values:
        total += value
    return total


def group_sum(steps: int) -> list[int]:
    """Pieces by city with the aggregate that pandas brings along, written in C."""
    table = sales()
    for _ in range(steps):
        result = table.groupby("city")["pieces"].sum()
    return result.tolist()


def group_apply(steps: int) -> list[int]:
    """Pieces by city with a Python function for each group: the same numbers."""
    table = sales()
    for _ in range(steps):
        result = table.groupby("city")["pieces"].apply(python_sum)
    return result.tolist()


@cache
def numbers(size: int) -> np.ndarray:
    """An array of `size` floating-point numbers between 0 and 10."""
    import numpy as np

    return np.random.default_rng(4).uniform(0, 10, size)


def arrays() -> None:
    """Make both arrays."""
    numbers(LARGE), numbers(TINY)


def array_large(steps: int) -> list[float]:
    """The sine of `LARGE` numbers in one call, `steps` times; first, middle and last result."""
    import numpy as np

    values = numbers(LARGE)
    for _ in range(steps):
        result = np.sin(values)
    return result[[0, LARGE // 2, -1]].tolist()


def array_tiny(steps: int) -> list[float]:
    """The sine of `TINY` numbers in a call, and very many calls; the last result."""
    import numpy as np

    values = numbers(TINY)
    for _ in range(steps * TINY_CALLS):
        result = np.sin(values)
    return result.tolist()
