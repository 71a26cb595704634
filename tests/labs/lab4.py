"""Lab 4: right solutions, and wrong ones with a word that the finding must hold."""

import functools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed


def in_a_cell(source, name):
    """A function as a cell defines it: of `__main__`, where a worker process has none."""
    namespace = {"__name__": "__main__", "ProcessPoolExecutor": ProcessPoolExecutor}
    exec(source, namespace)
    return namespace[name]


# --- step 1 ------------------------------------------------------------------------------


def pmap(function, items, workers):
    pool = ProcessPoolExecutor(max_workers=workers)
    with pool:
        return list(pool.map(function, items))


def with_submit(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        futures = [pool.submit(function, item) for item in items]
    return [future.result() for future in futures]


def shut_down_by_hand(function, items, workers):
    pool = ProcessPoolExecutor(workers)
    try:
        return list(pool.map(function, items))
    finally:
        pool.shutdown()


def by_index(function, items, workers):
    results = [None] * len(items)
    with ProcessPoolExecutor(workers) as pool:
        numbers = {pool.submit(function, item): k for k, item in enumerate(items)}
        for future in as_completed(numbers):
            results[numbers[future]] = future.result()
    return results


def the_other_pool(function, items, workers):
    with multiprocessing.Pool(workers) as pool:
        return pool.map(function, items, chunksize=1)


def spawned(function, items, workers):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        return list(pool.map(function, items))


pmap_of_a_cell = in_a_cell(
    """
def pmap_of_a_cell(function, items, workers):
    with ProcessPoolExecutor(max_workers=workers) as pool:
        return list(pool.map(function, items))
""",
    "pmap_of_a_cell",
)


def threads(function, items, workers):
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))


def plain_loop(function, items, workers):
    return [function(item) for item in items]


def called_too_soon(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        futures = [pool.submit(function(item)) for item in items]
    return [future.result() for future in futures]


def result_in_the_loop(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        return [pool.submit(function, item).result() for item in items]


def a_pool_for_each(function, items, workers):
    results = []
    for item in items:
        with ProcessPoolExecutor(workers) as pool:
            results.append(pool.submit(function, item).result())
    return results


def a_lambda(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(lambda item: function(item), items))


def a_nested_function(function, items, workers):
    def one(item):
        return function(item)

    with ProcessPoolExecutor(workers) as pool:
        return [future.result() for future in [pool.submit(one, item) for item in items]]


a_function_of_a_cell = in_a_cell(
    """
def one(pair):
    return pair[0](pair[1])

def a_function_of_a_cell(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(one, [(function, item) for item in items]))
""",
    "a_function_of_a_cell",
)


def never_shut_down(function, items, workers):
    pool = ProcessPoolExecutor(workers)
    return list(pool.map(function, items))


def shut_down_without_waiting(function, items, workers):
    pool = ProcessPoolExecutor(workers)
    results = list(pool.map(function, items))
    pool.shutdown(wait=False)
    return results


def in_order_of_ending(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        futures = [pool.submit(function, item) for item in items]
        return [future.result() for future in as_completed(futures)]


def unordered(function, items, workers):
    with multiprocessing.Pool(workers) as pool:
        return list(pool.imap_unordered(function, items))


def done_callbacks(function, items, workers):
    results = []
    with ProcessPoolExecutor(workers) as pool:
        for item in items:
            future = pool.submit(function, item)
            future.add_done_callback(lambda future: results.append(future.result()))
    return results


def default_size(function, items, workers):
    with ProcessPoolExecutor() as pool:
        return list(pool.map(function, items))


def one_for_each_item(function, items, workers):
    with ProcessPoolExecutor(len(items)) as pool:
        return list(pool.map(function, items))


def one_large_chunk(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, items, chunksize=len(items)))


def a_generator(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        return pool.map(function, items)


def futures_back(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        return [pool.submit(function, item) for item in items]


def nothing_back(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(function, items))


def nothing_done(function, items, workers):
    with ProcessPoolExecutor(workers):
        return list(items)


def too_few(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, items[:workers]))


def processes_by_hand(function, items, workers):
    started = [multiprocessing.Process(target=function, args=[item]) for item in items]
    for process in started:
        process.start()
    for process in started:
        process.join()
    return items


def waits_for_ever(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(function, items))
        multiprocessing.Event().wait()


# --- step 2 ------------------------------------------------------------------------------

RIGHT_ORDER = "D F G H A B C I J"
OTHER_ORDER = "D F B G H A C I J"
RESULT_IN_THE_LOOP = "D F B H E J"
ORDER_OF_ENDING = "D F G H A B K I J"
NO_RESULTS = "D F G H A B J"
COLLECTED_AT_ONCE = "D F G B H A C I J"
NO_RETURN = "D F G H A B C I"
NO_POOL = "D G H A B C I J"
NO_FUTURES = "D F H A B C I J"

# --- step 3 ------------------------------------------------------------------------------


def pmap_kept(function, items, workers, keep, shared):
    with ProcessPoolExecutor(workers, initializer=keep, initargs=(shared,)) as pool:
        return list(pool.map(function, items))


def kept_with_submit(function, items, workers, keep, shared):
    with ProcessPoolExecutor(workers, None, keep, [shared]) as pool:
        futures = [pool.submit(function, item) for item in items]
        return [future.result() for future in futures]


def kept_by_a_partial(function, items, workers, keep, shared):
    start = functools.partial(keep, shared)
    with ProcessPoolExecutor(workers, initializer=start) as pool:
        return list(pool.map(function, items))


def kept_in_the_other_pool(function, items, workers, keep, shared):
    with multiprocessing.Pool(workers, keep, (shared,)) as pool:
        return pool.map(function, items, chunksize=1)


def kept_in_spawned(function, items, workers, keep, shared):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, keep, (shared,)) as pool:
        return list(pool.map(function, items))


def kept_here(function, items, workers, keep, shared):
    keep(shared)
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, items))


