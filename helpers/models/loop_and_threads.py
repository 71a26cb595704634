"""An event loop that hands the blocking form to threads."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

FORM = "blocking"


def run(one, numbers, cap, beside=None):
    """Gather ``asyncio.to_thread(one, number)``; the loop's own pool has `cap` threads."""

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(max_workers=cap))
        ticker = asyncio.create_task(beside) if beside else None
        try:
            await asyncio.gather(*(asyncio.to_thread(one, number) for number in numbers))
        finally:
            if ticker:
                ticker.cancel()

    asyncio.run(main())
