"""Which format a file is of, from its first bytes; nobody needs to say it."""

import re
import zlib

from registry.results.faults import Fault
from registry.results.records import Format
from registry.results.sources import GZIP, GZIP_WBITS

HEAD_BYTES = 64 * 1024
BOM = b"\xef\xbb\xbf"
SUBUNIT_V2 = b"\xb3"
XML = (b"<", b"\xff\xfe<\0", b"\xfe\xff\0<")  # in UTF-16, too
TAP = re.compile(rb"(TAP version 1[234]|1\.\.\d+|(not )?ok)\b")
SUBUNIT_V1 = re.compile(
    rb"(test|testing|success|successful|failure|error|skip|xfail|uxsuccess|time|tags|progress): "
)
KNOWN = "subunit (versions 1 and 2), JUnit XML, CTRF, TAP, RefStack's JSON and our own JSON"


def sniff(head: bytes) -> Format:
    """The format of a file that begins with ``head``, packed with gzip or not; raises Fault as ``recognise`` does."""
    if head.startswith(GZIP):
        try:
            head = zlib.decompressobj(wbits=GZIP_WBITS).decompress(head, HEAD_BYTES)
        except zlib.error:
            raise Fault("The gzip data is damaged.", code="GZIP_DAMAGED") from None
    return recognise(head)


def recognise(head: bytes) -> Format:
    """The format of unpacked bytes; raises Fault when there are none, or they are like no format that we know."""
    begins = head.removeprefix(BOM).lstrip()
    if not begins:
        raise Fault("The file is empty.", code="RESULTS_EMPTY")
    if begins.startswith(SUBUNIT_V2):
        return Format.SUBUNIT_V2
    if begins.startswith(XML):
        return Format.JUNIT
    if begins.startswith(b"{"):
        return Format.JSON
    for line in begins.split(b"\n"):
        # Tests and their tools print before the results begin.
        if TAP.match(line):
            return Format.TAP
        if SUBUNIT_V1.match(line):
            return Format.SUBUNIT_V1
        if SUBUNIT_V2 in line:
            return Format.SUBUNIT_V2
    raise Fault(f"This is like none of the formats that are taken: {KNOWN}.", code="UNKNOWN_FORMAT", offset=0)
