"""The kiosk's own certificate authority, which can speak for this kiosk and for nothing else.

Whoever trusts it trusts it for one name and one address: browsers refuse anything else that it
signs (name constraints, RFC 5280). There are two steps, since not every phone is known to apply the
constraints of what its owner trusts, while all apply those of what comes below. The root signs one
issuer, constrained as it is itself, and its key is forgotten at once: nobody will ever sign with it
again. The issuer's key stays on the device, for its owner's eyes alone, so that certificates are
renewed without anybody having to trust anew.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.errors import CertificateError

AUTHORITY, CERTIFICATE, PUBLIC = "authority.pem", "kiosk.pem", "ca.crt"
"""The issuer's key and both certificates of the authority; the kiosk's key and certificates; what
phones download. Keys and certificates are one file, so that a power cut never leaves the one
without the other."""

AUTHORITY_DAYS: Final = 3650
CERTIFICATE_DAYS: Final = 397
"""Apple refuses more than 825 days from an authority that a person added; public ones get 398."""

RENEW_DAYS: Final = 30
"""So long before its end a certificate is made anew."""

EARLIER: Final = timedelta(days=1)
"""A phone's clock may be behind by as much."""

OLDEST_CLOCK: Final = datetime(2025, 6, 1, tzinfo=timezone.utc)
"""A device without a battery for its clock begins long before that."""

Key = ec.EllipticCurvePrivateKey
Kept = tuple[Key, list[x509.Certificate]]
"""A key, its certificate, and those that stand above it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What :func:`make_certificates` did.

    :param authority: whether the authority is new: every phone has to trust anew.
    :param certificate: whether the certificate is new: the front has to read it.
    :param hosts: names and addresses that the certificate is for.
    :param left_out: addresses that the authority may not speak for.
    :param ends: when the certificate ends.
    """

    authority: bool
    certificate: bool
    hosts: tuple[str, ...]
    left_out: tuple[str, ...]
    ends: datetime


def make_certificates(
    folder: Path,
    host: str,
    addresses: Sequence[str],
    *,
    new_authority: bool = False,
    now: datetime | None = None,
) -> Made:
    """Make what is missing or about to end, and keep the rest.

        made = make_certificates(Path("var/https"), "squat.local", ["192.168.0.17"])
        made.authority, made.hosts

    An authority is kept as long as it can be: an address that it may not speak for is left out of
    the certificate, and phones go on by name.

    :param folder: where the files lie; it is made.
    :param host: the kiosk's name.
    :param addresses: its IPv4 addresses.
    :param new_authority: begin anew, with the name and addresses as they are now.
    :param now: the time; by default, now.
    :raises CertificateError: the authority is for another name, a file is damaged, or the clock
        is wrong.
    :raises OSError: the folder cannot be written.
    """
    now = now or datetime.now(timezone.utc)
    if now < OLDEST_CLOCK:
        raise CertificateError(f"the clock of this machine says {now:%Y-%m-%d}: set it first")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = None if new_authority else _read(folder / AUTHORITY)
    fresh = kept is None or _due(kept[1][0], now)
    if kept is None or fresh:
        kept = _make_authority(host, addresses, now)
        _write(folder / AUTHORITY, kept)
    issuer, root = kept[1][0], kept[1][-1]
    _publish(folder / PUBLIC, root.public_bytes(serialization.Encoding.DER))
    permitted = hosts_of(root)
    if host not in permitted:
        raise CertificateError(
            f"the authority that phones trust is for {permitted[0]}, not for {host}: keep that "
            "name, or make a new authority, which every phone then has to trust"
        )
    hosts = (host, *(address for address in addresses if address in permitted))
    found = _read(folder / CERTIFICATE)
    current = (
        found is not None
        and not fresh
        and hosts_of(found[1][0]) == hosts
        and not _due(found[1][0], now, issuer)
        and found[1][0].issuer == issuer.subject
    )
    if found is None or not current:
        found = _make_certificate(hosts, kept[0], issuer, now)
        _write(folder / CERTIFICATE, found)
    return Made(
        authority=fresh,
        certificate=not current,
        hosts=hosts,
        left_out=tuple(address for address in addresses if address not in hosts),
        ends=found[1][0].not_valid_after_utc,
    )


