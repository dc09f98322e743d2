"""Pictures to send, and the pixels of what comes back."""

import io
import zlib

from PIL import Image

EXTENSIONS = "/api/v4/extensions/"
OF = f"{EXTENSIONS}word-tally/images/"
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def picture(
    size: tuple[int, int] = (96, 96), colour=RED, kind: str = "PNG", mode: str = "RGB", **options
) -> bytes:
    """A picture of one colour."""
    return encoded(Image.new(mode, size, colour), kind, **options)


def opened(data: bytes) -> Image.Image:
    found = Image.open(io.BytesIO(data))
    found.load()
    return found


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png(
    width: int, height: int, packed: bytes, *chunks: bytes, colour_type: int = 2, depth: int = 8
) -> bytes:
    """A PNG file whose header may say anything; ``packed`` are its deflated rows."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([depth, colour_type, 0, 0, 0])
    parts = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", packed), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
