"""Lab 5: right solutions, and wrong ones with a word that the finding must hold."""

import asyncio
import contextvars
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait

# --- step 1 ------------------------------------------------------------------------------


async def handle(legacy, order):
    call = asyncio.to_thread(legacy, order)
    return await call


async def with_run_in_executor(legacy, order):
    return await asyncio.get_running_loop().run_in_executor(None, legacy, order)


async def with_a_lambda(legacy, order):
    return await asyncio.to_thread(lambda: legacy(order))


async def with_a_pool(legacy, order):
    with ThreadPoolExecutor(1) as pool:
        return await asyncio.wrap_future(pool.submit(legacy, order))


async def with_a_task(legacy, order):
    task = asyncio.create_task(asyncio.to_thread(legacy, order))
    await asyncio.wait([task])
    return task.result()


def without_async(legacy, order):
    return asyncio.to_thread(legacy, order)


async def with_a_thread(legacy, order):
    loop, done = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

    def body():
        result = legacy(order)
        loop.call_soon_threadsafe(done.set_result, result)

    threading.Thread(target=body).start()
    return await done


async def with_a_join_off_the_loop(legacy, order):
    found = []
    thread = threading.Thread(target=lambda: found.append(legacy(order)))
    thread.start()
    await asyncio.to_thread(thread.join)
    return found[0]


async def polls_politely(legacy, order):
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(legacy, order)
        while not call.done():
            await asyncio.sleep(0.01)
        return call.result()


async def with_a_loop_of_its_own(legacy, order):
    async def inner():
        return legacy(order)

    return await asyncio.to_thread(asyncio.run, inner())


async def directly(legacy, order):
    return legacy(order)


async def not_async(legacy, order):
    return await legacy(order)


def plain(legacy, order):
    return legacy(order)


async def called_too_soon(legacy, order):
    return await asyncio.to_thread(legacy(order))


async def in_a_task(legacy, order):
    async def inner():
        return legacy(order)

    return await asyncio.create_task(inner())


async def after_a_sleep(legacy, order):
    await asyncio.sleep(0)
    return legacy(order)


async def no_await(legacy, order):
    call = asyncio.to_thread(legacy, order)
    return call  # noqa: RET504 - as step 1 has it


async def nothing_awaited(legacy, order):
    asyncio.to_thread(legacy, order)


async def a_task_not_awaited(legacy, order):
    return asyncio.create_task(asyncio.to_thread(legacy, order))


async def a_future_not_awaited(legacy, order):
    return asyncio.get_running_loop().run_in_executor(None, legacy, order)


async def fire_and_forget(legacy, order):
    asyncio.get_running_loop().run_in_executor(None, legacy, order)


async def another_future(legacy, order):
    return ThreadPoolExecutor(1).submit(legacy, order)


async def awaits_another_future(legacy, order):
    return await ThreadPoolExecutor(1).submit(legacy, order)


async def thread_and_join(legacy, order):
    found = []
    thread = threading.Thread(target=lambda: found.append(legacy(order)))
    thread.start()
    thread.join()
    return found[0]


async def a_thread_alone(legacy, order):
    threading.Thread(target=legacy, args=[order]).start()


async def submit_and_result(legacy, order):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(legacy, order).result()


async def polls_with_sleep(legacy, order):
    call = asyncio.get_running_loop().run_in_executor(None, legacy, order)
    while not call.done():
        time.sleep(0.01)  # noqa: ASYNC251 - the mistake that the check must see
    return await call


async def result_of_a_future(legacy, order):
    return asyncio.get_running_loop().run_in_executor(None, legacy, order).result()


async def run_inside_a_loop(legacy, order):
    return asyncio.run(asyncio.to_thread(legacy, order))


async def run_until_complete(legacy, order):
    loop = asyncio.get_running_loop()
    return loop.run_until_complete(loop.run_in_executor(None, legacy, order))


async def waits_for_its_own_loop(legacy, order):
    loop = asyncio.get_running_loop()
    return asyncio.run_coroutine_threadsafe(asyncio.to_thread(legacy, order), loop).result()


async def waits_for_ever(legacy, order):
    await asyncio.to_thread(legacy, order)
    await asyncio.get_running_loop().create_future()


async def nothing_returned(legacy, order):
    await asyncio.to_thread(legacy, order)


async def the_function_only(legacy, order):
    return await asyncio.to_thread(legacy)


async def a_tuple(legacy, order):
    return await asyncio.to_thread(legacy, (order,))


