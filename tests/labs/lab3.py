"""Lab 3: right solutions, and wrong ones with a word that the finding must hold."""

import asyncio

from tests.labs.cell import cell

# --- step 1 ------------------------------------------------------------------------------


async def fetch_together(urls, fetch):
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    return await asyncio.gather(*tasks)


async def mapped(urls, fetch):
    return await asyncio.gather(*map(fetch, urls))


async def in_a_group(urls, fetch):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetch(url)) for url in urls]
    return [task.result() for task in tasks]


async def awaited_in_turn(urls, fetch):
    tasks = [asyncio.ensure_future(fetch(url)) for url in urls]
    return tuple([await task for task in tasks])


async def one_by_one(urls, fetch):
    return [await fetch(url) for url in urls]


async def task_awaited_at_once(urls, fetch):
    return [await asyncio.create_task(fetch(url)) for url in urls]


async def completion_order(urls, fetch):
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    return [await task for task in asyncio.as_completed(tasks)]


async def gather_not_awaited(urls, fetch):
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    return asyncio.gather(*tasks)


async def tasks_given(urls, fetch):
    return [asyncio.create_task(fetch(url)) for url in urls]


async def coroutines_given(urls, fetch):
    return [fetch(url) for url in urls]


async def no_star(urls, fetch):
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    return await asyncio.gather(tasks)


async def called_fetch_itself(urls, fetch):
    tasks = [asyncio.create_task(fetch) for _ in urls]
    return await asyncio.gather(*tasks)


async def waited_only(urls, fetch):
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    done, _ = await asyncio.wait(tasks)
    return [task.result() for task in sorted(done, key=lambda task: task.result(), reverse=True)]


async def nothing_back(urls, fetch):
    await asyncio.gather(*map(fetch, urls))


async def first_only(urls, fetch):
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    return [await tasks[0]]


async def twice(urls, fetch):
    await asyncio.gather(*map(fetch, urls))
    return await asyncio.gather(*map(fetch, urls))


def not_async(urls, fetch):
    return [fetch(url) for url in urls]


def run_inside(urls, fetch):
    return asyncio.run(fetch_together(urls, fetch))


async def all_urls_at_once(urls, fetch):
    return await fetch(urls)


async def waits_for_ever(urls, fetch):
    await asyncio.gather(*map(fetch, urls))
    await asyncio.Event().wait()


async def polls_for_ever(urls, fetch):
    while True:
        await asyncio.sleep(0)


async def never_awaits(urls, fetch):
    while True:
        pass


# --- step 2 ------------------------------------------------------------------------------

RIGHT_ORDER = "C J F B H G A I D"
LIST_FIRST = "CGJFBHAID"
SEMAPHORE_LAST = "C F B H G J A I D"
AROUND_THE_START = "C J G A B E D"
BARE_FETCH = "C J F B H G A E D"
NO_SEMAPHORE = "C F H G A I D"
NO_GATHER = "C J F B H G A I"
DEF_LAST = "J F B H G A I D C"
NO_LIST = "C J F B H A I D"
FUNCTION_MISSING = "C J G A I D"
ALL_LINES = "C J F B H G A I E D"
UNKNOWN_LETTER = "C X"

# --- step 3 ------------------------------------------------------------------------------


async def fetch_all(urls, fetch, limit):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        async with permits:
            return await fetch(url)

    return await asyncio.gather(*map(one, urls), return_exceptions=True)


async def group_and_except(urls, fetch, limit):
    permits = asyncio.BoundedSemaphore(limit)

    async def one(url):
        async with permits:
            try:
                return await fetch(url)
            except Exception as error:
                return error

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(url)) for url in urls]
    return [task.result() for task in tasks]


async def workers_and_a_queue(urls, fetch, limit):
    queue, results = asyncio.Queue(), [None] * len(urls)
    for pair in enumerate(urls):
        queue.put_nowait(pair)

    async def work():
        while not queue.empty():
            number, url = queue.get_nowait()
            try:
                results[number] = await fetch(url)
            except Exception as error:
                results[number] = error

    await asyncio.gather(*(work() for _ in range(limit)))
    return results


