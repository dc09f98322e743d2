"""Sending a webhook: to an address that is safe to send to, signed, bounded in time and size.

    targets.py     which addresses may be named, and which of the numbers behind a name may be connected to
    sending.py     one POST, to the very number that was checked
    signatures.py  Standard Webhooks: secrets, and the headers that prove who sent it

A name is resolved once for each delivery; every number behind it must be one that anybody on the internet could
reach, and the connection goes to one of those, with the name kept in SNI and Host. So a name that says something else
when it is asked again gains nothing. Redirects are answers like any other that is not a success.
"""

from registry.webhooks.sending import Answer, NotDelivered, post
from registry.webhooks.signatures import headers, new_secret
from registry.webhooks.targets import BadTarget, Busy, Resolver, Target, parse, resolve, system

__all__ = [
    "Answer",
    "BadTarget",
    "Busy",
    "NotDelivered",
    "Resolver",
    "Target",
    "headers",
    "new_secret",
    "parse",
    "post",
    "resolve",
    "system",
]
