"""The chapter's example as a program: a coroutine hands a computation to a pool of threads.

python combining_script.py
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor


def sum_of_squares(count=10**6):
    """Add up the squares of all whole numbers below `count`: Python code, nothing to wait for."""
    return sum(number * number for number in range(count))


async def main():
    """Have a thread do the computation, and wait for its result without blocking the loop."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor() as pool:
        result = await loop.run_in_executor(pool, sum_of_squares)
    print(f"sum of squares: {result:,}")
    return result


if __name__ == "__main__":
    asyncio.run(main())