async def workers_then_cancelled(urls, fetch, limit):
    queue, results = asyncio.Queue(), {}

    async def work():
        while True:
            number, url = await queue.get()
            try:
                results[number] = await fetch(url)
            except Exception as error:
                results[number] = error
            finally:
                queue.task_done()

    workers = [asyncio.create_task(work()) for _ in range(limit)]
    for pair in enumerate(urls):
        await queue.put(pair)
    await queue.join()
    for worker in workers:
        worker.cancel()
    return [results[number] for number in range(len(urls))]


async def last_url_first(urls, fetch, limit):
    left, results = list(enumerate(urls)), [None] * len(urls)

    async def work():
        while left:
            number, url = left.pop()
            try:
                results[number] = await fetch(url)
            except Exception as error:
                results[number] = error

    await asyncio.gather(*(work() for _ in range(limit)))
    return results


async def sliding_window(urls, fetch, limit):
    tasks, running = [], set()
    for url in urls:
        if len(running) == limit:
            _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(fetch(url))
        tasks.append(task)
        running.add(task)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def permit_before_the_task(urls, fetch, limit):
    permits, tasks = asyncio.Semaphore(limit), []
    for url in urls:
        await permits.acquire()
        task = asyncio.create_task(fetch(url))
        task.add_done_callback(lambda _: permits.release())
        tasks.append(task)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def as_completed_with_numbers(urls, fetch, limit):
    permits, results = asyncio.Semaphore(limit), [None] * len(urls)

    async def one(number, url):
        async with permits:
            try:
                return number, await fetch(url)
            except Exception as error:
                return number, error

    for task in asyncio.as_completed([one(*pair) for pair in enumerate(urls)]):
        number, result = await task
        results[number] = result
    return results


async def polling_politely(urls, fetch, limit):
    running, results = 0, [None] * len(urls)

    async def one(number, url):
        nonlocal running
        while running >= limit:
            await asyncio.sleep(0)
        running += 1
        try:
            results[number] = await fetch(url)
        except Exception as error:
            results[number] = error
        running -= 1

    await asyncio.gather(*(one(*pair) for pair in enumerate(urls)))
    return results


async def sequential(urls, fetch, limit):
    return [await fetch(url) for url in urls]


async def sequential_with_except(urls, fetch, limit):
    results = []
    for url in urls:
        try:
            results.append(await fetch(url))
        except Exception as error:
            results.append(error)
    return results


async def no_limit(urls, fetch, limit):
    return await asyncio.gather(*map(fetch, urls), return_exceptions=True)


async def batches(urls, fetch, limit):
    results = []
    for first in range(0, len(urls), limit):
        some = [fetch(url) for url in urls[first : first + limit]]
        results += await asyncio.gather(*some, return_exceptions=True)
    return results


async def shares(urls, fetch, limit):
    results = [None] * len(urls)

    async def work(first):
        for number in range(first, len(urls), limit):
            try:
                results[number] = await fetch(urls[number])
            except Exception as error:
                results[number] = error

    await asyncio.gather(*(work(first) for first in range(limit)))
    return results


async def in_order_of_ending(urls, fetch, limit):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        async with permits:
            try:
                return await fetch(url)
            except Exception as error:
                return error

    return [await task for task in asyncio.as_completed([one(url) for url in urls])]


async def semaphore_around_the_start(urls, fetch, limit):
    permits, tasks = asyncio.Semaphore(limit), []
    for url in urls:
        async with permits:
            tasks.append(asyncio.create_task(fetch(url)))
    return await asyncio.gather(*tasks, return_exceptions=True)


async def semaphore_around_the_gather(urls, fetch, limit):
    async with asyncio.Semaphore(limit):
        return await asyncio.gather(*map(fetch, urls), return_exceptions=True)


