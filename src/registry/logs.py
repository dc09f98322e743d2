"""Log formatters for the ini files: what a client sends can never begin a line of its own."""

import logging


class OneLine(logging.Formatter):
    """One line for each record, for programs that read logs; a traceback is folded into it."""

    def format(self, record: logging.LogRecord) -> str:
        return escape(super().format(record))


class Readable(logging.Formatter):
    """One line for each record; a traceback follows it, indented, for people."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        return escape(super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's own name
        return _indent(super().formatException(ei))  # type: ignore[arg-type]

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - logging's own name
        return _indent(super().formatStack(stack_info))


def escape(text: str) -> str:
    """The text with control characters and line ends spelt out, so that it is one line on any terminal."""
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text)


def _indent(text: str) -> str:
    return "\n".join(f"    {escape(line)}" for line in text.splitlines())
