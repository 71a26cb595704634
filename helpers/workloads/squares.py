"""A little Python code that computes, in a module: any process can import it."""

import os


def sum_of_squares(n: int) -> tuple[int, int]:
    """The sum of the squares below `n`, and the id of the process that computed it."""
    total = 0
    for k in range(n):
        total += k * k
    return total, os.getpid()
