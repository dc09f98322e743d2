"""Taking over what another registry has: the ``registry.json`` that Brackets and Phoenix Code read.

Fifteen years of other people's metadata do not follow today's rules, and none of it may be lost in silence. So
whatever is unfit is put right or left out field by field, and every such case is a ``Note`` that the operator
reads. Only what has no usable name or version at all is not loaded.

``document``  the file, cut into entries within bounds; one broken entry spoils no other
``repairs``   fields put right before the reader of package manifests sees them
``entries``   an entry as the extension and the versions it stands for
``rows``      a batch of them made rows, in one transaction: the same entries again change nothing
``zips``      their packages, gated as any upload is and signed by the worker as any other

Everything that is written follows from the rows that are there and from the entry, so an import that was killed
is run again. Versions come without a package (``upload_sha256`` is None) and are listed; who owned them is text
(``owner_label``), and gives nobody a right.
"""
