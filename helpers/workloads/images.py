"""Work on a picture that the course makes itself: filter, resize, encode, a pixel loop.

Every function does the same thing `steps` times and gives back a small value that stands
for the picture it made, so that any two runs can be compared. Needs Pillow, imported when
the first picture is made.
"""

from __future__ import annotations

import random
import zlib
from functools import cache
from io import BytesIO

SIZE = 1200, 800
SMALL = 600, 400
RADIUS = 2
#: The part that the Python loop filters, at the edge of the sun: left, top, right, bottom.
CROP = 830, 140, 878, 176
QUALITY = 85


@cache
def picture():
    """A picture of `SIZE` in RGB, as from a camera: sky, sun, hills, clouds, sensor noise.

    The same on every machine to within Pillow's own rounding; made in some 50 ms. Don't
    change it: every task works on this one.
    """
    from PIL import Image, ImageDraw

    draw_of = random.Random(4)
    down = Image.linear_gradient("L").resize(SIZE)
    sky = Image.merge("RGB", [down.point(lambda v, k=k: 90 + k + v // 3) for k in (0, 40, 70)])
    clouds = Image.frombytes("L", (24, 16), draw_of.randbytes(24 * 16)).resize(SIZE, 3)
    shown = Image.composite(Image.new("RGB", SIZE, (245, 245, 250)), sky,
                            clouds.point(lambda v: max(0, v - 130)))  # fmt: skip
    draw = ImageDraw.Draw(shown)
    draw.ellipse((850, 90, 990, 230), fill=(255, 226, 150))
    for height, colour in ((420, (96, 122, 128)), (530, (70, 98, 84)), (640, (52, 72, 48))):
        ridge = [(x, height + draw_of.randint(-45, 45)) for x in range(0, SIZE[0] + 80, 80)]
        draw.polygon([(0, SIZE[1]), *ridge, (SIZE[0] + 80, SIZE[1])], fill=colour)
    noise = Image.frombytes("L", SIZE, draw_of.randbytes(SIZE[0] * SIZE[1]))
    return Image.blend(shown, Image.merge("RGB", [noise] * 3), 0.06)


@cache
def crop():
    """The part of the picture for the Python loop, in shades of grey."""
    return picture().crop(CROP).convert("L")


def box_filter_ready() -> None:
    """Make both pictures, and have Pillow load what it loads late."""
    from PIL import JpegImagePlugin  # noqa: F401 - a codec is imported at its first use

    box_filter(crop())


def box_filter(image):
    """Pillow's box filter: every pixel becomes the mean of the 5 × 5 around it."""
    from PIL import ImageFilter

    return image.filter(ImageFilter.BoxBlur(RADIUS))


def box_filter_in_python(pixels: bytes, width: int, height: int) -> bytes:
    """The same filter as a loop over the inner pixels of a grey picture."""
    near, count = range(-RADIUS, RADIUS + 1), (2 * RADIUS + 1) ** 2
    result = bytearray(pixels)
    for y in range(RADIUS, height - RADIUS):
        for x in range(RADIUS, width - RADIUS):
            total = 0
            for down in near:
                at = (y + down) * width + x
                total += sum(pixels[at - RADIUS : at + RADIUS + 1])
            result[y * width + x] = (total + count // 2) // count
    return bytes(result)


def largest_difference() -> int:
    """By how many of 256 levels the two filters differ at most, on the inner pixels."""
    image = crop()
    width, height = image.size
    theirs = box_filter(image).tobytes()
    ours = box_filter_in_python(image.tobytes(), width, height)
    inner = range(RADIUS, width - RADIUS)
    rows = range(RADIUS, height - RADIUS)
    return max(abs(theirs[y * width + x] - ours[y * width + x]) for y in rows for x in inner)


# --- the work itself -------------------------------------------------------------------


def blur(steps: int) -> int:
    """Filter the whole picture `steps` times; a checksum of the result."""
    image = picture()
    for _ in range(steps):
        result = box_filter(image)
    return zlib.crc32(result.tobytes())


def resize(steps: int) -> int:
    """Make the picture half as wide and high, `steps` times, with a Lanczos filter."""
    from PIL import Image

    image = picture()
    for _ in range(steps):
        result = image.resize(SMALL, Image.Resampling.LANCZOS)
    return zlib.crc32(result.tobytes())


def encode(steps: int) -> int:
    """Encode the picture as JPEG into memory, `steps` times; a checksum of the file."""
    image = picture()
    for _ in range(steps):
        file = BytesIO()
        image.save(file, "JPEG", quality=QUALITY)
    return zlib.crc32(file.getvalue())


def pixel_loop(steps: int) -> int:
    """Filter the small grey crop in a Python loop, `steps` times; a checksum."""
    image = crop()
    pixels = image.tobytes()
    for _ in range(steps):
        result = box_filter_in_python(pixels, *image.size)
    return zlib.crc32(result)
