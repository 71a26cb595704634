"""Lab 6: right solutions, and wrong ones with a word that the finding must hold."""

import asyncio

from tests.labs.cell import cell

# --- step 1 ------------------------------------------------------------------------------


async def hand_over(items, handle):
    queue = asyncio.Queue(maxsize=2)

    async def work():
        while (item := await queue.get()) is not None:
            await handle(item)

    worker = asyncio.create_task(work())
    for item in items:
        await queue.put(item)
    await queue.put(None)
    await worker


async def joined_then_cancelled(items, handle):
    queue = asyncio.Queue(2)

    async def work():
        while True:
            await handle(await queue.get())
            queue.task_done()

    worker = asyncio.create_task(work())
    for item in items:
        await queue.put(item)
    await queue.join()
    worker.cancel()


async def own_sentinel(items, handle):
    queue, end = asyncio.Queue(maxsize=2), object()

    async def give():
        for item in items:
            while queue.full():
                await asyncio.sleep(0)
            queue.put_nowait(item)
        await queue.put(end)

    async def work():
        async for item in taken():
            await handle(item)

    async def taken():
        while (item := await queue.get()) is not end:
            yield item

    await asyncio.gather(give(), work())


HAND_OVER = """
import asyncio
import time

async def hand_over(items, handle):
    queue = asyncio.Queue(maxsize=2)

    async def work():
        while (item := await queue.get()) is not None:
            await handle(item)

    worker = asyncio.create_task(work())
    for item in items:
        {first}
    {second}
    await worker
"""


def filled(first: str, second: str, name: str):
    function = cell(HAND_OVER.format(first=first, second=second), "hand_over")
    function.__name__ = name
    return function


put_not_awaited = filled("queue.put(item)", "await queue.put(None)", "put_not_awaited")
no_waiting = filled("queue.put_nowait(item)", "await queue.put(None)", "no_waiting")
no_sentinel = filled("await queue.put(item)", "pass", "no_sentinel")
sentinel_not_awaited = filled("await queue.put(item)", "queue.put(None)", "sentinel_not_awaited")
other_sentinel = filled("await queue.put(item)", 'await queue.put("end")', "other_sentinel")
joined = filled("await queue.put(item)", "await queue.join()", "joined")
cancelled = filled("await queue.put(item)", "worker.cancel()", "cancelled")
past_the_queue = filled("await handle(item)", "await queue.put(None)", "past_the_queue")
sentinel_each = filled("await queue.put(item); await queue.put(None)", "pass", "sentinel_each")
put_twice = filled("await queue.put(item); await queue.put(item)", "await queue.put(None)", "twice")
blocking_wait = filled(
    "while queue.full(): time.sleep(0.1)\n        queue.put_nowait(item)",
    "await queue.put(None)",
    "blocking_wait",
)
took_it_back = filled("await queue.put(item); queue.get_nowait()", "await queue.put(None)", "back")


async def not_waited_for(items, handle):
    queue = asyncio.Queue(maxsize=2)

    async def work():
        while (item := await queue.get()) is not None:
            await handle(item)

    worker = asyncio.create_task(work())
    for item in items:
        await queue.put(item)
    await queue.put(None)
    return worker


async def zero_ends_it(items, handle):
    queue = asyncio.Queue(maxsize=2)

    async def work():
        while item := await queue.get():
            await handle(item)

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
        for item in items:
            await queue.put(item)
        await queue.put(None)


async def no_bound(items, handle):
    queue = asyncio.Queue()

    async def work():
        while (item := await queue.get()) is not None:
            await handle(item)

    worker = asyncio.create_task(work())
    for item in items:
        await queue.put(item)
    await queue.put(None)
    await worker


# --- step 2 ------------------------------------------------------------------------------

RIGHT_ORDER = "D H C K G M A E I B L J"
LOOPS_SWAPPED = "DHCKGMLEIBAJ"
WORK_FIRST = "D C K G H M A E I B L J"
ONE_SENTINEL = "D H C K G M A E I B F"
SENTINELS_FIRST = "D H C K G M A E L J I B"
ITEMS_FIRST = "D H C K G M I B A E L J"
NO_SENTINEL = "D H C K G M A E I B"
SENTINEL_TOO_FEW_AND_MANY = "D H C K G M A E I B F L J"
NO_GROUP = "D H C K G A E I B L J"
ONE_WORKER = "D H C K G M E I B F"
NO_HANDLE = "D H C K M A E I B L J"
SENTINEL_PER_ITEM = "D H C K G M A E I B J"
DEF_LAST = "H C K G M A E I B L J D"

# --- step 3 ------------------------------------------------------------------------------


