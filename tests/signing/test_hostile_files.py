"""Signed packages with bytes changed at random: refused in good order, or found to say the same."""

import zipfile
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.signing import SignatureInvalid, verify
from support.archives import build_zip
from support.signatures import FILES, IDENTITY, contents

shared_fixtures = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
patches = st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6), st.integers(0, 6))


def patched(data: bytes, patch: tuple[float, bytes, int]) -> bytes:
    where, new, cut = patch
    at = int(where * len(data))
    return data[:at] + new + data[at + cut :]


def payload(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name in FILES}


@shared_fixtures
@given(patch=patches)
def test_any_change_to_the_file_is_refused_or_changes_nothing(signed, issuer, tmp_path, patch):
    """What may change are fields that no reader of the content looks at, such as times."""
    path = tmp_path / "x.xpi"
    path.write_bytes(patched(signed.read_bytes(), patch))
    with suppress(SignatureInvalid):
        assert verify(path, issuer.roots).identity == IDENTITY
        assert payload(path) == FILES


@shared_fixtures
@given(
    name=st.sampled_from(["manifest.mf", "mozilla.sf", "mozilla.rsa", "cose.manifest", "cose.sig"]),
    patch=patches,
)
def test_any_change_within_the_signature_is_refused(signed, issuer, tmp_path, name: str, patch):
    """Of the PKCS#7 file, bytes that say nothing may change; every other file is covered by a digest."""
    files = contents(signed)
    right = files[f"META-INF/{name}"]
    files[f"META-INF/{name}"] = wrong = patched(right, patch)
    path = tmp_path / "x.xpi"
    path.write_bytes(build_zip(files))
    if wrong == right or name == "mozilla.rsa":
        with suppress(SignatureInvalid) if wrong != right else nullcontext():
            assert verify(path, issuer.roots).identity == IDENTITY
    else:
        with pytest.raises(SignatureInvalid):
            verify(path, issuer.roots)
