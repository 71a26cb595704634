"""Lab 1: right solutions, and wrong ones with a word that the finding must hold."""

import threading
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

# --- step 1 ------------------------------------------------------------------------------


def start_all(jobs):
    threads = [Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def with_a_pool(jobs):
    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(lambda job: job(), jobs))


def watching(jobs):
    import time

    threads = [Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.01)


def run_not_start(jobs):
    for thread in [Thread(target=job) for job in jobs]:
        thread.run()


def called_too_soon(jobs):
    threads = [Thread(target=job()) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def join_in_the_same_loop(jobs):
    for job in jobs:
        thread = Thread(target=job)
        thread.start()
        thread.join()


def no_join(jobs):
    for job in jobs:
        Thread(target=job).start()


def joined_the_last_only(jobs):
    threads = [Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    threads[0].join(0)


def never_started(jobs):
    [Thread(target=job) for job in jobs]


def twice(jobs):
    threads = [Thread(target=job) for job in jobs for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def joined_before_started(jobs):
    threads = [Thread(target=job) for job in jobs]
    for thread in threads:
        thread.join()


def waits_for_itself(jobs):
    for job in jobs:
        Thread(target=job).start()
    threading.Event().wait()


# --- step 2 ------------------------------------------------------------------------------

RIGHT_ORDER = "E I H A J C D F G B"
OTHER_RIGHT_ORDER = "EIHAJFDCGB"
COMPLETION_ORDER = "E I H K J C D F G B"
JOIN_AT_ONCE = "E I H A J C D G B"
NO_JOIN = "E I H A J C D B"
DEF_LAST = "I H A J C D F G B E"
BAD_INDENT = "E I A H J C D F G B"
UNKNOWN_LETTER = "E I H Z"
TWICE = "E E I"
NO_LETTERS = ""
NOTHING_BACK = "E I H A J C D F G"

# --- step 3 ------------------------------------------------------------------------------


def run_all(jobs):
    with ThreadPoolExecutor(len(jobs)) as pool:
        futures = [pool.submit(job) for job in jobs]
    return [future.result() for future in futures]


def run_all_by_hand(jobs):
    results, errors = [None] * len(jobs), [None] * len(jobs)

    def keep(number, job):
        try:
            results[number] = job()
        except Exception as error:
            errors[number] = error

    threads = [Thread(target=keep, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        if error:
            raise error
    return results


def in_order_of_ending(jobs):
    results = []

    def keep(job):
        results.append(job())

    threads = [Thread(target=keep, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def exceptions_lost(jobs):
    results = [None] * len(jobs)

    def keep(number, job):
        results[number] = job()

    threads = [Thread(target=keep, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def late_binding(jobs):
    results = [None] * len(jobs)
    threads = []
    for number, job in enumerate(jobs):

        def keep(job=job):
            results[number] = job()  # noqa: B023 - the mistake that the check must see

        threads.append(Thread(target=keep))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def one_after_the_other(jobs):
    return [job() for job in jobs]


def submit_and_wait(jobs):
    with ThreadPoolExecutor(len(jobs)) as pool:
        return [pool.submit(job).result() for job in jobs]


def raised_too_soon(jobs):
    pool = ThreadPoolExecutor(len(jobs))
    failed = threading.Event()
    first = []

    def watched(job):
        try:
            return job()
        except Exception as error:
            first.append(error)
            failed.set()
            raise

    futures = [pool.submit(watched, job) for job in jobs]
    pool.submit(lambda: None)
    while not failed.is_set() and not all(future.done() for future in futures):
        failed.wait(0.01)
    if first:
        raise first[0]
    return [future.result() for future in futures]


def exceptions_as_results(jobs):
    with ThreadPoolExecutor(len(jobs)) as pool:
        futures = [pool.submit(job) for job in jobs]
    return [future.exception() or future.result() for future in futures]


# --- step 4 ------------------------------------------------------------------------------


def run_limited(jobs, limit):
    with ThreadPoolExecutor(limit) as pool:
        return list(pool.map(lambda job: job(), jobs))


def with_a_semaphore(jobs, limit):
    permits, results = threading.Semaphore(limit), [None] * len(jobs)

    def keep(number, job):
        with permits:
            results[number] = job()

    threads = [Thread(target=keep, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def no_limit(jobs, limit):
    return run_all(jobs)


def permit_not_around_the_job(jobs, limit):
    permits, results = threading.Semaphore(limit), [None] * len(jobs)

    def keep(number, job):
        with permits:
            pass
        results[number] = job()

    threads = [Thread(target=keep, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def never_given_back(jobs, limit):
    permits, results = threading.Semaphore(limit), [None] * len(jobs)

    def keep(number, job):
        permits.acquire()
        results[number] = job()

    threads = [Thread(target=keep, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


#: By step: the right solutions, and the wrong ones with what the finding must say of them.
RIGHT = {
    1: [(start_all,), (with_a_pool,), (watching,)],
    2: [(RIGHT_ORDER,), (OTHER_RIGHT_ORDER,)],
    3: [(run_all,), (run_all_by_hand,)],
    4: [(run_limited,), (with_a_semaphore,)],
}
WRONG = {
    1: [
        ((run_not_start,), "in the thread that called"),
        ((called_too_soon,), "in the thread that called"),
        ((join_in_the_same_loop,), "at most 1 of 4"),
        ((no_join,), "still in progress"),
        ((joined_the_last_only,), "still in progress"),
        ((never_started,), "ran 0 of 4"),
        ((twice,), "2 times"),
        ((joined_before_started,), "cannot join thread before it is started"),
        ((waits_for_itself,), "threading.Event().wait()"),
    ],
    2: [
        ((COMPLETION_ORDER,), "in which the jobs ended"),
        ((JOIN_AT_ONCE,), "at most 1 of 4"),
        ((NO_JOIN,), "still in progress"),
        ((DEF_LAST,), "no program"),
        ((BAD_INDENT,), "no program"),
        ((UNKNOWN_LETTER,), "no line Z"),
        ((TWICE,), "E stands there twice"),
        ((NO_LETTERS,), "don't define results_of"),
        ((NOTHING_BACK,), "gave None"),
    ],
    3: [
        ((in_order_of_ending,), "in which the jobs ended"),
        ((exceptions_lost,), "Job 1 raised ValueError"),
        ((late_binding,), "not ['loaf 0'"),
        ((one_after_the_other,), "in the thread that called"),
        ((submit_and_wait,), "at most 1 of 4"),
        ((raised_too_soon,), "still in progress"),
        ((exceptions_as_results,), "Job 1 raised ValueError"),
    ],
    4: [
        ((no_limit,), "the limit was 3"),
        ((permit_not_around_the_job,), "the limit was 3"),
        ((one_after_the_other,), "1 positional argument"),
        ((never_given_back,), "had not ended"),
    ],
}
