"""The program that decodes one picture; run by ``process``, by its path, never imported.

It stands alone: the standard library and Pillow, nothing of the registry. Arguments: what the picture is (``png``,
``jpeg``, ``webp``), what it is for (``icon``, ``screenshot``), the most pixels, seconds and bytes of memory. The
picture is read from standard input. Out comes one line of JSON, then the files that it describes, one after
the other:

    {"files": [{"name": "128", "suffix": "png", "width": 128, "height": 128, "bytes": 4711}, …]}
    {"refused": ["CODE", "what is wrong"]}
"""

import io
import json
import resource
import signal
import sys
import warnings

from PIL import Image, ImageCms

ICONS = (32, 64, 128)
FULL, THUMBNAIL = 1600, 320
# Smaller files gain nothing that anybody sees.
QUALITY = 85
DEEP_GREY = ("I", "F")
# EXIF's tag, and what undoes each of its values.
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Refused(Exception):
    pass


def main(kind, role, most_pixels, seconds, memory):
    try:
        data = sys.stdin.buffer.read()
        limit(seconds, memory)
        picture = read(data, kind, most_pixels, max(ICONS) if role == "icon" else FULL)
        files = icons(picture) if role == "icon" else screenshots(picture)
        head, bodies = {"files": [about for about, _ in files]}, [body for _, body in files]
    except Refused as refused:
        head, bodies = {"refused": list(refused.args)}, []
    except MemoryError:
        said = "This picture takes more memory to read than is allowed. Send a smaller one."
        head, bodies = {"refused": ["PICTURE_TOO_COSTLY", said]}, []
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n")
    for body in bodies:
        sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()


def limit(seconds, memory):
    """What this process may use; the kernel ends it where Python cannot."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    # Nobody may be there any more to stop it.
    signal.alarm(3 * seconds)


def read(data, kind, most_pixels, wanted):
    """The pixels alone, RGB or RGBA in sRGB, upright; perhaps shrunk already, but not below ``wanted``."""
    picture = decoded(data, kind, most_pixels, wanted)
    profile, turn = picture.info.get("icc_profile"), orientation(picture)
    picture = plain(picture)
    factor = max(picture.size) // (2 * wanted)
    if factor > 1 and picture.mode != "RGBA":  # what is transparent must not shine through
        picture = picture.reduce(factor)
    if profile:
        picture = converted(picture, profile)
    if picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGB")
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean.transpose(TURNS[turn]) if turn in TURNS else clean


def decoded(data, kind, most_pixels, wanted):
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # the size is looked at here, before anything is decoded
    try:
        picture = Image.open(io.BytesIO(data), formats=[kind.upper()])
        width, height = picture.size
        if width * height > most_pixels:
            said = f"The picture has {width} by {height} pixels; at most {most_pixels} in all are read."
            raise Refused("PICTURE_TOO_LARGE", said)
        if kind == "jpeg":
            picture.draft(None, (2 * wanted, 2 * wanted))
        picture.load()
    except (Refused, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - decoders raise all there is
        raise Refused("PICTURE_UNREADABLE", "The picture is damaged or cut off. Save it anew.") from None
    return picture


def plain(picture):
    """In a mode whose samples are bytes of one colour each, transparency in a band of its own."""
    if picture.mode.startswith(DEEP_GREY):
        # 16 bits of grey, which Pillow would cut off at 255.
        picture = picture.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    return picture if picture.mode in ("L", "RGB", "CMYK") else picture.convert("RGB")


def converted(picture, profile):
    """By its ICC profile; a profile that cannot be used is ignored, as browsers do."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        mode = "RGBA" if picture.mode == "RGBA" else "RGB"
        done = ImageCms.profileToProfile(picture, source, target, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    return done or picture


def orientation(picture):
    """What EXIF says, 1 to 8; damaged EXIF says nothing."""
    try:
        return picture.getexif().get(ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - as above
        return 1


def fitted(picture, most):
    """No wider and no higher than that; never enlarged."""
    scale = min(1, most / max(picture.size))
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    if size == picture.size:
        return picture
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)


def icons(picture):
    longest, files = max(picture.size), []
    for size in ICONS:
        small = fitted(picture, size).convert("RGBA")
        square = Image.new("RGBA", (size, size), (0, 0, 0, 0))
        square.paste(small, ((size - small.width) // 2, (size - small.height) // 2))
        files.append(encoded(str(size), square, "png", optimize=True))
        if longest <= size:
            break
    return files


def screenshots(picture):
    return [
        encoded(name, fitted(picture, most), "webp", quality=QUALITY, method=4)
        for name, most in (("full", FULL), ("thumbnail", THUMBNAIL))
    ]


def encoded(name, picture, suffix, **options):
    file = io.BytesIO()
    picture.save(file, suffix.upper(), **options)
    about = {"name": name, "suffix": suffix, "width": picture.width, "height": picture.height}
    return about | {"bytes": file.tell()}, file.getvalue()


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