async def in_a_process(legacy, order):
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1) as pool:
        return await loop.run_in_executor(pool, legacy, order)


# --- step 2 ------------------------------------------------------------------------------

RIGHT_ORDER = "F I D H A B"
OTHER_RIGHT_ORDER = "FDIHAB"
BLOCKED = "F I D H C B"
BLOCKED_AND_NO_LOOP = "F D H C G"
RESULT_TOO_SOON = "F I D H A G"
ONE_AFTER_THE_OTHER = "F I D H A E B"
NO_LOOP = "F D H A B"
NOTHING_BACK = "F I D H A"
GATHER_IN_THE_LOOP = "F I D H B A"
BAD_INDENT = "F I D A H B"
NO_DEF = "I D H A B"
LOOP_FIRST = "I F D H A B"

# --- step 3 ------------------------------------------------------------------------------


async def handle_all(legacy, orders):
    loop = asyncio.get_running_loop()
    pool, calls = ThreadPoolExecutor(max_workers=len(orders)), []
    for order in orders:
        context = contextvars.copy_context()
        calls.append(loop.run_in_executor(pool, context.run, legacy, order))
    pool.shutdown(wait=False)
    return await asyncio.gather(*calls, return_exceptions=True)


async def with_a_loop_pool(legacy, orders):
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(len(orders)))
    calls = (asyncio.to_thread(legacy, order) for order in orders)
    return await asyncio.gather(*calls, return_exceptions=True)


async def with_finally(legacy, orders):
    pool, loop = ThreadPoolExecutor(len(orders)), asyncio.get_running_loop()

    async def one(order):
        try:
            context = contextvars.copy_context()
            return await loop.run_in_executor(pool, lambda: context.run(legacy, order))
        except Exception as error:
            return error

    try:
        return await asyncio.gather(*map(one, orders))
    finally:
        pool.shutdown(wait=False)


async def with_shutdown_in_a_thread(legacy, orders):
    pool = ThreadPoolExecutor(len(orders))
    try:
        calls = [asyncio.wrap_future(pool.submit(contextvars.copy_context().run, legacy, order))
                 for order in orders]  # fmt: skip
        return await asyncio.gather(*calls, return_exceptions=True)
    finally:
        await asyncio.to_thread(pool.shutdown)


async def in_a_group(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))

    async def one(order):
        context = contextvars.copy_context()
        try:
            return await loop.run_in_executor(pool, context.run, legacy, order)
        except Exception as error:
            return error

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(order)) for order in orders]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return [task.result() for task in tasks]


async def waiting_in_a_thread(legacy, orders):
    pool = ThreadPoolExecutor(len(orders))
    futures = [pool.submit(contextvars.copy_context().run, legacy, order) for order in orders]
    pool.shutdown(wait=False)
    await asyncio.to_thread(wait, futures)
    return [future.exception() or future.result() for future in futures]


async def threads_by_hand(legacy, orders):
    loop = asyncio.get_running_loop()

    def start(order):
        done = loop.create_future()

        def tell(found):
            if not done.cancelled():
                done.set_result(found)

        def body():
            try:
                found = legacy(order)
            except Exception as error:
                found = error
            loop.call_soon_threadsafe(tell, found)

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=[body]).start()
        return done

    return await asyncio.gather(*map(start, orders))


async def loops_own_pool(legacy, orders):
    calls = (asyncio.to_thread(legacy, order) for order in orders)
    return await asyncio.gather(*calls, return_exceptions=True)


async def pool_too_small(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor()
    calls = [loop.run_in_executor(pool, contextvars.copy_context().run, legacy, order)
             for order in orders]  # fmt: skip
    pool.shutdown(wait=False)
    return await asyncio.gather(*calls, return_exceptions=True)


async def context_lost(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))
    calls = [loop.run_in_executor(pool, legacy, order) for order in orders]
    pool.shutdown(wait=False)
    return await asyncio.gather(*calls, return_exceptions=True)


async def context_shared(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))
    context = contextvars.copy_context()
    calls = [loop.run_in_executor(pool, context.run, legacy, order) for order in orders]
    pool.shutdown(wait=False)
    return await asyncio.gather(*calls, return_exceptions=True)


async def context_copied_too_late(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))

    def call(order):
        return contextvars.copy_context().run(legacy, order)

    calls = [loop.run_in_executor(pool, call, order) for order in orders]
    pool.shutdown(wait=False)
    return await asyncio.gather(*calls, return_exceptions=True)


