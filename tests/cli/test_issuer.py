"""`registry issuer create`: the keys of a registry for others."""

import stat

from registry.signing import ChainPaths, is_development, open_issuer


def test_a_chain_for_production(cli, tmp_path):
    folder = tmp_path / "issuer"
    answer = cli("issuer", "create", folder, "--name", "Example Editors")
    assert answer.exit_code == 0
    assert f"signing.issuer = pem:{folder}" in answer.output
    issuer = open_issuer(f"pem:{folder}")
    assert not is_development(issuer)
    assert "Example Editors issuer" in issuer.certificate.subject.rfc4514_string()
    assert stat.S_IMODE(ChainPaths(folder).intermediate_key.stat().st_mode) == 0o600


def test_a_chain_is_never_replaced(cli, tmp_path):
    folder = tmp_path / "issuer"
    cli("issuer", "create", folder, "--name", "One")
    before = ChainPaths(folder).intermediate_key.read_bytes()
    assert cli("issuer", "create", folder, "--name", "Two").exit_code == 2
    assert ChainPaths(folder).intermediate_key.read_bytes() == before


def test_names_that_cannot_be(cli, tmp_path):
    for name in ("", " ", "x" * 41, "a\nb"):
        assert cli("issuer", "create", tmp_path / "issuer", "--name", name).exit_code == 2
    assert not (tmp_path / "issuer").exists()
