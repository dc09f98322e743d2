"""Having a picture made, by a process that lives for this one picture (``child``)."""

import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson

from registry.pictures.formats import PictureRefused, kind_of

_CHILD = Path(__file__).with_name("child.py")
# Of address space: what Python and Pillow take before they see a picture, and what they take for each pixel of it,
# which is there at most five times over with four bytes each.
_MEMORY, _MEMORY_OF_PIXEL = 256 * 1024 * 1024, 20
_HEAD_BYTES = 10_000
# How a decoder ends that a picture has led astray, beside using up its time.
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGXFSZ)


class PictureBroken(Exception):
    """The process ended for a reason that has nothing to do with the picture; try again."""


@dataclass(frozen=True, slots=True)
class Made:
    """One file made of a picture; ``name`` is its width for an icon, ``full`` or ``thumbnail`` for a screenshot."""

    name: str
    suffix: str
    width: int
    height: int
    data: bytes


def make(data: bytes, role: str, *, pixels: int, seconds: int) -> list[Made]:
    """The files that are served of a picture: ``role`` is ``icon`` or ``screenshot``.

    At most ``pixels`` are decoded, in at most ``seconds`` of processor time. Raises PictureRefused, which is for
    the picture's owner, and PictureBroken.
    """
    kind = kind_of(data)
    memory = _MEMORY + pixels * _MEMORY_OF_PIXEL
    program = [sys.executable, "-I", str(_CHILD), kind, role, *map(str, (pixels, seconds, memory))]
    with tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                program,
                input=data,
                stdout=answer,
                stderr=subprocess.PIPE,
                timeout=3 * seconds,
                check=False,
                cwd="/",
                env={},
            )
        except subprocess.TimeoutExpired:
            raise _too_costly() from None
        if -done.returncode == signal.SIGXCPU:
            raise _too_costly()
        if -done.returncode in _CRASHES:
            raise PictureRefused("PICTURE_UNREADABLE", "The picture is damaged: its decoder gave up.")
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
            raise PictureBroken(f"The process that makes pictures ended with {done.returncode}: {said}")
        return _read(answer)


def _read(answer: IO[bytes]) -> list[Made]:
    answer.seek(0)
    head = orjson.loads(answer.readline(_HEAD_BYTES))
    if "refused" in head:
        raise PictureRefused(*head["refused"])
    return [
        Made(item["name"], item["suffix"], item["width"], item["height"], answer.read(item["bytes"]))
        for item in head["files"]
    ]


def _too_costly() -> PictureRefused:
    return PictureRefused(
        "PICTURE_TOO_COSTLY",
        "This picture takes more time to read than is allowed. Save it anew, or smaller.",
    )
