"""Uploaded packages: read once, strictly, into facts that everything else goes by.

``read_package`` takes a file that somebody sent and gives a ``Package`` or says all that is wrong with it;
``canonical`` opens the same file again as its clients are to see it. What kind of extension it is follows
from the manifest: each format of ``FORMATS`` knows the name of its own, at the top of the package or in the
single folder around all of it.

Where two manifests stand side by side, as in browser extensions that also carry npm's package.json, the
first format in the order of ``FORMATS`` that finds its own mark in it wins: a package.json that names
``engines.brackets`` beside a main.js (or as a theme), then a manifest.json with a ``manifest_version``.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from registry.packages.archive import Archive, Limits, open_archive
from registry.packages.brackets import Brackets
from registry.packages.findings import Finding, PackageRefused
from registry.packages.package import Format, Options, Package, levels
from registry.packages.pictures import read_pictures
from registry.packages.webextension import WebExtension

__all__ = [
    "FORMATS",
    "Finding",
    "Format",
    "Limits",
    "Options",
    "Package",
    "PackageRefused",
    "WebExtension",
    "canonical",
    "read_package",
]

MOST_FINDINGS = 100

FORMATS: dict[str, Format] = {each.name: each for each in (Brackets(), WebExtension())}


def read_package(path: Path, limits: Limits = Limits(), options: Options = Options()) -> Package:  # noqa: B008 (frozen)
    """What the package in ``path`` says of itself, with remarks on it in ``warnings``.

    Raises PackageRefused with every error in the manifest and in the contents, up to ``MOST_FINDINGS``;
    with those of the archive alone when it is no sound zip file to begin with. OSError when the file cannot
    be read.
    """
    with open_archive(path, limits) as archive:
        package, findings = _read(archive, options)
    findings = _fewer(findings)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors or package is None:
        raise PackageRefused(errors)
    return dataclasses.replace(package, warnings=tuple(findings))


def canonical(path: Path, limits: Limits, format: str) -> Archive:
    """The package opened once more, as its clients are to see it; use as a context.

    ``format`` is a key of ``FORMATS``. Raises PackageRefused, as ``read_package`` does, and OSError.
    """
    archive = open_archive(path, limits)
    try:
        return FORMATS[format].view(archive)
    except BaseException:
        archive.close()
        raise


def detect(archive: Archive) -> Format:
    """The format of a package; PackageRefused when it has no manifest of any."""
    for level in levels(archive):
        found = [format for format in FORMATS.values() if format.manifest in level]
        if len(found) > 1:
            return next((format for format in found if format.claims(level)), found[0])
        if found:
            return found[0]
    raise PackageRefused([_missing(archive)])


def _read(archive: Archive, options: Options) -> tuple[Package | None, list[Finding]]:
    package = None
    try:
        format = detect(archive)
        archive = format.view(archive)
        package, findings = format.read(archive, options)
    except PackageRefused as refused:
        findings = list(refused.findings)
    try:
        findings += archive.check_contents()
    except PackageRefused as refused:
        findings += refused.findings
    if package is not None:
        size = sum(entry.size for entry in archive.entries)
        pictures, remarks = read_pictures(archive, package)
        package = dataclasses.replace(
            package,
            files=len(archive.entries),
            unpacked_size=size,
            tokens=dict(archive.tokens),
            pictures=pictures,
        )
        findings += remarks
    return package, findings


def _missing(archive: Archive) -> Finding:
    """Says which manifests there may be, and names one that is misspelt or misplaced."""
    wanted = {format.manifest: format.title for format in FORMATS.values()}
    either = " or ".join(f"{name} ({title})" for name, title in wanted.items())
    said = f"The package holds no {either} at its top or in its single top folder."
    for level in levels(archive):
        for name in level.names():
            if name.lower() in wanted:
                return Finding("MISSING_PACKAGE_JSON", f"{said} Rename {name} to {name.lower()}.")
    deeper = (name for name in archive.names() if name.rpartition("/")[2] in wanted)
    nearest = min(deeper, key=lambda name: name.count("/"), default=None)
    if nearest:
        said += f" There is one at {nearest}: pack the folder that it is in, and nothing around it."
    return Finding("MISSING_PACKAGE_JSON", said)


def _fewer(findings: Sequence[Finding]) -> list[Finding]:
    """Each finding once, errors first, and no more than an author can read."""
    ordered = sorted(dict.fromkeys(findings), key=lambda finding: finding.severity)
    if len(ordered) > MOST_FINDINGS:
        said = f"{len(ordered) - MOST_FINDINGS} more findings are not listed."
        return [
            *ordered[:MOST_FINDINGS],
            Finding("MORE_FINDINGS", said, severity=ordered[MOST_FINDINGS].severity),
        ]
    return ordered
