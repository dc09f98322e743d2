"""What can go wrong with a key, a signature to be made, and a signature that was made."""


class KeyUnusable(Exception):
    """An issuer key that cannot be opened or must not be used; the message says what would be right."""


class CannotSign(Exception):
    """A package or an identity that no signature can be made for. Trying again will not help."""


class SignatureInvalid(Exception):
    """A file whose signature does not hold.

    ``code`` is stable and upper-case, for programs; ``message`` is for people; ``path`` is the entry of
    the package that is to blame, where there is one.
    """

    def __init__(self, code: str, message: str, path: str | None = None):
        self.code = code
        self.message = message
        self.path = path
        super().__init__(f"{code}: {message}" if path is None else f"{code}: {message} ({path!r})")


class Malformed(ValueError):
    """Bytes that are not the structure they should be; the reader's caller says which file they are in."""
