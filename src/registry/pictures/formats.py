"""What a picture is, by its first bytes: names and types that people give to files prove nothing."""

HEAD_BYTES = 1024
"""How many bytes ``kind_of`` wants to see."""

# Suffix of a file that is served: its media type.
MEDIA_TYPES = {"png": "image/png", "webp": "image/webp"}

_WANTED = "Send a PNG, a JPEG or a WebP."
# What people do send instead.
_OTHERS = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"\0\0\1\0", "a Windows icon"),
    (b"icns", "a macOS icon"),
    (b"%PDF", "a PDF"),
    (b"PK\3\4", "a zip file"),
)


class PictureRefused(Exception):
    """It cannot be shown; the text is for whoever sent it, ``code`` is stable."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code


def kind_of(head: bytes) -> str:
    """``png``, ``jpeg`` or ``webp``. Raises PictureRefused for anything else."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:12] in (b"ftypavif", b"ftypheic", b"ftypmif1"):
        raise PictureRefused("PICTURE_FORMAT", f"This is an AVIF or HEIF picture. {_WANTED}")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in head.lower():
        raise PictureRefused(
            "PICTURE_SVG",
            f"This is a drawing (SVG), which can hold scripts and is never shown. {_WANTED}",
        )
    what = next((name for magic, name in _OTHERS if head.startswith(magic)), None)
    raise PictureRefused(
        "PICTURE_FORMAT", f"This is {what}. {_WANTED}" if what else f"This is no picture. {_WANTED}"
    )