async def context_runs_it_here(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))
    calls = [loop.run_in_executor(pool, contextvars.copy_context().run(legacy, order))
             for order in orders]  # fmt: skip
    pool.shutdown(wait=False)
    return await asyncio.gather(*calls, return_exceptions=True)


async def with_block(legacy, orders):
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(len(orders)) as pool:
        calls = [loop.run_in_executor(pool, contextvars.copy_context().run, legacy, order)
                 for order in orders]  # fmt: skip
        return await asyncio.gather(*calls, return_exceptions=True)


async def shutdown_in_finally_waits(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))
    try:
        calls = [loop.run_in_executor(pool, contextvars.copy_context().run, legacy, order)
                 for order in orders]  # fmt: skip
        return await asyncio.gather(*calls, return_exceptions=True)
    finally:
        pool.shutdown()


async def shutdown_at_once(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))
    calls = [loop.run_in_executor(pool, contextvars.copy_context().run, legacy, order)
             for order in orders]  # fmt: skip
    pool.shutdown()
    return await asyncio.gather(*calls, return_exceptions=True)


async def shutdown_too_soon(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))
    pool.shutdown(wait=False)
    calls = [loop.run_in_executor(pool, contextvars.copy_context().run, legacy, order)
             for order in orders]  # fmt: skip
    return await asyncio.gather(*calls, return_exceptions=True)


async def never_shut_down(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))
    calls = [loop.run_in_executor(pool, contextvars.copy_context().run, legacy, order)
             for order in orders]  # fmt: skip
    return await asyncio.gather(*calls, return_exceptions=True)


async def not_shut_down_when_cancelled(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))
    calls = [loop.run_in_executor(pool, contextvars.copy_context().run, legacy, order)
             for order in orders]  # fmt: skip
    found = await asyncio.gather(*calls, return_exceptions=True)
    pool.shutdown(wait=False)
    return found


async def exceptions_raised(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))
    calls = [loop.run_in_executor(pool, contextvars.copy_context().run, legacy, order)
             for order in orders]  # fmt: skip
    pool.shutdown(wait=False)
    return await asyncio.gather(*calls)


async def exceptions_left_out(legacy, orders):
    found = await handle_all(legacy, orders)
    return [one for one in found if not isinstance(one, Exception)]


async def late_binding(legacy, orders):
    loop, pool = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders))
    calls = []
    for order in orders:
        context = contextvars.copy_context()
        calls.append(loop.run_in_executor(pool, context.run, lambda: legacy(order)))  # noqa: B023
    pool.shutdown(wait=False)
    return await asyncio.gather(*calls, return_exceptions=True)


async def late_binding_in_to_thread(legacy, orders):
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(len(orders)))
    calls = [asyncio.to_thread(lambda: legacy(order)) for order in orders]  # noqa: B023
    return await asyncio.gather(*calls, return_exceptions=True)


async def in_order_of_ending(legacy, orders):
    loop, pool, found = asyncio.get_running_loop(), ThreadPoolExecutor(len(orders)), []
    calls = [loop.run_in_executor(pool, contextvars.copy_context().run, legacy, order)
             for order in orders]  # fmt: skip
    pool.shutdown(wait=False)
    for call in asyncio.as_completed(calls):
        try:
            found.append(await call)
        except Exception as error:
            found.append(error)
    return found


async def one_by_one(legacy, orders):
    found = []
    for order in orders:
        try:
            found.append(await asyncio.to_thread(legacy, order))
        except Exception as error:
            found.append(error)
    return found


async def map_of_a_pool(legacy, orders):
    with ThreadPoolExecutor(len(orders)) as pool:
        return list(pool.map(legacy, orders))


async def as_completed_of_futures(legacy, orders):
    pool = ThreadPoolExecutor(len(orders))
    futures = [pool.submit(contextvars.copy_context().run, legacy, order) for order in orders]
    pool.shutdown(wait=False)
    for _ in as_completed(futures):
        pass
    return [future.exception() or future.result() for future in futures]


async def futures_not_awaited(legacy, orders):
    pool = ThreadPoolExecutor(len(orders))
    futures = [pool.submit(contextvars.copy_context().run, legacy, order) for order in orders]
    pool.shutdown(wait=False)
    return futures


async def refuses_to_be_cancelled(legacy, orders):
    found = asyncio.ensure_future(handle_all(legacy, orders))
    while True:
        try:
            return await asyncio.shield(found)
        except asyncio.CancelledError:
            found = asyncio.get_running_loop().create_future()


async def takes_them_all(legacy, orders):
    return await asyncio.to_thread(legacy, orders)


