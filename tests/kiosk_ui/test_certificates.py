"""The authority and its certificates, judged by OpenSSL and by Python's ssl."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge.errors import CertificateError
from kiosk_ui.phones.certificates import (
    AUTHORITY,
    CERTIFICATE,
    PUBLIC,
    hosts_of,
    make_certificates,
    read_certificate,
)

HOST, ADDRESS = "squat.local", "192.168.0.17"
NOW = datetime.now(timezone.utc)

OPENSSL = shutil.which("openssl") or ""
needs_openssl = pytest.mark.skipif(not OPENSSL, reason="no openssl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = make_certificates(tmp_path / "https", HOST, [ADDRESS])
    assert (made.authority, made.certificate, made.left_out) == (True, True, ())
    assert made.hosts == (HOST, ADDRESS)
    return tmp_path / "https"


def signed_by(signer: Path, *names: x509.GeneralName, name: str = "stolen") -> Path:
    """Return what a thief of a key would sign: a certificate of their choice, an authority too."""
    content = signer.read_bytes()
    its_key = serialization.load_pem_private_key(content, None)
    assert isinstance(its_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    its_name = x509.load_pem_x509_certificate(content).subject
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(its_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    pem = serialization.Encoding.PEM
    path = signer.with_name(f"{name}.pem")
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.sign(its_key, hashes.SHA256()).public_bytes(pem)
        + content[content.index(b"-----BEGIN CERT") :]
    )
    return path


def trusted(folder: Path) -> str:
    """Return the authority as phones download it, as PEM."""
    return ssl.DER_cert_to_PEM_cert((folder / PUBLIC).read_bytes())


def verify(folder: Path, certificate: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Let OpenSSL judge a certificate by the authority."""
    trust = folder / "trusted.pem"
    trust.write_text(trusted(folder))
    return subprocess.run(
        [OPENSSL, "verify", "-purpose", "sslserver", *options,
         "-untrusted", str(certificate),
         "-CAfile", str(trust), str(certificate)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@needs_openssl
@pytest.mark.parametrize("who", [("-verify_hostname", HOST), ("-verify_ip", ADDRESS)])
def test_openssl_accepts_the_kiosk(folder: Path, who: tuple[str, str]) -> None:
    answer = verify(folder, folder / CERTIFICATE, "-x509_strict", *who)
    assert answer.returncode == 0, answer.stderr


@needs_openssl
@pytest.mark.parametrize(
    "name",
    [
        x509.DNSName("bank.example"),
        x509.DNSName("local"),
        x509.DNSName("othersquat.local"),
        x509.DNSName("*.local"),
        x509.IPAddress(ip_address("192.168.0.18")),
        x509.IPAddress(ip_address("fd00::1")),
    ],
    ids=lambda name: str(name.value),
)
def test_openssl_refuses_anything_else_of_this_authority(
    folder: Path, name: x509.GeneralName
) -> None:
    answer = verify(folder, signed_by(folder / AUTHORITY, name))
    assert answer.returncode != 0
    assert "permitted subtree violation" in answer.stderr


@needs_openssl
def test_an_authority_without_an_address_speaks_for_no_address(tmp_path: Path) -> None:
    made = make_certificates(tmp_path, HOST, [])
    assert made.hosts == (HOST,)
    assert verify(tmp_path, tmp_path / CERTIFICATE, "-verify_hostname", HOST).returncode == 0
    for number in ("192.168.0.17", "fd00::1"):
        name = x509.IPAddress(ip_address(number))
        answer = verify(tmp_path, signed_by(tmp_path / AUTHORITY, name))
        assert "excluded subtree violation" in answer.stderr


@needs_openssl
def test_the_authority_makes_no_further_authorities(folder: Path) -> None:
    below = signed_by(folder / AUTHORITY, name="below")
    leaf = signed_by(below, x509.DNSName(HOST), name="leaf")
    answer = verify(folder, leaf)
    assert "path length constraint exceeded" in answer.stderr


def connect(certificate: Path, trust: str, host: str) -> str | None:
    """Shake hands as a browser does and return what was wrong."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    client = ssl.create_default_context(cadata=trust)
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(here, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        here.close()
        thread.join(10)
        there.close()
    return None


def test_a_handshake(folder: Path) -> None:
    trust = trusted(folder)
    assert connect(folder / CERTIFICATE, trust, HOST) is None
    assert connect(folder / CERTIFICATE, trust, ADDRESS) is None
    assert "Hostname mismatch" in str(connect(folder / CERTIFICATE, trust, "bank.example"))
    stolen = signed_by(folder / AUTHORITY, x509.DNSName("bank.example"))
    assert "permitted subtree" in str(connect(stolen, trust, "bank.example"))


def test_only_the_owner_reads_the_keys(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    for name in (AUTHORITY, CERTIFICATE):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE" not in (folder / PUBLIC).read_bytes()
    assert hosts_of(x509.load_der_x509_certificate((folder / PUBLIC).read_bytes())) == (
        HOST,
        ADDRESS,
    )


def test_the_roots_key_is_nowhere(folder: Path) -> None:
    root = x509.load_der_x509_certificate((folder / PUBLIC).read_bytes()).public_key()
    for name in (AUTHORITY, CERTIFICATE):
        content = (folder / name).read_bytes()
        assert content.count(b"PRIVATE KEY-----") == 2  # one key, its begin and its end
        key = serialization.load_pem_private_key(content, None)
        assert key.public_key() != root


def test_apple_accepts_its_length(folder: Path) -> None:
    found = read_certificate(folder)
    assert found is not None
    assert (found.not_valid_after_utc - found.not_valid_before_utc).days <= 825


def test_a_second_call_changes_nothing(folder: Path) -> None:
    before = {name: (folder / name).read_bytes() for name in (AUTHORITY, CERTIFICATE, PUBLIC)}
    again = make_certificates(folder, HOST, [ADDRESS])
    assert (again.authority, again.certificate) == (False, False)
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_what_a_phone_reads_just_now_stays_whole(folder: Path, tmp_path: Path) -> None:
    """The authority's certificate was once written anew in its place, and for a moment empty."""
    before = (folder / PUBLIC).read_bytes()
    read = tmp_path / "read"
    read.hardlink_to(folder / PUBLIC)
    make_certificates(folder, HOST, [ADDRESS])
    assert read.samefile(folder / PUBLIC)
    make_certificates(folder, HOST, [ADDRESS], new_authority=True)
    assert read.read_bytes() == before != (folder / PUBLIC).read_bytes()


def test_a_certificate_is_renewed_by_the_same_authority(folder: Path) -> None:
    trust = trusted(folder)
    assert not make_certificates(folder, HOST, [ADDRESS], now=NOW + timedelta(days=360)).certificate
    later = make_certificates(folder, HOST, [ADDRESS], now=NOW + timedelta(days=370))
    assert (later.authority, later.certificate) == (False, True)
    assert trusted(folder) == trust
    assert later.ends > NOW + timedelta(days=700)


def test_an_authority_at_its_end_is_made_anew(folder: Path) -> None:
    last = make_certificates(folder, HOST, [ADDRESS], now=NOW + timedelta(days=3600))
    assert (last.authority, last.certificate) == (False, True)
    # It ends with its authority, so renewing it again and again would not help.
    again = make_certificates(folder, HOST, [ADDRESS], now=NOW + timedelta(days=3619))
    assert (again.authority, again.certificate) == (False, False)
    anew = make_certificates(folder, HOST, [ADDRESS], now=NOW + timedelta(days=3621))
    assert (anew.authority, anew.certificate) == (True, True)


def test_another_address_is_left_out_and_the_name_goes_on(folder: Path) -> None:
    trust = trusted(folder)
    moved = make_certificates(folder, HOST, ["192.168.0.99"])
    assert (moved.authority, moved.certificate) == (False, True)
    assert (moved.hosts, moved.left_out) == ((HOST,), ("192.168.0.99",))
    assert connect(folder / CERTIFICATE, trust, HOST) is None
    back = make_certificates(folder, HOST, [ADDRESS])
    assert (back.hosts, back.certificate) == ((HOST, ADDRESS), True)
    anew = make_certificates(folder, HOST, ["192.168.0.99"], new_authority=True)
    assert (anew.authority, anew.hosts) == (True, (HOST, "192.168.0.99"))
    assert trusted(folder) != trust


def test_another_name_needs_another_authority(folder: Path) -> None:
    with pytest.raises(CertificateError, match=r"is for squat\.local, not for gym\.local"):
        make_certificates(folder, "gym.local", [ADDRESS])
    assert make_certificates(folder, "gym.local", [ADDRESS], new_authority=True).authority


@pytest.mark.parametrize("name", [AUTHORITY, CERTIFICATE])
@pytest.mark.parametrize("content", [b"", b"junk", b"-----BEGIN CERTIFICATE-----"])
def test_damage_is_told(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(CertificateError, match=f"{name} is damaged: remove it"):
        make_certificates(folder, HOST, [ADDRESS])


def test_a_key_that_does_not_belong_is_damage(folder: Path, tmp_path: Path) -> None:
    make_certificates(tmp_path / "other", HOST, [ADDRESS])
    key = (tmp_path / "other" / CERTIFICATE).read_text().partition("-----BEGIN CERT")[0]
    rest = (folder / CERTIFICATE).read_text().partition("-----BEGIN CERT")
    (folder / CERTIFICATE).write_text(key + rest[1] + rest[2])
    with pytest.raises(CertificateError, match="damaged"):
        read_certificate(folder)


def test_a_clock_that_was_never_set(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="says 1970-01-01"):
        make_certificates(tmp_path, HOST, [], now=datetime(1970, 1, 1, tzinfo=timezone.utc))


def test_nothing_was_made_yet(tmp_path: Path) -> None:
    assert read_certificate(tmp_path) is None
