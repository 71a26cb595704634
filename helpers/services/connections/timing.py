"""Latencies in numbers: percentiles, and what happened in each stretch of time."""

from __future__ import annotations

from math import ceil


def percentile(ordered: list[float], share: float) -> float:
    """The value that `share` of the sorted values do not exceed (nearest rank)."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def summed_up(latencies: list[float]) -> dict[str, float | None]:
    """p50, p99 and the longest, in seconds; None where there are none."""
    if not latencies:
        return {"p50": None, "p99": None, "longest": None}
    ordered = sorted(latencies)
    return {"p50": percentile(ordered, 0.5), "p99": percentile(ordered, 0.99),
            "longest": ordered[-1]}  # fmt: skip


def buckets(ends: list[float], latencies: list[float], width: float, until: float) -> list[list]:
    """For each `width` seconds: answers that came in it, and the longest latency of these.

    Rows are ``[begin, answers, longest or None]``; times in seconds since the start.
    """
    count = max(1, ceil(until / width - 1e-9))
    answers: list[int] = [0] * count
    longest: list[float | None] = [None] * count
    for end, latency in zip(ends, latencies, strict=True):
        k = int(end / width)
        if 0 <= k < count:
            answers[k] += 1
            most = longest[k]
            if most is None or latency > most:
                longest[k] = latency
    return [[k * width, answers[k], longest[k]] for k in range(count)]


def stretch(ends: list[float], latencies: list[float], begin: float, end: float) -> dict:
    """Of a stretch of time: answers per second in it, and how long those waited who asked in it.

    A request belongs to the stretch in which it was meant to be sent.
    """
    answered = sum(begin <= moment < end for moment in ends)
    asked = [took for moment, took in zip(ends, latencies, strict=True)
             if begin <= moment - took < end]  # fmt: skip
    length = max(end - begin, 1e-9)
    return {"seconds": length, "answered": answered, "per_s": answered / length,
            "asked": len(asked), **summed_up(asked)}  # fmt: skip
