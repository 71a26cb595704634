"""Lab 3, when to use async: many waits at once, with a limit.

A check says what it saw, and raises Wrong where that is not what was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ..finding import Wrong
from ..lab import Lab, Step
from ..simulated import Work, awaited, demand_none_left, demand_value, in_order, shortest, shown

AWAIT_WAITS = (
    "await in a loop waits for each one before the next begins. Start them as tasks first, "
    "or gather the coroutines."
)
AROUND_THE_START = (
    "create_task only starts a task. A semaphore around it is given back at once; it belongs "
    "around the await of fetch, inside each task, and it must be one semaphore for all."
)
ERROR_RAISED = (
    "An error is to be a result of its URL: catch it inside the task, whatever its type, or "
    "gather with return_exceptions=True. A TaskGroup, or a time limit around the whole, ends "
    "all others."
)
#: Read backwards they are the same, so that who begins with the last URL needs as long.
_HALF = (1, 1, 1, 3, 3, 1, 1, 3, 1, 1)
SECONDS = (*_HALF, *reversed(_HALF))


def _pages(seconds: Sequence[float]) -> dict[str, float]:
    return {f"/page/{number}": duration for number, duration in enumerate(seconds)}


def _results(fetch: Work) -> list:
    return [fetch.failing.get(url, f"page of {url}") for url in fetch.seconds]


def _by_ending(fetch: Work) -> list[str]:
    """What would be given in the order of ending."""
    return [f"page of {url}" for url in fetch.ended]


# --- step 1 --------------------------------------------------------------------------------


def check_fetch_together(fetch_together: Callable) -> str:
    """All at once, as long as the slowest, in the order of the URLs."""
    doing, fetch = "fetch_together", Work(_pages((2, 1, 3, 1, 2, 1)))
    urls = list(fetch.seconds)
    outcome = awaited(fetch_together, list(urls), fetch.function, doing=doing, work=fetch)
    found = demand_value(outcome, doing)
    if outcome.left and outcome.seconds == 0:
        demand_none_left(outcome, doing)
    fetch.demand_each_once(doing, "fetched")
    if fetch.peak < len(urls):
        raise Wrong(f"At most {fetch.peak} of 6 URLs were in flight at once, and it took "
                    f"{outcome.seconds:g} s.", AWAIT_WAITS)  # fmt: skip
    demand_none_left(outcome, doing)
    in_order(found, _results(fetch), _by_ending(fetch), doing)
    if outcome.seconds != 3:
        raise Wrong(f"It took {outcome.seconds:g} s; the slowest URL takes 3 s.",
                    "All waits overlap: the slowest one decides.")  # fmt: skip
    return (
        "All 6 URLs were in flight at once. Alone they take 10 s; together it was 3 s, as long "
        "as the slowest. The results came in the order of the URLs."
    )


# --- steps 2 and 3 -------------------------------------------------------------------------


def _limited(solution: Callable, doing: str, fetch: Work, limit: int) -> float:
    """The simulated seconds, in which `limit` were in flight whenever there was work.

    Raises Wrong if there were more or fewer, or if the results are not as they should be.
    """
    kept = f"{doing}, with {len(fetch.failing)} URLs that fail," if fetch.failing else doing
    outcome = awaited(solution, list(fetch.seconds), fetch.function, limit, doing=kept, work=fetch)
    if fetch.peak > limit:  # before what it raised: no limit is the larger mistake
        raise Wrong(f"{fetch.peak} URLs were in flight at once; the limit was {limit}.",
                    AROUND_THE_START)  # fmt: skip
    found = demand_value(outcome, kept, ERROR_RAISED if fetch.failing else "")
    if outcome.left and len(fetch.begun) < len(fetch.seconds):
        demand_none_left(outcome, doing)
    fetch.demand_each_once(doing, "fetched")
    if fetch.peak < limit:
        raise Wrong(f"At most {fetch.peak} of {len(fetch.seconds)} URLs were in flight at once; "
                    f"the limit allows {limit}. It took {outcome.seconds:g} s.",
                    AWAIT_WAITS if fetch.peak == 1 else
                    "As many as the limit says may be in flight: not one fewer.")  # fmt: skip
    demand_none_left(outcome, doing)
    in_order(found, _results(fetch), _by_ending(fetch), doing)
    # In the order in which it began them: as_completed, for one, starts them in any order.
    least = shortest((fetch.seconds[url] for url in fetch.begun), limit)
    if outcome.seconds != least:
        raise Wrong(f"It took {outcome.seconds:g} s; with {limit} in flight all the time it is "
                    f"{least:g} s.",
                    "In batches, each batch waits for its slowest while permits lie idle. The "
                    "next URL begins as soon as one has ended: without batches, and without a "
                    "sleep between two looks.")  # fmt: skip
    return outcome.seconds


def check_fetch_limited(fetch_limited: Callable) -> str:
    """At most three in flight, and three as long as there is work."""
    fetch = Work(_pages((1, 3, 1, 1, 3, 1, 1, 1)))
    seconds = _limited(fetch_limited, "fetch_limited", fetch, 3)
    return (
        f"3 of the 8 URLs were in flight at once, never more. It took {seconds:g} s, the least "
        f"that this limit allows."
    )


def check_fetch_all(fetch_all: Callable) -> str:
    """The limit kept and used, the order of the URLs, failures returned, nothing left."""
    seconds = _limited(fetch_all, "fetch_all", Work(_pages(SECONDS)), 5)
    pages = _pages(SECONDS)
    failing: dict = {f"/page/{n}": ConnectionError(f"/page/{n} is closed") for n in (1, 3, 6, 12)}
    failing["/page/8"] = ValueError("/page/8 is no page")
    failing["/page/17"] = KeyError("/page/17")
    _limited(fetch_all, "fetch_all", Work(pages, failing), 3)
    return (
        f"20 URLs of 1 or 3 s with limit 5: 5 in flight, never more, in {seconds:g} s. With "
        "limit 3 and six URLs that fail: 14 results and 6 exceptions, each in its place, and "
        "nothing left running."
    )


# --- step 4 --------------------------------------------------------------------------------


def check_fetch_in_time(fetch_in_time: Callable) -> str:
    """Each URL has so many seconds, from the moment on at which its fetch begins."""
    doing, limit, seconds = "fetch_in_time", 2, 2.5
    fetch = Work(_pages((2, 60, 1, 2, 9, 1, 2, 1)), {"/page/3": ConnectionError("closed")})
    slow = [url for url, duration in fetch.seconds.items() if duration > seconds]
    outcome = awaited(fetch_in_time, list(fetch.seconds), fetch.function, limit, seconds,
                      doing=doing, work=fetch)  # fmt: skip
    late_for_all = isinstance(outcome.error, TimeoutError)
    found = demand_value(outcome, doing, ERROR_RAISED if late_for_all else "")
    if not isinstance(found, (list, tuple)) or len(found) != len(fetch.seconds):
        raise Wrong(f"{doing} gave {shown(found)}; it gives a list with one entry for each of "
                    f"the {len(fetch.seconds)} URLs.",
                    "A time limit for the whole call is not one for each URL.")  # fmt: skip
    late = [url for url, one in zip(fetch.seconds, found, strict=True)
            if isinstance(one, TimeoutError)]  # fmt: skip
    hasty = [url for url in late if url not in slow]
    if hasty:
        raise Wrong(f"{hasty[0]} takes {fetch.seconds[hasty[0]]:g} s, less than {seconds:g} s, and "
                    f"yet there is a TimeoutError in its place.",
                    "The time limit counts from the moment on at which the fetch begins: inside "
                    "the semaphore, not around it.")  # fmt: skip
    fetch.demand_each_once(doing, "fetched")
    patient = [url for url in slow if url not in late]
    if patient:
        place = found[list(fetch.seconds).index(patient[0])]
        raise Wrong(f"{patient[0]} takes {fetch.seconds[patient[0]]:g} s, more than {seconds:g} s; "
                    f"in its place is {shown(place)}.",
                    "asyncio.timeout(seconds) around the await cancels it and raises "
                    "TimeoutError.")  # fmt: skip
    if any(fetch.cancelled.get(url, 60) > seconds + 0.001 for url in slow):
        raise Wrong("A fetch that had taken too long was not ended: it went on.",
                    "To stop waiting is not to stop it. asyncio.timeout and wait_for cancel; "
                    "asyncio.wait and shield do not.")  # fmt: skip
    if fetch.peak > limit:
        raise Wrong(f"{fetch.peak} URLs were in flight at once; the limit was {limit}.",
                    AROUND_THE_START)  # fmt: skip
    demand_none_left(outcome, doing)
    expected = [
        found[k] if url in slow else one
        for k, (url, one) in enumerate(zip(fetch.seconds, _results(fetch), strict=True))
    ]
    in_order(found, expected, _by_ending(fetch), doing)
    least = shortest((min(fetch.seconds[url], seconds) for url in fetch.begun), limit)
    if outcome.seconds != least:
        raise Wrong(f"It took {outcome.seconds:g} s; with {limit} in flight all the time it is "
                    f"{least:g} s.",
                    "A URL that is given up frees its permit at once.")  # fmt: skip
    return (
        f"Two URLs took longer than {seconds:g} s: they were cancelled, and TimeoutError is in "
        f"their places. The other six are as before."
    )


LINES = {
    "A": "    for url in urls:",
    "B": "        async with permits:",
    "C": "async def fetch_limited(urls, fetch, limit):",
    "D": "    return await asyncio.gather(*tasks)",
    "E": "            tasks.append(asyncio.create_task(fetch(url)))",
    "F": "    async def one(url):",
    "G": "    tasks = []",
    "H": "            return await fetch(url)",
    "I": "        tasks.append(asyncio.create_task(one(url)))",
    "J": "    permits = asyncio.Semaphore(limit)",
}

LAB = Lab(
    "lab-3-when-to-use-async",
    "When to use async",
    (
        Step(
            "Start them all, then wait",
            check_fetch_together,
            (
                "fetch(url) makes a coroutine. What makes a task of it, so that it begins to run?",
                "The first blank is a list: asyncio.create_task(...) for each url. The second "
                "awaits them all.",
                "tasks = [asyncio.create_task(fetch(url)) for url in urls], and then "
                "return await asyncio.gather(*tasks).",
            ),
            takes=("your function fetch_together",),
        ),
        Step(
            "At most so many in flight",
            check_fetch_limited,
            (
                "Begin with async def fetch_limited, the semaphore and the empty list.",
                "One line is too many: there are two lines that make a task. Which of the two "
                "tasks has the semaphore inside?",
                "First the function one, with the semaphore around its await. Then the loop "
                "makes a task of one(url) for each URL. Last the gather.",
            ),
            takes=("your text of letters, order",),
            lines=LINES,
            name="fetch_limited",
            names={"asyncio": asyncio},
        ),
        Step(
            "Errors are results too",
            check_fetch_all,
            (
                "Step 2 does nearly all of it. What does gather do when one of its tasks fails?",
                "Either gather(..., return_exceptions=True), or try and except inside the task, "
                "which returns the exception.",
                "async with gives the permit back even when the fetch fails. acquire() without "
                "release() in finally does not.",
            ),
            takes=("your function fetch_all",),
        ),
        Step(
            "A time limit for each",
            check_fetch_in_time,
            (
                "async with asyncio.timeout(seconds): cancels what is awaited inside, and "
                "raises TimeoutError.",
                "When does the time begin: when the task waits for its permit, or when it has it?",
                "Inside async with permits: write async with asyncio.timeout(seconds): and "
                "below it return await fetch(url).",
            ),
            takes=("your function fetch_in_time",),
            optional=True,
        ),
    ),
)