def read_certificate(folder: Path) -> x509.Certificate | None:
    """Return the kiosk's certificate, or None where none was made.

    :raises CertificateError: the file is damaged.
    """
    found = _read(folder / CERTIFICATE)
    return None if found is None else found[1][0]


def hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return what a certificate is for, or what an authority may speak for: names, then addresses.

    :raises CertificateError: it says nothing about that.
    """
    try:
        if _is_authority(certificate):
            constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
            names = list(constraints.value.permitted_subtrees or ())
        else:
            names = list(
                certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            )
    except x509.ExtensionNotFound as error:
        raise CertificateError("the certificate names no host") from error
    hosts = [name.value for name in names if isinstance(name, x509.DNSName)]
    numbers = [name.value for name in names if isinstance(name, x509.IPAddress)]
    return (*hosts, *(str(getattr(n, "network_address", n)) for n in numbers))


def _is_authority(certificate: x509.Certificate) -> bool:
    return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def _due(
    certificate: x509.Certificate, now: datetime, authority: x509.Certificate | None = None
) -> bool:
    """Tell whether a certificate ends soon, and a new one would last longer."""
    left = certificate.not_valid_after_utc - now
    if left >= timedelta(days=RENEW_DAYS):
        return False
    return authority is None or certificate.not_valid_after_utc < authority.not_valid_after_utc


def _make_authority(host: str, addresses: Sequence[str], now: datetime) -> Kept:
    """Make root and issuer; the root's key is gone when this returns."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    # The date tells two authorities of one kiosk apart in a phone's list.
    root_name, name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{what} {host} ({now:%Y-%m-%d})")])
        for what in ("Squat check", "Squat check issuer")
    )
    networks = [x509.IPAddress(ipaddress.IPv4Network(address)) for address in addresses]
    # Where no address is permitted all of them are excluded: what is not named is not constrained.
    everywhere = [x509.IPAddress(ipaddress.ip_network(n)) for n in ("0.0.0.0/0", "::/0")]
    constraints = x509.NameConstraints(
        permitted_subtrees=[x509.DNSName(host), *networks],
        excluded_subtrees=None if networks else everywhere,
    )
    ends = now + timedelta(days=AUTHORITY_DAYS)

    def sign(certificate: x509.CertificateBuilder, below: int) -> x509.Certificate:
        return (
            certificate.add_extension(x509.BasicConstraints(ca=True, path_length=below), True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(constraints, critical=True)
            .sign(root_key, hashes.SHA256())
        )

    root = sign(_begin(root_name, root_name, root_key, root_key, (now, ends)), 1)
    issuer = sign(_begin(name, root_name, key, root_key, (now, ends)), 0)
    return key, [issuer, root]


def _make_certificate(
    hosts: Sequence[str], signer: Key, issuer: x509.Certificate, now: datetime
) -> Kept:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    ends = min(now + timedelta(days=CERTIFICATE_DAYS), issuer.not_valid_after_utc)
    names = [
        x509.DNSName(hosts[0]),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in hosts[1:]),
    ]
    certificate = (
        _begin(name, issuer.subject, key, signer, (now, ends))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signer, hashes.SHA256())
    )
    return key, [certificate, issuer]


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        key_cert_sign=signs_certificates, digital_signature=not signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _begin(
    subject: x509.Name, issuer: x509.Name, key: Key, signer: Key, lasts: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(lasts[0] - EARLIER)
        .not_valid_after(lasts[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )


def _read(path: Path) -> Kept | None:
    """Return key and certificates of a file, or None where there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        key = serialization.load_pem_private_key(content, password=None)
        certificates = x509.load_pem_x509_certificates(content)
    except (ValueError, TypeError) as error:
        raise CertificateError(f"{path} is damaged: remove it to begin anew") from error
    if not isinstance(key, Key) or key.public_key() != certificates[0].public_key():
        raise CertificateError(f"{path} is damaged: remove it to begin anew")
    return key, certificates


def _publish(path: Path, content: bytes) -> None:
    """Write what phones read: one that reads it just now gets the old or the new, but whole."""
    if path.is_file() and path.read_bytes() == content:
        return
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(path)


def _write(path: Path, kept: Kept) -> None:
    """Write key and certificates, for the owner's eyes only, whole or not at all."""
    key, certificates = kept
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        for certificate in certificates:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
