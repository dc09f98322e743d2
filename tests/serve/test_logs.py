"""What others send can never look like a line of the log."""

import io
import logging

import pytest

from registry.logs import OneLine, Readable, escape

USER_AGENT = "curl\r\n2026-01-01 00:00:00 INFO all is well\x1b[2J\u2028\x85\x00end"


def logged(formatter: logging.Formatter, fail: bool = False) -> str:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        if fail:
            raise ValueError(USER_AGENT)
    except ValueError:
        logger.exception("From %s", USER_AGENT)
    else:
        logger.info("From %s", USER_AGENT)
    return out.getvalue()


@pytest.mark.parametrize(
    "formatter", [OneLine("%(levelname)s %(message)s"), Readable("%(levelname)s %(message)s")]
)
def test_a_message_is_one_printable_line(formatter):
    text = logged(formatter)

    assert text == f"INFO From {escape(USER_AGENT)}\n"
    assert text[:-1].isprintable()


def test_for_programs_a_traceback_is_part_of_the_line():
    text = logged(OneLine("%(message)s"), fail=True)

    assert text[:-1].isprintable()
    assert "ValueError: curl" in text


def test_for_people_a_traceback_follows_indented():
    first, *rest = logged(Readable("%(message)s"), fail=True)[:-1].split("\n")

    assert first == f"From {escape(USER_AGENT)}"
    assert all(line.startswith("    ") and line.isprintable() for line in rest)


def test_ordinary_text_stays_as_it_is():
    assert escape("Grüße aus Łódź, 東京 und 🦊") == "Grüße aus Łódź, 東京 und 🦊"
