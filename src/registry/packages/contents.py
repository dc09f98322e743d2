"""What reviewers should know about the files inside a package. Nothing here holds a package back."""

from registry.packages.findings import Finding


class ContentScan:
    """Fed the bytes of every file once, in order; ``warnings()`` tells what was seen."""

    def begin(self, name: str) -> None: ...

    def feed(self, chunk: bytes) -> None: ...

    def warnings(self) -> tuple[Finding, ...]:
        return ()