async def one_semaphore_each(urls, fetch, limit):
    async def one(url):
        async with asyncio.Semaphore(limit):
            return await fetch(url)

    return await asyncio.gather(*map(one, urls), return_exceptions=True)


async def one_too_many(urls, fetch, limit):
    return await fetch_all(urls, fetch, limit + 1)


async def one_too_few(urls, fetch, limit):
    return await fetch_all(urls, fetch, limit - 1)


async def always_five(urls, fetch, limit):
    return await fetch_all(urls, fetch, 5)


async def group_fails_fast(urls, fetch, limit):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        async with permits:
            return await fetch(url)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(url)) for url in urls]
    return [task.result() for task in tasks]


async def errors_raised(urls, fetch, limit):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        async with permits:
            return await fetch(url)

    return await asyncio.gather(*map(one, urls))


async def errors_as_none(urls, fetch, limit):
    async def quiet(url):
        try:
            return await fetch(url)
        except Exception:
            return None

    return await fetch_all(urls, quiet, limit)


async def errors_as_text(urls, fetch, limit):
    async def quiet(url):
        try:
            return await fetch(url)
        except Exception as error:
            return str(error)

    return await fetch_all(urls, quiet, limit)


async def connection_errors_only(urls, fetch, limit):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        async with permits:
            try:
                return await fetch(url)
            except OSError as error:
                return error

    return await asyncio.gather(*map(one, urls))


async def never_given_back(urls, fetch, limit):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        await permits.acquire()
        return await fetch(url)

    return await asyncio.gather(*map(one, urls), return_exceptions=True)


async def lost_with_an_error(urls, fetch, limit):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        await permits.acquire()
        page = await fetch(url)
        permits.release()
        return page

    return await asyncio.gather(*map(one, urls), return_exceptions=True)


async def not_waited_for(urls, fetch, limit):
    permits, results = asyncio.Semaphore(limit), [None] * len(urls)

    async def one(number, url):
        async with permits:
            results[number] = await fetch(url)

    for pair in enumerate(urls):
        asyncio.create_task(one(*pair))  # noqa: RUF006 - the mistake that the check must see
    return results


async def a_helper_left(urls, fetch, limit):
    async def report():
        while True:
            await asyncio.sleep(1)

    asyncio.create_task(report())  # noqa: RUF006 - the mistake that the check must see
    return await fetch_all(urls, fetch, limit)


async def polling_with_a_pause(urls, fetch, limit):
    running, results = 0, [None] * len(urls)

    async def one(number, url):
        nonlocal running
        while running >= limit:
            await asyncio.sleep(0.03)
        running += 1
        try:
            results[number] = await fetch(url)
        except Exception as error:
            results[number] = error
        running -= 1

    await asyncio.gather(*(one(*pair) for pair in enumerate(urls)))
    return results


async def a_dict(urls, fetch, limit):
    return dict(zip(urls, await fetch_all(urls, fetch, limit), strict=True))


async def good_ones_only(urls, fetch, limit):
    found = await fetch_all(urls, fetch, limit)
    return [one for one in found if not isinstance(one, Exception)]


_POLITE = """
import asyncio
{how}

async def fetch_all(urls, fetch, limit):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        async with permits:
            {call}
            return await fetch(url)

    return await asyncio.gather(*map(one, urls), return_exceptions=True)
"""


def hidden(how: str, call: str, name: str):
    function = cell(_POLITE.format(how=how, call=call), "fetch_all")
    function.__name__ = name
    return function


sleep_of_time = hidden("import time", "time.sleep(0.1)", "sleep_of_time")
sleep_by_name = hidden("from time import sleep", "sleep(0.1)", "sleep_by_name")
time_as_t = hidden("import time as t", "t.sleep(0.1)", "time_as_t")
sleep_as_nap = hidden("from time import sleep as nap", "nap(0.1)", "sleep_as_nap")
imported_inside = hidden("", "from time import sleep as s; s(0.1)", "imported_inside")