def kept_by_the_call(function, items, workers, keep, shared):
    with ProcessPoolExecutor(workers, initializer=keep(shared)) as pool:
        return list(pool.map(function, items))


def not_kept(function, items, workers, keep, shared):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, items))


def kept_with_each_item(function, items, workers, keep, shared):
    with ProcessPoolExecutor(workers) as pool:
        futures = []
        for item in items:
            pool.submit(keep, shared)
            futures.append(pool.submit(function, item))
        return [future.result() for future in futures]


def kept_by_tasks(function, items, workers, keep, shared):
    with ProcessPoolExecutor(workers) as pool:
        for _ in range(workers):
            pool.submit(keep, shared)
        return list(pool.map(function, items))


def kept_by_map(function, items, workers, keep, shared):
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(keep, [shared] * workers))
        return list(pool.map(function, items))


def no_comma(function, items, workers, keep, shared):
    with ProcessPoolExecutor(workers, initializer=keep, initargs=(shared)) as pool:
        return list(pool.map(function, items))


def no_arguments(function, items, workers, keep, shared):
    with ProcessPoolExecutor(workers, initializer=keep) as pool:
        return list(pool.map(function, items))


def kept_by_a_lambda(function, items, workers, keep, shared):
    def one(item):
        keep(shared)
        return function(item)

    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(one, items))


def kept_in_threads(function, items, workers, keep, shared):
    with ThreadPoolExecutor(workers, initializer=keep, initargs=(shared,)) as pool:
        return list(pool.map(function, items))


def kept_and_left(function, items, workers, keep, shared):
    pool = ProcessPoolExecutor(workers, initializer=keep, initargs=(shared,))
    return list(pool.map(function, items))


def shared_with_each_item(function, items, workers, keep, shared):
    with ProcessPoolExecutor(workers, initializer=keep, initargs=(shared,)) as pool:
        futures = [pool.submit(function, item, shared) for item in items]
        return [future.result() for future in futures]


# --- step 4 ------------------------------------------------------------------------------


def pmap_chunks(function, items, workers, size):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, items, chunksize=size))


def chunks_in_the_other_pool(function, items, workers, size):
    with multiprocessing.Pool(workers) as pool:
        return pool.map(function, items, size)


def one_by_one(function, items, workers, size):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, items))


def a_share_for_each_worker(function, items, workers, size):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, items, chunksize=-(-len(items) // workers)))


def all_in_one(function, items, workers, size):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, items, chunksize=len(items)))


def smaller_chunks(function, items, workers, size):
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, items, chunksize=workers))


