"""One task after another, in one thread."""

FORM = "blocking"


def run(one, numbers, cap):
    """Call `one` for each number, each to its end before the next begins."""
    for number in numbers:
        one(number)
