"""What the registry knows of a package once it has been read, and what a package format has to offer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from registry.packages.archive import Archive
from registry.packages.findings import Finding, PackageRefused

# Words with a meaning of their own as a path segment; the first also hides an entry in JavaScript clients.
_RESERVED_NAMES = frozenset({"autocomplete", "constructor", "me", "mine", "latest"})
# URLs that end so are files.
_RESERVED_ENDINGS = (".zip", ".xpi")


def is_reserved(name: str) -> bool:
    """Whether no extension may have this name, because its URL means something else."""
    return name in _RESERVED_NAMES or name.endswith(_RESERVED_ENDINGS)


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator of a registry decides about packages.

    ``disallowed_words`` may not stand, as whole words in any case, in a name, title or description.
    """

    disallowed_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a package says of itself, checked and in one shape for all formats.

    Texts by language have BCP 47 tags as keys, and ``default_locale`` among them if they have any. The
    manifest's description is the ``summary``; ``description`` is the long one, taken from the README.
    ``name`` is None in formats without a name that could be a URL key, ``guid`` in packages without an id of
    their own. ``api_min`` is inclusive unless it begins with ``>``, ``api_max`` unless with ``<``.
    ``icon`` and ``screenshots`` are files of the package; ``pictures`` has the SHA-256 of those of them that can be
    shown. ``manifest`` is the manifest as it was parsed,
    unchecked beyond being safe JSON: read the other fields instead wherever there is one.
    """

    format: str
    name: str | None
    guid: str | None
    version: str
    order_key: bytes
    prerelease: bool
    title: dict[str, str]
    summary: dict[str, str]
    description: dict[str, str] = field(default_factory=dict)
    homepage: dict[str, str] = field(default_factory=dict)
    support_url: dict[str, str] = field(default_factory=dict)
    default_locale: str = "en"
    languages: tuple[str, ...] = ()
    author: dict[str, str] | None = None
    contributors: tuple[dict[str, str], ...] = ()
    license: str | None = None
    keywords: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    api_range: str | None = None
    api_min: str | None = None
    api_max: str | None = None
    permissions: tuple[str, ...] = ()
    optional_permissions: tuple[str, ...] = ()
    dependencies: dict[str, str] = field(default_factory=dict)
    peer_dependencies: dict[str, str] = field(default_factory=dict)
    theme: bool = False
    requires_restart: bool = False
    icon: str | None = None
    screenshots: tuple[str, ...] = ()
    pictures: dict[str, str] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)
    readme: str | None = None
    changelog: str | None = None
    files: int = 0
    unpacked_size: int = 0
    warnings: tuple[Finding, ...] = ()
    # What looks like a token of this registry, and the file it is in.
    tokens: dict[str, str] = field(default_factory=dict)


class Format(ABC):
    """One kind of package. A new kind is a subclass and its line in ``registry.packages.FORMATS``."""

    name: ClassVar[str]  # as stored and as seen in the API: "brackets"
    title: ClassVar[str]  # for messages: "a Brackets extension"
    manifest: ClassVar[str]  # file name, at the top of the package
    missing_code: ClassVar[str]  # of the finding when that file is not there
    suffix: ClassVar[str]  # of the served file, without a dot
    media_type: ClassVar[str]  # of the served file

    @abstractmethod
    def claims(self, archive: Archive) -> bool:
        """Whether the manifest in ``archive`` is meant for this format, and not for some other tool."""

    @abstractmethod
    def read(self, archive: Archive, options: Options) -> tuple[Package | None, list[Finding]]:
        """What the package says of itself, and everything found wrong with that.

        ``archive`` is a view of this format. There is no package when it has no name or version to go by;
        where a finding is an error, the field in question is empty. Never raises for what is in the file.
        """

    @abstractmethod
    def order_key(self, version: str) -> bytes:
        """Bytes that sort as the versions of this format do; ``ValueError`` when it is not a version."""

    @abstractmethod
    def is_prerelease(self, version: str) -> bool:
        """Whether the version is never offered as the latest; ``ValueError`` when it is not a version."""

    def view(self, archive: Archive) -> Archive:
        """The archive as clients must see it: a single folder around the whole package is taken away.

        ``PackageRefused`` when the manifest is neither at the top nor in such a folder.
        """
        for view in levels(archive):
            if self.manifest in view:
                return view
        raise PackageRefused([Finding(self.missing_code, f"The package holds no {self.manifest}.")])


def levels(archive: Archive) -> list[Archive]:
    """Where a package may begin: the top, and the single folder in it, if it is so; without Finder litter."""
    folder = archive.single_top_folder()
    top = archive.below("")
    return [top] if folder is None else [top, archive.below(folder)]
