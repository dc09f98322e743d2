"""A kind of message and what it speaks of become plain text with headers that nobody else has a word in."""

import datetime
import re
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

SUBJECTS: Mapping[str, str] = {
    "address-confirm": "Confirm your mail address",
    "digest": "What you have not read yet",
    "report-filed": "An extension has been reported",
    "webhook-disabled": "A webhook has been disabled",
}
# RFC 5321, 4.5.3.1; only what every server takes: no quoted local parts, no addresses in brackets, ASCII.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
LONGEST_ADDRESS, LONGEST_LOCAL = 254, 64
# Without the eighth bit, which a server need not take (RFC 6152).
_POLICY = SMTP.clone(max_line_length=200, cte_type="7bit")

_texts = Environment(
    loader=PackageLoader("registry"),
    autoescape=False,  # noqa: S701 - plain text
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def is_address(text: str) -> bool:
    """Whether it is one plain address that any server takes."""
    return (
        len(text) <= LONGEST_ADDRESS
        and _ADDRESS.fullmatch(text) is not None
        and text.index("@") <= LONGEST_LOCAL
    )


def compose(
    kind: str,
    to: str,
    values: Mapping[str, Any],
    *,
    sender: str,
    message_id: str,
    created: datetime.datetime,
    unsubscribe: str | None = None,
) -> EmailMessage:
    """The message of that kind. ``unsubscribe`` is an address that takes the POST of RFC 8058.

    The same row of ``mail`` has the same ``message_id`` (without brackets) whenever it is sent: a message that was
    sent twice, because a server hung up before it said that it had it, is seen to be one.
    Raises KeyError for a kind there is not, ValueError for a header with a line end in it.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = Address(addr_spec=to)
    message["Subject"] = SUBJECTS[kind]
    message["Date"] = format_datetime(created)
    message["Message-ID"] = f"<{message_id}>"
    # RFC 3834: nobody's vacation answers it.
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    text = _texts.get_template(f"mail-{kind}.txt").render(**values, unsubscribe=unsubscribe)
    message.set_content("".join(map(_plain, text)))
    return message


def _plain(character: str) -> str:
    """What people wrote may hold what a terminal obeys; a mail reader need not see it."""
    return character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}"