async def pipeline(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue(maxsize)

    async def work():
        while (item := await queue.get()) is not None:
            await handle(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(work())
        async for item in source:
            await queue.put(item)
        for _ in range(workers):
            await queue.put(None)


async def join_in_a_group(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue(maxsize)

    async def work():
        while True:
            item = await queue.get()
            await handle(item)
            queue.task_done()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work()) for _ in range(workers)]
        async for item in source:
            await queue.put(item)
        await queue.join()
        for task in tasks:
            task.cancel()


async def gathered_and_cancelled(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue(maxsize)

    async def give():
        async for item in source:
            await queue.put(item)
        for _ in range(workers):
            await queue.put(None)

    async def work():
        while (item := await queue.get()) is not None:
            await handle(item)

    tasks = [asyncio.create_task(give()), *(asyncio.create_task(work()) for _ in range(workers))]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def sentinel_handed_on(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue(maxsize)

    async def work():
        while (item := await queue.get()) is not None:
            await asyncio.create_task(handle(item))
        await queue.put(None)

    async def give():
        async for item in source:
            await queue.put(item)
        await queue.put(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(give())
        for _ in range(workers):
            group.create_task(work())


async def crews(source, handle, workers=3, maxsize=5):
    queue, end = asyncio.Queue(maxsize), object()

    async def give():
        async for item in source:
            await queue.put((item,))
        for _ in range(workers):
            await queue.put(end)

    async def work():
        while True:
            got = await queue.get()
            if got is end:
                break
            await handle(*got)

    async def crew():
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())

    async with asyncio.TaskGroup() as group:
        group.create_task(give())
        group.create_task(crew())


async def first_exception(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue(maxsize)

    async def give():
        async for item in source:
            await queue.put(item)
        for _ in range(workers):
            await queue.put(None)

    async def work():
        while (item := await queue.get()) is not None:
            await handle(item)

    tasks = [asyncio.create_task(one) for one in (give(), *(work() for _ in range(workers)))]
    done, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in left:
        task.cancel()
    for task in done:
        task.result()


async def queue_polled(source, handle, workers=3, maxsize=5):
    queue, over = asyncio.Queue(maxsize), False

    async def give():
        nonlocal over
        async for item in source:
            await queue.put(item)
        over = True

    async def work():
        while not (over and queue.empty()):
            if queue.empty():
                await asyncio.sleep(0)
            else:
                await handle(queue.get_nowait())

    async with asyncio.TaskGroup() as group:
        group.create_task(give())
        for _ in range(workers):
            group.create_task(work())


PIPELINE = """
import asyncio
import time

async def pipeline(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue({size})

    async def work():
        while {taking}:
            {handling}

    async with asyncio.TaskGroup() as group:
        for _ in range({workers}):
            group.create_task(work())
        {giving} item in source:
            await queue.put(item)
        for _ in range({sentinels}):
            await queue.put({sentinel})
"""


def built(name: str, **parts: str):
    """The right pipeline with other parts."""
    usual = {
        "size": "maxsize", "taking": "(item := await queue.get()) is not None",
        "handling": "await handle(item)", "workers": "workers", "giving": "async for",
        "sentinels": "workers", "sentinel": "None",
    }  # fmt: skip
    function = cell(PIPELINE.format(**{**usual, **parts}), "pipeline")
    function.__name__ = name
    return function


usual_parts = built("usual_parts")
with_timeout = built("with_timeout", handling="await asyncio.wait_for(handle(item), 100)")
unbounded = built("unbounded", size="")
queue_of_one = built("queue_of_one", size="1")
one_sentinel = built("one_sentinel", sentinels="1")
no_sentinels = built("no_sentinels", sentinels="0")
sentinel_too_many = built("sentinel_too_many", sentinels="10")
item_zero_lost = built("item_zero_lost", taking="item := await queue.get()")
handle_not_awaited = built("handle_not_awaited", handling="handle(item)")
handle_started_only = built("handle_started_only", handling="group.create_task(handle(item))")
always_three = built("always_three", workers="3", sentinels="3")
always_five = built("always_five", size="5")
plain_for = built("plain_for", giving="for")
sentinel_handled = built(
    "sentinel_handled", taking="True", handling="await handle(await queue.get())"
)
blocking_handle = built("blocking_handle", handling="time.sleep(0.01); await handle(item)")
swallowed = built(
    "swallowed",
    handling="""try:
                await handle(item)
            except Exception:
                pass""",
)
handled_twice = built("handled_twice", handling="await handle(item); await handle(item)")


async def fire_and_forget(source, handle, workers=3, maxsize=5):
    async for item in source:
        asyncio.create_task(handle(item))  # noqa: RUF006 - the mistake that the check must see


async def sentinels_in_finally(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue(maxsize)

    async def give():
        try:
            async for item in source:
                await queue.put(item)
        finally:  # when a worker has failed, nobody is there to take them
            for _ in range(workers):
                await queue.put(None)

    async def work():
        while (item := await queue.get()) is not None:
            await handle(item)

    async with asyncio.TaskGroup() as group:
        group.create_task(give())
        for _ in range(workers):
            group.create_task(work())


async def workers_left(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue(maxsize)

    async def work():
        while True:
            await handle(await queue.get())
            queue.task_done()

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    async for item in source:
        await queue.put(item)
    await queue.join()
    return len(tasks)


async def join_with_dying_workers(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue(maxsize)

    async def work():
        while True:
            await handle(await queue.get())
            queue.task_done()

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    async for item in source:
        await queue.put(item)
    await queue.join()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def gathered_only(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue(maxsize)

    async def give():
        async for item in source:
            await queue.put(item)
        for _ in range(workers):
            await queue.put(None)

    async def work():
        while (item := await queue.get()) is not None:
            await handle(item)

    await asyncio.gather(give(), *(work() for _ in range(workers)))


async def exceptions_gathered(source, handle, workers=3, maxsize=5):
    queue = asyncio.Queue(maxsize)

    async def give():
        async for item in source:
            await queue.put(item)
        for _ in range(workers):
            await queue.put(None)

    async def work():
        while (item := await queue.get()) is not None:
            await handle(item)

    await asyncio.gather(give(), *(work() for _ in range(workers)), return_exceptions=True)


async def raised_at_the_end(source, handle, workers=3, maxsize=5):
    errors = []

    async def kept(item):
        try:
            await handle(item)
        except Exception as error:
            errors.append(error)

    await pipeline(source, kept, workers, maxsize)
    if errors:
        raise errors[0]


async def another_exception(source, handle, workers=3, maxsize=5):
    try:
        await pipeline(source, handle, workers, maxsize)
    except* Exception:
        raise RuntimeError("something went wrong") from None


async def no_source_failure(source, handle, workers=3, maxsize=5):
    async def quiet():
        try:
            async for item in source:
                yield item
        except OSError:
            return

    await pipeline(quiet(), handle, workers, maxsize)


async def sequential(source, handle, workers=3, maxsize=5):
    async for item in source:
        await handle(item)


async def collected_first(source, handle, workers=3, maxsize=5):
    items = [item async for item in source]

    async def again():
        for item in items:
            yield item

    await pipeline(again(), handle, workers, maxsize)


async def in_batches(source, handle, workers=3, maxsize=5):
    batch = []
    async for item in source:
        batch.append(item)
        if len(batch) == workers:
            await asyncio.gather(*map(handle, batch))
            batch = []


async def task_for_each(source, handle, workers=3, maxsize=5):
    async with asyncio.TaskGroup() as group:
        async for item in source:
            group.create_task(handle(item))


async def share_for_each(source, handle, workers=3, maxsize=5):
    queues = [asyncio.Queue(2) for _ in range(workers)]

    async def work(queue):
        while (item := await queue.get()) is not None:
            await handle(item)

    async with asyncio.TaskGroup() as group:
        for queue in queues:
            group.create_task(work(queue))
        number = 0
        async for item in source:
            await queues[number % workers].put(item)
            number += 1
        for queue in queues:
            await queue.put(None)


async def no_queue(source, handle, workers=3, maxsize=5):
    lock = asyncio.Lock()

    async def work():
        while True:
            async with lock:
                try:
                    item = await anext(source)
                except StopAsyncIteration:
                    return
            await handle(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(work())


# --- step 4 ------------------------------------------------------------------------------


def recommend(work):
    if work.tasks == 1:
        return "sequential"
    if work.waits > 0.5:
        if not work.async_library:
            return "threads"
        if work.keeps_gil and work.ms * (1 - work.waits) > 5:
            return "asyncio and processes"
        return "asyncio"
    if work.ms < 1 or work.sends_mb > 100:
        return "sequential"
    return "processes" if work.keeps_gil else "threads"


def threads_for_few(work):
    computes_ms = work.ms - work.ms * work.waits
    pays = work.ms > 0.1 and work.tasks > 1
    match (work.waits >= 0.5, work.async_library, work.keeps_gil):
        case (True, True, _) if computes_ms > 10:
            return "asyncio and processes"
        case (True, True, _):
            return "asyncio" if work.tasks >= 500 else "threads"
        case (True, False, _):
            return "threads"
        case (False, _, True) if pays and work.sends_mb < 50:
            return "processes"
        case (False, _, False) if pays:
            return "threads"
    return "sequential"


def as_the_chapter_says(work):
    return "asyncio" if work.waits > 0.5 else "threads"


def always_processes(work):
    return "processes"


def forgets_the_small(work):
    if work.waits > 0.5:
        return "asyncio" if work.async_library else "threads"
    return "processes" if work.keeps_gil else "threads"


def no_answer(work):
    if work.waits > 0.5:
        return "asyncio"
    return None


def other_word(work):
    return "multiprocessing"


def no_such_field(work):
    return "threads" if work.io_bound else "processes"


async def async_recommend(work):
    return recommend(work)


def never_ends(work):
    # On one line: it differs from Python to Python which of two is named.
    return any(step for step in iter(int, 1))


def small_forgotten(work):
    return recommend(work._replace(ms=max(work.ms, 2)))


#: By step: the right solutions, and the wrong ones with what the finding must say of them.
RIGHT = {
    1: [(hand_over,), (joined_then_cancelled,), (own_sentinel,)],
    2: [(RIGHT_ORDER,), (LOOPS_SWAPPED,), (WORK_FIRST,)],
    3: [
        (pipeline,),
        (usual_parts,),
        (with_timeout,),
        (join_in_a_group,),
        (gathered_and_cancelled,),
        (sentinel_handed_on,),
        (crews,),
        (first_exception,),
        (queue_polled,),
    ],
    4: [(recommend,), (threads_for_few,)],
}
WRONG = {
    1: [
        ((put_not_awaited,), "handled 0 of 8"),
        ((no_waiting,), "QueueFull"),
        ((no_sentinel,), "came to a deadlock"),
        ((sentinel_not_awaited,), "came to a deadlock"),
        ((other_sentinel,), "handle was called with 'end'"),
        ((joined,), "came to a deadlock"),
        ((cancelled,), "CancelledError"),
        ((past_the_queue,), "at most 0 items ahead"),
        ((sentinel_each,), "came to a deadlock"),
        ((put_twice,), "2 times"),
        ((blocking_wait,), "held the event loop"),
        ((took_it_back,), "handled 0 of 8"),
        ((not_waited_for,), "1 task was still running: work"),
        ((zero_ends_it,), "came to a deadlock"),
        ((no_bound,), "items ahead of the workers"),
    ],
    2: [
        ((ONE_SENTINEL,), "came to a deadlock"),
        ((SENTINELS_FIRST,), "came to a deadlock"),
        ((ITEMS_FIRST,), "came to a deadlock"),
        ((NO_SENTINEL,), "came to a deadlock"),
        ((NO_GROUP,), "handled 0 of 12"),
        ((ONE_WORKER,), "no program"),
        ((NO_HANDLE,), "no program"),
        ((SENTINEL_PER_ITEM,), "came to a deadlock"),
        ((DEF_LAST,), "no program"),
    ],
    3: [
        ((unbounded,), "items ahead of the workers"),
        ((queue_of_one,), "at most 2 items ahead"),
        ((one_sentinel,), "pipeline came to a deadlock"),
        ((no_sentinels,), "pipeline came to a deadlock"),
        ((sentinel_too_many,), "pipeline came to a deadlock"),
        ((item_zero_lost,), "item 0 was left out"),
        ((handle_not_awaited,), "handled 0 of 30"),
        ((handle_started_only,), "items were handled at once"),
        ((always_three,), "With workers=2"),
        ((always_five,), "With workers=2"),
        ((plain_for,), "with TypeError: 'async_generator' object is not iterable"),
        ((sentinel_handled,), "handle was called with None"),
        ((blocking_handle,), "held the event loop"),
        ((swallowed,), "as if nothing had happened"),
        ((handled_twice,), "2 times"),
        ((fire_and_forget,), "30 tasks were still running: handle"),
        ((workers_left,), "3 tasks were still running: work"),
        ((join_with_dying_workers,), "where handle fails, came to a deadlock"),
        ((sentinels_in_finally,), "where handle fails, came to a deadlock"),
        ((gathered_only,), "still running"),
        ((exceptions_gathered,), "as if nothing had happened"),
        ((raised_at_the_end,), "ended only after"),
        ((another_exception,), "something went wrong"),
        ((no_source_failure,), "The source raised OSError"),
        ((sequential,), "At most 1 of 3"),
        ((collected_first,), "items ahead of the workers"),
        ((in_batches,), "It took 15 s"),
        ((task_for_each,), "items were handled at once"),
        ((share_for_each,), "items ahead of the workers"),
        ((no_queue,), "at most 0 items ahead"),
    ],
    4: [
        ((as_the_chapter_says,), "4 of 12"),
        ((always_processes,), "1 of 12"),
        ((forgets_the_small,), "7 of 12"),
        ((no_answer,), "gave None"),
        ((other_word,), "'multiprocessing'"),
        ((no_such_field,), "no attribute 'io_bound'"),
        ((async_recommend,), "gave a coroutine"),
        ((never_ends,), "any(step for"),
        ((small_forgotten,), "10 of 12"),
    ],
}
