"""How large, how many and how deep a file of test results may be."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one upload of results; sizes are in bytes, ids and messages in characters.

    ``wire_bytes`` is what may be sent, ``form_bytes`` what may be sent as an urlencoded field,
    ``unpacked_bytes`` what may come out of gzip; ``ratio`` is judged where more than ``ratio_from`` bytes do.
    ``message_chars``, ``detail_bytes`` and ``producer_chars`` cut, ``attachment_bytes`` and ``attachments_bytes`` (of a
    whole upload) leave out, and so does ``attachments``, their number; all other caps refuse. ``stray_bytes`` is what
    may stand between the packets or lines of a stream. ``token_bytes`` is one tag or value of XML or JSON, or one line
    of text; ``depth`` is theirs. ``events`` are the packets, lines or elements of a file, and what bounds the time that
    reading it may take; ``pieces`` are those that the texts and files of one test come in.
    """

    wire_bytes: int = 32 * MIB
    form_bytes: int = 2 * MIB
    unpacked_bytes: int = 64 * MIB
    ratio: int = 100
    ratio_from: int = MIB
    tests: int = 100_000
    id_chars: int = 1024
    tags: int = 20
    tag_chars: int = 255
    message_chars: int = 1024
    producer_chars: int = 100
    detail_bytes: int = 64 * KIB
    attachment_bytes: int = MIB
    attachments_bytes: int = 16 * MIB
    attachments: int = 1000
    stray_bytes: int = 64 * KIB
    token_bytes: int = MIB
    depth: int = 64
    pieces: int = 10_000
    events: int = 2_000_000


DEFAULT_LIMITS = Limits()
ANONYMOUS_LIMITS = Limits(wire_bytes=2 * MIB, unpacked_bytes=2 * MIB, tests=5000, attachments_bytes=0)
