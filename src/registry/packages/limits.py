"""How large, how many and how deep a package may be."""

from dataclasses import dataclass

from registry.settings import Settings

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one package; every size is in bytes.

    ``ratio`` is unpacked to packed size, judged where more than ``ratio_from`` bytes come out, for
    one entry and for the whole; deflate itself cannot go beyond 1032.
    """

    wire_bytes: int = 200 * MIB
    entries: int = 10_000
    entry_bytes: int = 400 * MIB
    unpacked_bytes: int = 1024 * MIB
    ratio: int = 200
    ratio_from: int = MIB
    name_bytes: int = 300
    depth: int = 32
    manifest_bytes: int = 256 * KIB
    picture_bytes: int = 5 * MIB


DEFAULT_LIMITS = Limits()


def configured(settings: Settings) -> Limits:
    """The caps that an operator's settings give."""
    return Limits(
        wire_bytes=settings.package_bytes,
        unpacked_bytes=settings.package_unpacked,
        entries=settings.package_entries,
        picture_bytes=settings.image_bytes,
    )
