"""Pictures that the web server offers: landscapes made from a number and a seed.

Needs Pillow, imported when the first picture is made.
"""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageDraw

Colour = tuple[int, int, int]

SIZE = 720, 480
QUALITY = 88


def scene(number: int, seed: int = 0) -> bytes:
    """Picture `number` as a JPEG of `SIZE`: the same for the same number and seed.

    Sky, sun or moon, and one of five grounds: hills, the sea, a town, a wood, a meadow.
    Sizes differ with what is shown, some 20 to 100 KB. Made in about 20 ms.
    """
    from PIL import Image, ImageDraw

    of = Random(f"{seed} {number}")
    width, height = SIZE
    night = of.random() < 0.3
    tint = of.uniform(0, 1)
    high = (
        _mixed((18, 24, 58), (44, 38, 84), tint)
        if night
        else _mixed((70, 130, 210), (206, 106, 92), tint)
    )
    low = (
        _mixed((60, 66, 110), (104, 84, 120), tint)
        if night
        else _mixed((205, 228, 245), (252, 214, 150), tint)
    )
    down = Image.linear_gradient("L").resize(SIZE)
    shown = Image.composite(Image.new("RGB", SIZE, low), Image.new("RGB", SIZE, high), down)
    if not night:
        clouds = Image.frombytes("L", (18, 12), of.randbytes(18 * 12)).resize(SIZE, 3)
        shown.paste((248, 246, 246), None, clouds.point(lambda v: max(0, v - 150)))
    draw = ImageDraw.Draw(shown)
    if night:
        for _ in range(120):
            x, y = of.randrange(width), of.randrange(height * 2 // 3)
            draw.point((x, y), fill=(235, 235, 220))
    x, y, size = of.randint(80, width - 80), of.randint(50, 170), of.randint(22, 55)
    light = (240, 240, 225) if night else (255, 236, 168)
    draw.ellipse((x - size, y - size, x + size, y + size), fill=light)
    of.choice((_hills, _sea, _town, _wood, _meadow))(draw, of, low, x, night)
    noise = Image.frombytes("L", SIZE, of.randbytes(width * height))
    shown = Image.blend(shown, Image.merge("RGB", [noise] * 3), 0.04)
    file = BytesIO()
    shown.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _ridge(
    draw: ImageDraw.ImageDraw, of: Random, base: int, rough: int, step: int, colour: Colour
) -> None:
    """A filled outline from the left edge to the right one, some `base` pixels down."""
    width, height = SIZE
    line = [(x, base + of.randint(-rough, rough)) for x in range(0, width + step, step)]
    draw.polygon([(0, height), *line, (width + step, height)], fill=colour)


def _hills(draw: ImageDraw.ImageDraw, of: Random, low: Colour, x: int, night: bool) -> None:
    near = of.choice(((44, 66, 40), (84, 56, 42), (36, 54, 78)))
    for k, base in enumerate((270, 330, 390, 440)):
        _ridge(draw, of, base, 46 - 9 * k, of.choice((60, 90, 120)), _mixed(low, near, 0.4 + k / 5))


def _sea(draw: ImageDraw.ImageDraw, of: Random, low: Colour, x: int, night: bool) -> None:
    width, height = SIZE
    deep = (14, 32, 66) if night else of.choice(((30, 92, 130), (24, 116, 118)))
    top = of.randint(250, 300)
    for y in range(top, height, 4):
        draw.rectangle((0, y, width, y + 4), fill=_mixed(low, deep, 0.45 + 0.5 * (y - top) / 230))
    for _ in range(160):  # the light on the water
        y = of.randint(top, height)
        spread = 12 + (y - top) // 2
        a = x + of.randint(-spread, spread)
        draw.line((a, y, a + of.randint(6, 26), y), fill=_mixed(low, (255, 255, 240), 0.6), width=2)
    a, y = of.randint(60, width - 160), top + of.randint(12, 60)
    draw.polygon([(a, y), (a + 76, y), (a + 60, y + 18), (a + 14, y + 18)], fill=(70, 44, 36))
    draw.polygon([(a + 36, y - 4), (a + 36, y - 74), (a + 74, y - 8)], fill=(240, 236, 226))


def _town(draw: ImageDraw.ImageDraw, of: Random, low: Colour, x: int, night: bool) -> None:
    width, height = SIZE
    for k, (far, base) in enumerate(((0.35, 250), (0.75, 300))):
        a = -of.randint(0, 40)
        while a < width:
            wide, top = of.randint(44, 96), base + of.randint(-90, 60)
            wall = _mixed(low, of.choice(((48, 50, 66), (112, 72, 60), (128, 118, 100))), far)
            draw.rectangle((a, top, a + wide, height), fill=wall)
            for wx in range(a + 8, a + wide - 10, 16):
                for wy in range(top + 10, height - 20, 22):
                    lit = k and of.random() < (0.55 if night else 0.2)
                    glass = (255, 220, 130) if lit else _mixed(wall, (20, 24, 34), 0.35)
                    draw.rectangle((wx, wy, wx + 7, wy + 11), fill=glass)
            a += wide + of.randint(0, 6)


def _wood(draw: ImageDraw.ImageDraw, of: Random, low: Colour, x: int, night: bool) -> None:
    width = SIZE[0]
    _ridge(draw, of, 330, 14, 90, _mixed(low, (58, 70, 44), 0.7))
    for k in range(46):
        base, a = 340 + k * 3, of.randint(-20, width + 20)
        tall, wide = of.randint(70, 130) + k, of.randint(18, 30) + k // 3
        green = _mixed(low, of.choice(((22, 56, 36), (34, 74, 42), (92, 84, 30))), 0.5 + k / 95)
        for part in range(3):
            top = base - tall + part * tall // 4
            half = wide * (part + 2) // 4
            draw.polygon([(a, top), (a - half, top + tall // 2), (a + half, top + tall // 2)],
                         fill=green)  # fmt: skip
        draw.rectangle((a - 3, base - tall // 8, a + 3, base + 6), fill=(66, 46, 34))


def _meadow(draw: ImageDraw.ImageDraw, of: Random, low: Colour, x: int, night: bool) -> None:
    width, height = SIZE
    _ridge(draw, of, 250, 26, 120, _mixed(low, (70, 98, 92), 0.6))
    _ridge(draw, of, 310, 10, 180, _mixed(low, (76, 122, 52), 0.8))
    petals = of.sample([(214, 48, 62), (246, 206, 60), (238, 238, 244), (146, 84, 190),
                        (240, 128, 54)], 2)  # fmt: skip
    for k in range(700):
        y = 318 + int((height - 318) * (k / 700) ** 1.5)
        a, size = of.randrange(width), 2 + (y - 318) // 26
        draw.ellipse((a - size, y - size, a + size, y + size), fill=of.choice(petals))
