"""All tasks on one event loop, in one thread."""

import asyncio

FORM = "coroutine"


def run(one, numbers, cap, beside=None):
    """Gather the coroutines ``one(number)``, at most `cap` of them past the semaphore.

    `beside` is a coroutine that runs on the same loop until the tasks are done.
    """

    async def main():
        ticker = asyncio.create_task(beside) if beside else None
        try:
            if cap >= len(numbers):
                await asyncio.gather(*(one(number) for number in numbers))
                return
            limit = asyncio.Semaphore(cap)

            async def limited(number):
                async with limit:
                    await one(number)

            await asyncio.gather(*(limited(number) for number in numbers))
        finally:
            if ticker:
                ticker.cancel()

    asyncio.run(main())
