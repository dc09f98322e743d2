"""Messages: how they are written, and how they leave.

    message.py   a kind of message and what it speaks of become an ``EmailMessage``
    outbox.py    a message goes to a server by SMTP, or into a folder

A text is a template, ``templates/mail-KIND.txt``, and its subject stands in ``SUBJECTS``: a subject is ours alone.
What people wrote, and names they chose, is in the body only, which is plain text. ``EmailMessage`` refuses line ends in
a header, and ``is_address`` an address that could hold one.
"""

from registry.mail.message import SUBJECTS, compose, is_address
from registry.mail.outbox import CannotSend, MailRefused, Outbox, open_outbox

__all__ = ["SUBJECTS", "CannotSend", "MailRefused", "Outbox", "compose", "is_address", "open_outbox"]
