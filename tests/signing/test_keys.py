"""Issuer keys: opening them, refusing bad ones, and the chain for development."""

import multiprocessing
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from registry.signing import KeyUnusable, create_development_chain, is_development, open_issuer, verify
from registry.signing.certificates import UNIT, Credential, make_end_entity
from support.signatures import FILES, IDENTITY, Issuer, end_entity, make_issuer, signed_package

P256 = ec.SECP256R1()


def pem(credential: Credential, password: bytes | None = None) -> bytes:
    hidden = BestAvailableEncryption(password) if password else NoEncryption()
    return credential.private_key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, hidden
    ) + credential.certificate.public_bytes(Encoding.PEM)


def keep(folder: Path, data: bytes, mode: int = 0o600) -> str:
    path = folder / "issuer.pem"
    path.write_bytes(data)
    path.chmod(mode)
    return f"pem:{path}"


def test_a_development_chain_signs_and_its_root_verifies(tmp_path: Path):
    chain = create_development_chain(tmp_path / "new" / "folder" / "chain")
    issuer = open_issuer(chain.url)
    path = signed_package(tmp_path / "package", issuer)
    roots = x509.load_pem_x509_certificates(chain.root.read_bytes())
    verified = verify(path, roots, IDENTITY)
    assert (verified.key_id, verified.entries) == (issuer.key_id, len(FILES))


def test_a_development_chain_is_known_as_one(tmp_path: Path, issuer: Issuer):
    assert is_development(open_issuer(create_development_chain(tmp_path / "chain").url))
    assert not is_development(issuer)


def test_its_private_keys_and_its_folder_are_the_owner_s_alone(tmp_path: Path):
    chain = create_development_chain(tmp_path / "chain")
    assert stat.S_IMODE(chain.folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in chain.folder.iterdir()} == {
        "root.pem": 0o600,
        "root.key": 0o600,
        "intermediate.pem": 0o600,
        "intermediate.key": 0o600,
    }


def test_its_authorities_live_for_decades_on_p256(tmp_path: Path):
    chain = create_development_chain(tmp_path / "chain")
    for path in (chain.root, chain.intermediate):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        assert certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=30 * 365)
        assert certificate.public_key().curve.name == "secp256r1"


def test_a_second_start_finds_the_chain_of_the_first(tmp_path: Path):
    first = open_issuer(create_development_chain(tmp_path / "chain").url).key_id
    assert open_issuer(create_development_chain(tmp_path / "chain").url).key_id == first


def test_an_empty_folder_is_filled(tmp_path: Path):
    (tmp_path / "chain").mkdir()
    assert create_development_chain(tmp_path / "chain").complete()


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path):
    (tmp_path / "chain").mkdir()
    (tmp_path / "chain" / "intermediate.key").write_text("precious")
    with pytest.raises(KeyUnusable, match="not a whole chain"):
        create_development_chain(tmp_path / "chain")
    assert (tmp_path / "chain" / "intermediate.key").read_text() == "precious"
    assert os.listdir(tmp_path) == ["chain"]


def test_an_error_of_the_file_system_is_not_blamed_on_what_is_in_the_folder(tmp_path: Path, monkeypatch):
    (tmp_path / "chain").mkdir()

    def busy(self: Path, target: Path) -> None:
        raise OSError(16, "Device or resource busy")  # as for a folder that is mounted there

    monkeypatch.setattr(Path, "rename", busy)
    with pytest.raises(OSError, match="busy"):
        create_development_chain(tmp_path / "chain")
    assert os.listdir(tmp_path) == ["chain"]


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path):
    (tmp_path / "chain").write_text("a file")
    with pytest.raises(OSError):
        create_development_chain(tmp_path / "chain")
    assert os.listdir(tmp_path) == ["chain"]


def create_at_once(folder: Path, barrier, results) -> None:
    barrier.wait(20)
    results.put(open_issuer(create_development_chain(folder).url).key_id)


def test_processes_that_start_at_once_share_one_chain(tmp_path: Path):
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(4), context.Queue()
    started = [
        context.Process(target=create_at_once, args=(tmp_path / "chain", barrier, results)) for _ in range(4)
    ]
    for process in started:
        process.start()
    found = [results.get(timeout=20) for _ in started]
    for process in started:
        process.join(20)
    assert len(set(found)) == 1
    assert os.listdir(tmp_path) == ["chain"]


def test_one_file_may_hold_key_and_certificates(tmp_path: Path):
    issuer = make_issuer()
    root = issuer.root.certificate.public_bytes(Encoding.PEM)
    opened = open_issuer(keep(tmp_path, root + pem(issuer.intermediate)))
    assert opened.chain == (issuer.certificate,)  # the root stays outside
    assert opened.key_id == issuer.key_id
    assert opened.private_key.public_key() == issuer.private_key.public_key()


def test_the_id_is_the_key_s_and_not_the_certificate_s(issuer: Issuer):
    assert len(issuer.key_id) == 16
    assert set(issuer.key_id) <= set("0123456789abcdef")
    assert issuer.key_id != make_issuer().key_id


@pytest.mark.parametrize("url", ["", "pem:", "/etc/key.pem", "pkcs12:/etc/key", "PEM:/etc/key"])
def test_a_url_of_no_known_keeper_is_refused(url: str):
    with pytest.raises(KeyUnusable, match="pem:"):
        open_issuer(url)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(KeyUnusable, match=r"none\.pem: No such file"):
        open_issuer(f"pem:{tmp_path}/none.pem")
    with pytest.raises(KeyUnusable, match=r"intermediate\.key: No such file"):
        open_issuer(f"pem:{tmp_path}")


