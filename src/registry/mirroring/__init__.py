"""Following another registry of this kind: the same extensions, and the very files that it has signed.

``source``  what the other side answers, read as strictly as anything from strangers
``trust``   whose signatures count
``index``   its signed index: how far it has come, and what it has disabled
``blocked`` the blocklist, held against the rest
``files``   its signed files
``rows``    an extension made rows, in one transaction
``follow``  from change to change, and on from there after whatever happened

The other side is not trusted. A file counts by its signature, checked by our own verifier against roots that the
operator gave; what it says of itself is read from its bytes; a version never gets other bytes than it had. So a source
that lies can hide things, or show old ones, but never slip in others. Its signed index narrows that: an event above
the signed head is not believed, a registry that has gone back or stands still is noticed, and what is on the signed
blocklist is disabled here, whatever the feed says. What it says that cannot be is refused, for that extension
alone, and tried again the next time. It is sent no credential and leads nowhere else.

Nothing is signed anew, and what is mirrored cannot be published to here (``Extension.origin``). The registry's own
team may still take an extension off: of its decision and the source's, the stricter one holds.
"""
