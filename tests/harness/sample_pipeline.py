# A pipeline as in notebook 05, without a network. Its text can be a notebook's first cell, so it
# imports what a notebook imports.
import asyncio
from io import BytesIO

from PIL import Image

from helpers import note, watch


def paint(number):
    file = BytesIO()
    Image.new("RGB", (60, 40), (5 * number, 100, 200)).save(file, "JPEG")
    return file.getvalue()


def turn(data):
    file = BytesIO()
    Image.open(BytesIO(data)).rotate(180).save(file, "JPEG")
    return file.getvalue()


def spin(data):
    while True:
        pass


async def download(numbers, downloaded):
    for number in numbers:
        with note("download", number):
            await asyncio.sleep(0.03)
        await downloaded.put((number, paint(number)))


async def process(pool, step, downloaded, processed):
    loop = asyncio.get_running_loop()
    while item := await downloaded.get():
        number, data = item
        with note("process", number):
            data = await loop.run_in_executor(pool, step, data)
        await processed.put((number, data))


async def write(folder, processed):
    while item := await processed.get():
        number, data = item
        with note("write", number):
            await asyncio.to_thread((folder / f"{number:02}.jpg").write_bytes, data)


async def crew(count, work, *args, following=None, sentinels=0):
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(work(*args))
    for _ in range(sentinels):
        await following.put(None)


async def pipeline(plan):
    one, other = (watch(name, asyncio.Queue(maxsize=plan.bound)) for name in ("one", "other"))
    numbers = iter(range(plan.pictures))
    with plan.pool(plan.process) as pool:
        async with asyncio.TaskGroup() as group:
            group.create_task(crew(plan.download, download, numbers, one, following=one,
                                   sentinels=plan.process))  # fmt: skip
            group.create_task(crew(plan.process, process, pool, plan.step, one, other,
                                   following=other, sentinels=plan.write))  # fmt: skip
            group.create_task(crew(plan.write, write, plan.folder, other))
