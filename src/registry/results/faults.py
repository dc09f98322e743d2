"""Why a file of test results is refused, in words that whoever runs the tests can act on."""


class Fault(Exception):
    """A file of results that cannot be taken.

    ``code`` is stable and upper-case; ``format`` is the format it was read as, None where that could not be told;
    ``offset`` counts bytes from the beginning of the (unpacked) file and is None where the whole file is meant.
    ``too_large`` tells an upload over a cap on sizes (413) from one that is wrong (400).
    """

    def __init__(
        self,
        reason: str,
        *,
        code: str = "RESULTS_MALFORMED",
        format: str | None = None,
        offset: int | None = None,
    ):
        self.reason = reason = without_nul(reason)  # it may quote the file
        self.code = code
        self.format = format
        self.offset = offset
        super().__init__(reason)

    @property
    def too_large(self) -> bool:
        return self.code == "RESULTS_TOO_LARGE"

    def __str__(self) -> str:
        read_as = f"Read as {self.format}: " if self.format else ""
        where = f" (at byte {self.offset})" if self.offset is not None else ""
        return f"{read_as}{self.reason}{where}"


def without_nul(text: str) -> str:
    """Text out of a file as databases take it: without NUL."""
    return text.replace("\0", "\ufffd")