blocking_poll = cell(
    """
    import asyncio, time

    async def fetch_all(urls, fetch, limit):
        running = 0

        async def one(url):
            nonlocal running
            while running >= limit:
                time.sleep(0.1)
            running += 1
            page = await fetch(url)
            running -= 1
            return page

        return await asyncio.gather(*map(one, urls), return_exceptions=True)
    """,
    "fetch_all",
)

permits_at_the_top = cell(
    """
    import asyncio
    permits = asyncio.Semaphore(5)

    async def fetch_all(urls, fetch, limit):
        async def one(url):
            async with permits:
                return await fetch(url)

        return await asyncio.gather(*map(one, urls), return_exceptions=True)
    """,
    "fetch_all",
)

# --- step 4 ------------------------------------------------------------------------------


async def fetch_in_time(urls, fetch, limit, seconds):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        async with permits, asyncio.timeout(seconds):
            return await fetch(url)

    return await asyncio.gather(*map(one, urls), return_exceptions=True)


async def with_wait_for(urls, fetch, limit, seconds):
    async def hurried(url):
        return await asyncio.wait_for(fetch(url), seconds)

    return await fetch_all(urls, hurried, limit)


async def by_hand(urls, fetch, limit, seconds):
    async def hurried(url):
        task = asyncio.create_task(fetch(url))
        await asyncio.wait([task], timeout=seconds)
        if task.done():
            return task.result()
        task.cancel()
        raise TimeoutError(url)

    return await group_and_except(urls, hurried, limit)


async def waiting_counts(urls, fetch, limit, seconds):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        async with asyncio.timeout(seconds):
            async with permits:
                return await fetch(url)

    return await asyncio.gather(*map(one, urls), return_exceptions=True)


async def for_the_whole(urls, fetch, limit, seconds):
    async with asyncio.timeout(seconds):
        return await fetch_all(urls, fetch, limit)


async def not_ended(urls, fetch, limit, seconds):
    async def hurried(url):
        task = asyncio.create_task(fetch(url))
        await asyncio.wait([task], timeout=seconds)
        return task.result() if task.done() else TimeoutError(url)

    return await fetch_all(urls, hurried, limit)


async def shielded(urls, fetch, limit, seconds):
    async def hurried(url):
        return await asyncio.wait_for(asyncio.shield(fetch(url)), seconds)

    return await fetch_all(urls, hurried, limit)


async def no_time_limit(urls, fetch, limit, seconds):
    return await fetch_all(urls, fetch, limit)


async def none_in_its_place(urls, fetch, limit, seconds):
    async def hurried(url):
        try:
            return await asyncio.wait_for(fetch(url), seconds)
        except TimeoutError:
            return None

    return await fetch_all(urls, hurried, limit)


async def timeout_raised(urls, fetch, limit, seconds):
    permits = asyncio.Semaphore(limit)

    async def one(url):
        async with permits, asyncio.timeout(seconds):
            return await fetch(url)

    return await asyncio.gather(*map(one, urls))


async def in_time_but_no_limit(urls, fetch, limit, seconds):
    async def hurried(url):
        return await asyncio.wait_for(fetch(url), seconds)

    return await asyncio.gather(*map(hurried, urls), return_exceptions=True)


async def late_ones_dropped(urls, fetch, limit, seconds):
    found = await fetch_in_time(urls, fetch, limit, seconds)
    return [one for one in found if not isinstance(one, TimeoutError)]


