"""One coroutine after another: each is awaited before the next is made."""

import asyncio

FORM = "coroutine"


def run(one, numbers, cap, beside=None):
    """Await `one` for each number in turn: async code, and no concurrency."""

    async def main():
        ticker = asyncio.create_task(beside) if beside else None
        try:
            for number in numbers:
                await one(number)
        finally:
            if ticker:
                ticker.cancel()

    asyncio.run(main())
