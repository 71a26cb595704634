"""A pool of threads."""

from concurrent.futures import ThreadPoolExecutor

FORM = "blocking"


def run(one, numbers, cap):
    """Submit every task to a pool of `cap` threads, and wait for all."""
    with ThreadPoolExecutor(max_workers=cap) as pool:
        futures = [pool.submit(one, number) for number in numbers]
        for future in futures:
            future.result()