#: By step: the right solutions, and the wrong ones with what the finding must say of them.
RIGHT = {
    1: [(fetch_together,), (mapped,), (in_a_group,), (awaited_in_turn,)],
    2: [(RIGHT_ORDER,), (LIST_FIRST,), (SEMAPHORE_LAST,)],
    3: [
        (fetch_all,),
        (group_and_except,),
        (workers_and_a_queue,),
        (workers_then_cancelled,),
        (last_url_first,),
        (sliding_window,),
        (permit_before_the_task,),
        (as_completed_with_numbers,),
        (polling_politely,),
    ],
    4: [(fetch_in_time,), (with_wait_for,), (by_hand,)],
}
WRONG = {
    1: [
        ((one_by_one,), "At most 1 of 6"),
        ((task_awaited_at_once,), "At most 1 of 6"),
        ((completion_order,), "in which they ended"),
        ((gather_not_awaited,), "still running"),
        ((tasks_given,), "still running"),
        ((coroutines_given,), "fetched 0 of 6"),
        ((no_star,), "TypeError"),
        ((called_fetch_itself,), "TypeError"),
        ((waited_only,), "instead of"),
        ((nothing_back,), "gave None"),
        ((first_only,), "still running"),
        ((twice,), "2 times"),
        ((not_async,), "nothing to await"),
        ((run_inside,), "asyncio.run() cannot be called"),
        ((all_urls_at_once,), "none of the items"),
        ((waits_for_ever,), "came to a deadlock"),
        ((polls_for_ever,), "stands in line"),
        ((never_awaits,), "Deadlock or endless loop"),
    ],
    2: [
        ((AROUND_THE_START,), "8 URLs were in flight"),
        ((BARE_FETCH,), "8 URLs were in flight"),
        ((NO_SEMAPHORE,), "8 URLs were in flight"),
        ((NO_GATHER,), "8 tasks were still running: one"),
        ((DEF_LAST,), "no program"),
        ((NO_LIST,), "name 'tasks' is not defined"),
        ((FUNCTION_MISSING,), "name 'one' is not defined"),
        ((ALL_LINES,), "no program"),
        ((UNKNOWN_LETTER,), "no line X"),
    ],
    3: [
        ((sequential,), "At most 1 of 20"),
        ((sequential_with_except,), "At most 1 of 20"),
        ((no_limit,), "20 URLs were in flight"),
        ((batches,), "It took 12 s"),
        ((shares,), "It took 8 s"),
        ((in_order_of_ending,), "in which they ended"),
        ((semaphore_around_the_start,), "20 URLs were in flight"),
        ((semaphore_around_the_gather,), "20 URLs were in flight"),
        ((one_semaphore_each,), "20 URLs were in flight"),
        ((one_too_many,), "6 URLs were in flight"),
        ((one_too_few,), "At most 4 of 20"),
        ((always_five,), "5 URLs were in flight at once; the limit was 3"),
        ((group_fails_fast,), "raised ExceptionGroup"),
        ((errors_raised,), "raised ConnectionError"),
        ((errors_as_none,), "instead of"),
        ((errors_as_text,), "instead of"),
        ((connection_errors_only,), "raised ValueError"),
        ((never_given_back,), "fetch_all came to a deadlock"),
        ((lost_with_an_error,), "fetch_all, with 6 URLs that fail, came to a deadlock"),
        ((not_waited_for,), "still running"),
        ((a_helper_left,), "1 task was still running: report"),
        ((polling_with_a_pause,), "It took 7.0"),
        ((a_dict,), "gave a dict"),
        ((good_ones_only,), "instead of"),
        ((sleep_of_time,), "held the event loop for 2 s"),
        ((sleep_by_name,), "held the event loop for 2 s"),
        ((time_as_t,), "held the event loop for 2 s"),
        ((sleep_as_nap,), "held the event loop for 2 s"),
        ((imported_inside,), "held the event loop for 2 s"),
        ((blocking_poll,), "held the event loop"),
        ((permits_at_the_top,), "the limit was 3"),
    ],
    4: [
        ((waiting_counts,), "less than 2.5 s"),
        ((for_the_whole,), "raised TimeoutError"),
        ((not_ended,), "went on"),
        ((shielded,), "went on"),
        ((no_time_limit,), "more than 2.5 s"),
        ((none_in_its_place,), "in its place is None"),
        ((timeout_raised,), "raised TimeoutError"),
        ((in_time_but_no_limit,), "8 URLs were in flight"),
        ((late_ones_dropped,), "one entry for each"),
    ],
}