# --- step 4 ------------------------------------------------------------------------------


async def bake_all(legacy, compute, orders, pool):
    loop = asyncio.get_running_loop()

    async def one(order):
        found = await asyncio.to_thread(legacy, order)
        return await loop.run_in_executor(pool, compute, found)

    return await asyncio.gather(*(one(order) for order in orders))


async def with_callbacks(legacy, compute, orders, pool):
    results = [None] * len(orders)

    async def one(number):
        found = await asyncio.to_thread(legacy, orders[number])
        results[number] = await asyncio.wrap_future(pool.submit(compute, found))

    async with asyncio.TaskGroup() as group:
        for number in range(len(orders)):
            group.create_task(one(number))
    return results


async def with_threads_that_wait(legacy, compute, orders, pool):
    def one(order):
        return pool.submit(compute, legacy(order)).result()

    return await asyncio.gather(*(asyncio.to_thread(one, order) for order in orders))


async def both_in_threads(legacy, compute, orders, pool):
    async def one(order):
        found = await asyncio.to_thread(legacy, order)
        return await asyncio.to_thread(compute, found)

    return await asyncio.gather(*map(one, orders))


async def computes_on_the_loop(legacy, compute, orders, pool):
    async def one(order):
        return compute(await asyncio.to_thread(legacy, order))

    return await asyncio.gather(*map(one, orders))


async def both_in_processes(legacy, compute, orders, pool):
    loop = asyncio.get_running_loop()

    async def one(order):
        found = await loop.run_in_executor(pool, legacy, order)
        return await loop.run_in_executor(pool, compute, found)

    return await asyncio.gather(*map(one, orders))


async def stage_by_stage(legacy, compute, orders, pool):
    loop = asyncio.get_running_loop()
    found = await asyncio.gather(*(asyncio.to_thread(legacy, order) for order in orders))
    return await asyncio.gather(*(loop.run_in_executor(pool, compute, one) for one in found))


async def order_by_order(legacy, compute, orders, pool):
    loop, results = asyncio.get_running_loop(), []
    for order in orders:
        found = await asyncio.to_thread(legacy, order)
        results.append(await loop.run_in_executor(pool, compute, found))
    return results


async def blocks_for_the_process(legacy, compute, orders, pool):
    async def one(order):
        found = await asyncio.to_thread(legacy, order)
        return pool.submit(compute, found).result()

    return await asyncio.gather(*map(one, orders))


async def map_of_the_pool(legacy, compute, orders, pool):
    found = await asyncio.gather(*(asyncio.to_thread(legacy, order) for order in orders))
    return list(pool.map(compute, found))


async def computes_the_order(legacy, compute, orders, pool):
    loop = asyncio.get_running_loop()

    async def one(order):
        await asyncio.to_thread(legacy, order)
        return await loop.run_in_executor(pool, compute, order)

    return await asyncio.gather(*map(one, orders))


async def calls_it_before_the_process(legacy, compute, orders, pool):
    loop = asyncio.get_running_loop()

    async def one(order):
        found = await asyncio.to_thread(legacy, order)
        return await loop.run_in_executor(pool, compute(found))

    return await asyncio.gather(*map(one, orders))


async def context_to_a_process(legacy, compute, orders, pool):
    loop = asyncio.get_running_loop()

    async def one(order):
        found = await asyncio.to_thread(legacy, order)
        return await loop.run_in_executor(pool, contextvars.copy_context().run, compute, found)

    return await asyncio.gather(*map(one, orders))


