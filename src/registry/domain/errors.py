"""What the rules answer when they say no; each text is meant for the person who asked."""


class RuleError(Exception):
    """A rule forbids it. ``code`` is stable, for programs."""

    def __init__(self, message: str, code: str):
        super().__init__(message)
        self.code = code


class Invalid(RuleError):
    """The input is wrong: ``field`` says which part of it."""

    def __init__(self, message: str, code: str, field: str = "non_field_errors"):
        super().__init__(message, code)
        self.field = field


class Forbidden(RuleError):
    """This person may not."""


class Conflict(RuleError):
    """It cannot be as things stand; ``existing`` names what is in the way."""

    def __init__(self, message: str, code: str, **existing: object):
        super().__init__(message, code)
        self.existing = existing


class Stale(RuleError):
    """It has changed since this person looked."""


class TooMany(RuleError):
    """There are as many as there can be for now; ``seconds`` says when to try again."""

    def __init__(self, message: str, code: str, seconds: int):
        super().__init__(message, code)
        self.seconds = seconds