def chunks_by_a_nested_function(function, items, workers, size):
    def some(chunk):
        return [function(item) for item in chunk]

    chunks = [items[k : k + size] for k in range(0, len(items), size)]
    with ProcessPoolExecutor(workers) as pool:
        return [one for some_ in pool.map(some, chunks) for one in some_]


def chunks_in_threads(function, items, workers, size):
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items, chunksize=size))


def the_rest_is_lost(function, items, workers, size):
    whole = items[: len(items) // size * size] + [0] * 5
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, whole, chunksize=size))


def chunks_left(function, items, workers, size):
    pool = ProcessPoolExecutor(workers)
    return list(pool.map(function, items, chunksize=size))


#: By step: the right solutions, and the wrong ones with what the finding must say of them.
RIGHT = {
    1: [
        (pmap,),
        (with_submit,),
        (shut_down_by_hand,),
        (by_index,),
        (the_other_pool,),
        (spawned,),
        (pmap_of_a_cell,),
    ],
    2: [(RIGHT_ORDER,), (OTHER_ORDER,), (COLLECTED_AT_ONCE,)],
    3: [
        (pmap_kept,),
        (kept_with_submit,),
        (kept_by_a_partial,),
        (kept_in_the_other_pool,),
        (kept_in_spawned,),
    ],
    4: [(pmap_chunks,), (chunks_in_the_other_pool,)],
}
WRONG = {
    1: [
        ((threads,), "was done in the process that called pmap"),
        ((plain_loop,), "was done in the process that called pmap"),
        ((called_too_soon,), "was done in the process that called pmap"),
        ((result_in_the_loop,), "At most 1 of"),
        ((a_pool_for_each,), "processes worked; workers was"),
        ((a_lambda,), "lambda"),
        ((a_nested_function,), "a_nested_function.<locals>.one"),
        ((a_function_of_a_cell,), "__main__"),
        ((never_shut_down,), "still there"),
        ((shut_down_without_waiting,), "still there"),
        ((in_order_of_ending,), "order in which the calls ended"),
        ((unordered,), "order in which the calls ended"),
        ((done_callbacks,), "order in which the calls ended"),
        ((default_size,), "workers"),
        ((one_for_each_item,), "7 processes worked; workers was"),
        ((one_large_chunk,), "At most 1 of"),
        ((a_generator,), "it gives a list"),
        ((futures_back,), "gave futures"),
        ((nothing_back,), "gave None"),
        ((nothing_done,), "did none of the items"),
        ((too_few,), "results for 7 items"),
        ((processes_by_hand,), "7 processes worked; workers was"),
        ((waits_for_ever,), "multiprocessing.Event().wait()"),
    ],
    2: [
        ((RESULT_IN_THE_LOOP,), "At most 1 of"),
        ((ORDER_OF_ENDING,), "order in which the calls ended"),
        ((NO_RESULTS,), "gave 0 results for 7 items"),
        ((NO_RETURN,), "gave None"),
        ((NO_POOL,), "no program"),
        ((NO_FUTURES,), "NameError"),
    ],
    3: [
        ((kept_here,), "keep was called in the process that called"),
        ((kept_by_the_call,), "keep was called in the process that called"),
        ((not_kept,), "keep(shared) was not called in this process"),
        ((kept_with_each_item,), "keep"),
        ((kept_by_tasks,), "keep"),
        ((kept_by_map,), "keep"),
        ((no_comma,), "BrokenProcessPool"),
        ((no_arguments,), "BrokenProcessPool"),
        ((kept_by_a_lambda,), "kept_by_a_lambda.<locals>.one"),
        ((kept_in_threads,), "was done in the process that called"),
        ((kept_and_left,), "still there"),
        ((shared_with_each_item,), "TypeError"),
    ],
    4: [
        ((one_by_one,), "205 round trips"),
        ((a_share_for_each_worker,), "2 round trips"),
        ((all_in_one,), "At most 1 of"),
        ((smaller_chunks,), "103 round trips"),
        ((chunks_by_a_nested_function,), "<locals>.some"),
        ((chunks_in_threads,), "was done in the process that called"),
        ((the_rest_is_lost,), "Result 200 is 0"),
        ((chunks_left,), "still there"),
    ],
}