#: By step: the right solutions, and the wrong ones with what the finding must say of them.
RIGHT = {
    1: [(one,) for one in (handle, with_run_in_executor, with_a_lambda, with_a_pool, with_a_task,
                           without_async, with_a_thread, with_a_join_off_the_loop, polls_politely,
                           with_a_loop_of_its_own)],
    2: [(RIGHT_ORDER,), (OTHER_RIGHT_ORDER,)],
    3: [(one,) for one in (handle_all, with_a_loop_pool, with_finally, with_shutdown_in_a_thread,
                           in_a_group, waiting_in_a_thread, threads_by_hand)],
    4: [(bake_all,), (with_callbacks,), (with_threads_that_wait,)],
}  # fmt: skip
#: What Python says of an object that is no awaitable.
CANT_AWAIT = "can't be used in 'await'" if sys.version_info < (3, 14) else "can't be awaited"
WRONG = {
    1: [
        ((directly,), "in the thread of the event loop"),
        ((not_async,), "in the thread of the event loop"),
        ((plain,), "in the thread of the event loop"),
        ((called_too_soon,), "in the thread of the event loop"),
        ((in_a_task,), "in the thread of the event loop"),
        ((after_a_sleep,), "in the thread of the event loop"),
        ((no_await,), "came back with a coroutine"),
        ((nothing_awaited,), "came back, and legacy had not been called"),
        ((a_task_not_awaited,), "came back with a task or future"),
        ((a_future_not_awaited,), "came back with a task or future"),
        ((fire_and_forget,), "still in progress"),
        ((another_future,), "came back with <Future"),
        ((awaits_another_future,), CANT_AWAIT),
        ((thread_and_join,), "did not run for 3 s: its thread stood in line"),
        ((a_thread_alone,), "came back"),
        ((submit_and_result,), "did not run for 3 s: its thread stood in line"),
        ((polls_with_sleep,), "did not run for 3 s: its thread stood in line"),
        ((result_of_a_future,), "InvalidStateError"),
        ((run_inside_a_loop,), "cannot be called from a running event loop"),
        ((run_until_complete,), "already running"),
        (
            (waits_for_its_own_loop,),
            "In handle, the event loop did not run for 3 s: its thread stood",
        ),
        ((waits_for_ever,), "create_future()"),
        ((nothing_returned,), "gave None"),
        ((the_function_only,), "missing 1 required positional argument"),
        ((a_tuple,), "called with (0,), which is no order"),
        ((in_a_process,), "ickle"),
    ],
    2: [
        ((BLOCKED,), "did not run for 3 s: its thread stood in line"),
        ((BLOCKED_AND_NO_LOOP,), "did not run for 3 s: its thread stood in line"),
        ((RESULT_TOO_SOON,), "Result is not set"),
        ((ONE_AFTER_THE_OTHER,), "At most 1 of 4"),
        ((NO_LOOP,), "name 'loop' is not defined"),
        ((NOTHING_BACK,), "still in progress"),
        ((GATHER_IN_THE_LOOP,), "no program"),
        ((BAD_INDENT,), "no program"),
        ((NO_DEF,), "no program"),
        ((LOOP_FIRST,), "no program"),
    ],
    3: [
        ((loops_own_pool,), "of 40 calls were in progress at once"),
        ((pool_too_small,), "of 40 calls were in progress at once"),
        ((context_lost,), "legacy found None in the context variable"),
        ((context_shared,), "is already entered"),
        ((context_copied_too_late,), "legacy found None in the context variable"),
        ((context_runs_it_here,), "in the thread of the event loop"),
        ((with_block,), "had been cancelled, the event loop did not run for 3 s: its thread stood"),
        ((shutdown_in_finally_waits,), "pool.shutdown()"),
        ((shutdown_at_once,), "While legacy waited, the event loop did not run for 3 s"),
        ((shutdown_too_soon,), "cannot schedule new futures after shutdown"),
        ((never_shut_down,), "come back, its pool had not been shut down"),
        ((not_shut_down_when_cancelled,), "been cancelled, its pool had not been shut down"),
        ((exceptions_raised,), "and so did handle_all"),
        ((exceptions_left_out,), "38 results for 40 orders"),
        ((late_binding,), "called legacy 40 times for order 39, and never for 39 others"),
        ((late_binding_in_to_thread,), "called legacy 40 times for order 39"),
        ((in_order_of_ending,), "in which the calls ended"),
        ((one_by_one,), "At most 1 of 40"),
        ((map_of_a_pool,), "the event loop did not run for 3 s"),
        ((as_completed_of_futures,), "the event loop did not run for 3 s"),
        ((futures_not_awaited,), "came back with"),
        ((refuses_to_be_cancelled,), "had not ended when all calls had"),
        ((takes_them_all,), "which is no order"),
    ],
    4: [
        ((both_in_threads,), "compute ran in the process that called bake_all"),
        ((computes_on_the_loop,), "compute ran in the process that called bake_all"),
        ((both_in_processes,), "ickle"),
        ((stage_by_stage,), "Order 0 was not computed before"),
        ((order_by_order,), "At most 1 of 3"),
        ((blocks_for_the_process,), "the event loop did not run for 3 s"),
        ((map_of_the_pool,), "Order 0 was not computed before"),
        ((computes_the_order,), "no attribute 'port'"),
        ((calls_it_before_the_process,), "compute ran in the process that called bake_all"),
        ((context_to_a_process,), "ickle"),
    ],
}