def test_a_key_that_everybody_can_read_is_refused(tmp_path: Path):
    data = pem(make_issuer().intermediate)
    for mode in (0o604, 0o602, 0o666):
        with pytest.raises(KeyUnusable, match="chmod 600"):
            open_issuer(keep(tmp_path, data, mode))
    assert open_issuer(keep(tmp_path, data, 0o640))


def foreign(key, *, ca: bool = True, sign: bool = True, days: int = 100) -> Credential:
    """A self-made authority, as another program might have written it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Foreign")])
    begin = datetime.now(UTC) - timedelta(days=50)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Above")]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(not sign, False, False, False, False, sign, False, False, False), critical=True
        )
        .sign(make_issuer().private_key, SHA256())
    )
    return Credential(certificate, key)


@pytest.mark.parametrize(
    ("credential", "complaint"),
    [
        (lambda: foreign(rsa.generate_private_key(65537, 2048)), "P-256"),
        (lambda: foreign(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (lambda: foreign(ec.generate_private_key(P256), ca=False), "does not allow"),
        (lambda: foreign(ec.generate_private_key(P256), sign=False), "does not allow"),
        (lambda: foreign(ec.generate_private_key(P256), days=10), "valid from"),
        (lambda: end_entity(make_issuer()), "does not allow"),
    ],
)
def test_a_key_that_clients_would_not_accept_is_refused_at_the_start(
    tmp_path: Path, credential, complaint: str
):
    with pytest.raises(KeyUnusable, match=complaint):
        open_issuer(keep(tmp_path, pem(credential())))


def test_a_foreign_authority_that_is_sound_is_taken(tmp_path: Path):
    assert open_issuer(keep(tmp_path, pem(foreign(ec.generate_private_key(P256)))))


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (lambda: b"", "no private key"),
        (lambda: pem(make_issuer().intermediate, b"password"), "encrypted"),
        (lambda: make_issuer().certificate.public_bytes(Encoding.PEM), "no private key"),
        (lambda: pem(make_issuer().intermediate).partition(b"-----BEGIN CERT")[0], "no certificate"),
        (
            lambda: (
                pem(make_issuer().intermediate).partition(b"-----BEGIN CERT")[0]
                + make_issuer().certificate.public_bytes(Encoding.PEM)
            ),
            "0 certificates belong",
        ),
        (lambda: b"x" * 300_000, "more than"),
        (lambda: b"-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----\n", "no private key"),
    ],
)
def test_a_file_without_key_or_certificate_is_refused(tmp_path: Path, data, complaint: str):
    with pytest.raises(KeyUnusable, match=complaint):
        open_issuer(keep(tmp_path, data()))


class Elsewhere(ec.EllipticCurvePrivateKey):
    """A key that can only be asked to sign, as one in a security module or a cloud."""

    def __init__(self, key: ec.EllipticCurvePrivateKey):
        self.key = key
        self.asked = 0

    def sign(self, data, signature_algorithm):
        self.asked += 1
        return self.key.sign(data, signature_algorithm)

    def public_key(self):
        return self.key.public_key()

    @property
    def curve(self):
        return self.key.curve

    @property
    def key_size(self):
        return self.key.key_size

    def exchange(self, *args):
        raise NotImplementedError

    private_numbers = private_bytes = __copy__ = __deepcopy__ = exchange


def test_a_key_that_never_leaves_its_keeper_will_do(tmp_path: Path):
    issuer = make_issuer()
    kept = Elsewhere(issuer.private_key)
    elsewhere = Issuer(issuer.root, Credential(issuer.certificate, kept))
    path = signed_package(tmp_path, elsewhere)
    assert verify(path, issuer.roots, IDENTITY).key_id == issuer.key_id
    assert kept.asked == 1


def test_an_end_entity_certificate_says_only_what_it_should():
    issuer = make_issuer()
    signer = make_end_entity(issuer.certificate, issuer.private_key, IDENTITY)
    certificate, value = signer.certificate, signer.certificate.extensions.get_extension_for_class
    now = datetime.now(UTC)
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert ([unit.value for unit in units], [name.value for name in names]) == ([UNIT], [IDENTITY])
    assert not UNIT.startswith("Mozilla")  # such a unit makes an add-on privileged in Firefox
    assert value(x509.BasicConstraints).value == x509.BasicConstraints(ca=False, path_length=None)
    assert value(x509.BasicConstraints).critical
    assert list(value(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CODE_SIGNING]
    usage = value(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert timedelta(minutes=4) < now - certificate.not_valid_before_utc < timedelta(minutes=6)
    assert certificate.not_valid_after_utc > now + timedelta(days=9 * 365)
    again = make_end_entity(issuer.certificate, issuer.private_key, IDENTITY)
    assert again.certificate.public_key() != certificate.public_key()
    assert again.certificate.serial_number != certificate.serial_number


def test_an_end_entity_certificate_does_not_outlive_its_issuer():
    issuer = make_issuer(life=timedelta(days=20))
    assert end_entity(issuer).certificate.not_valid_after_utc == issuer.certificate.not_valid_after_utc
