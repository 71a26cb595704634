"""A verdict on two models' times: how many times as fast, with its interval, in words."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, exp, log
from statistics import median

#: A difference of a smaller share than this is nothing a reader should act on.
BAND = 0.05
#: The smallest number of pairs whose extremes hold the median in 19 of 20 cases.
FEWEST_PAIRS = 6


def median_interval(values: list[float], level: float = 0.95) -> tuple[float, float, float] | None:
    """Order-statistic interval of the median: ``(low, high, coverage)``, or None.

    Exact for any distribution (W. R. Thompson, 1936), which a percentile bootstrap on so few
    values is not (it called 3-23 % of equal pairs different). None where too few values can reach
    `level`.
    """
    count, ordered, best = len(values), sorted(values), None
    tail = 0.0
    for k in range(count // 2):
        tail += comb(count, k) / 2**count
        if 1 - 2 * tail < level:
            break
        best = ordered[k], ordered[count - 1 - k], 1 - 2 * tail
    return best


@dataclass(frozen=True)
class Verdict:
    """`first` against `second`: `ratio` times as fast, over `pairs` interleaved pairs.

    `claim` is "faster", "slower", "same" (the whole interval within 5 %), "unclear" (the
    interval allows both) or "few" (too few pairs for an interval). The interval goes from `low`
    to `high` times as fast; `level` is the share of such intervals that hold the median.
    """

    first: str
    second: str
    ratio: float
    low: float | None
    high: float | None
    level: float | None
    pairs: int
    claim: str

    def __str__(self) -> str:
        if self.claim == "slower" or (self.claim == "few" and self.ratio < 1):
            return str(self._turned())
        first, second = self.first, self.second
        are = "are" if first.endswith(("threads", "processes")) and "+" not in first else "is"
        if self.claim == "few":
            seen = {1: "seen once", 2: "seen twice"}.get(self.pairs, f"seen {self.pairs} times")
            if self.ratio < 1.5:
                return (f"no verdict between {first} and {second} yet ({seen}, {FEWEST_PAIRS} are "
                        f"needed)")  # fmt: skip
            return (f"{first} {are} about {_times(self.ratio)}× as fast as {second} ({seen}, too "
                    f"few for an interval)")  # fmt: skip
        assert self.low is not None  # both ends are there once there are enough pairs
        assert self.high is not None
        level = f"{self.level:.0%}".replace("%", " %")
        interval = f"{level} interval {_times(self.low)} to {_times(self.high)}"
        if self.claim == "faster":
            return f"{first} {are} {_times(self.ratio)}× as fast as {second} ({interval})"
        if self.claim == "same":
            return f"{first} and {second} take equally long, to within 5 % ({interval})"
        if self.low > 1 or self.high < 1:
            return (f"no clear winner between {first} and {second}: the difference may be below "
                    f"5 % ({interval})")  # fmt: skip
        return f"no difference between {first} and {second} that this machine can show ({interval})"

    def _turned(self) -> Verdict:
        low, high = (1 / self.high, 1 / self.low) if self.low and self.high else (None, None)
        claim = "faster" if self.claim == "slower" else self.claim
        return Verdict(self.second, self.first, 1 / self.ratio, low, high, self.level,
                       self.pairs, claim)  # fmt: skip


def _times(value: float) -> str:
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"


def compare_times(first: str, second: str, pairs: list[tuple[float, float]]) -> Verdict:
    """The verdict on ``(time of first, time of second)`` pairs, in seconds.

    Raises ValueError for no pairs. Times are paired because both runs of a pair met
    the same state of the machine; logarithms, because a ratio has no favourite side.
    """
    if not pairs:
        raise ValueError("a verdict needs at least one pair of times")
    logs = [log(b / a) for a, b in pairs]
    ratio, found = exp(median(logs)), median_interval(logs)
    if found is None:
        return Verdict(first, second, ratio, None, None, None, len(pairs), "few")
    low, high, level = found
    edge = log(1 + BAND)
    claim = (
        "faster" if low > edge
        else "slower" if high < -edge
        else "same" if -edge < low and high < edge
        else "unclear"
    )  # fmt: skip
    return Verdict(first, second, ratio, exp(low), exp(high), level, len(pairs), claim)
