"""Who made a bundle: Ed25519 signatures over the manifest, and the keys that are trusted.

The manifest names every file with its hash, so that whoever signs it signs the whole bundle.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.errors import BundleError, SignatureError
from edge.plain_files import read_plain

log = logging.getLogger(__name__)

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"

SHIPPED_KEYS: Final = Path(__file__).resolve().parents[1] / "trt_engines" / "keys"
"""Public keys that come with the project."""

REVOKED: Final = "revoked"
"""The folder among a device's keys whose keys are trusted no more, wherever else they are."""

MOST_MANIFEST: Final = 1 << 20
"""Bytes: ours has 50 000."""

MOST_SMALL: Final = 1 << 12
"""Bytes of a signature, or of a key."""


class Signature(BaseModel):
    """What ``manifest.sig`` says.

    :param key: the id of the key: SHA-256 of the 32 bytes of its public half.
    :param ed25519: the signature of the bytes of ``manifest.json``, in base64.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(pattern="^[0-9a-f]{64}$")
    ed25519: str = Field(pattern="^[A-Za-z0-9+/]{86}==$")


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key and whose it is.

    :param name: of its file: whose key it is.
    """

    name: str
    public: Ed25519PublicKey


@dataclass(frozen=True)
class Trust:
    """Whose bundles are opened.

        trust = Trust.load([SHIPPED_KEYS, Path("var/keys")])
        bundle = Bundle.open(folder, trust)

    :param keys: trusted public keys by their ids.
    :param allow_unsigned: whether a bundle that nobody trusted has signed is opened all the same.
    :param revoked: ids of keys that are trusted no more, with whose they were.
    """

    keys: Mapping[str, TrustedKey]
    allow_unsigned: bool = False
    revoked: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folders: list[Path], *, allow_unsigned: bool = False) -> Trust:
        """Read the public keys (``NAME.pem``) in some folders, and those in ``revoked`` in them.

        A file that is no key is told to the log and left out.
        """
        revoked = {
            identity: key.name for folder in folders for identity, key in _keys(folder / REVOKED)
        }
        keys = {identity: key for folder in folders for identity, key in _keys(folder)}
        for identity in revoked:
            keys.pop(identity, None)
        return cls(keys, allow_unsigned, revoked)

    @classmethod
    def default(cls) -> Trust:
        """Return what the settings of this device say.

        :raises SignatureError: a setting is not understood.
        """
        try:
            return TrustSettings().trust()
        except ValidationError as error:
            first = error.errors()[0]
            name = f"KIOSK_{str(first['loc'][0]).upper()}"
            raise SignatureError(f"{name} is not understood: {first['msg']}") from error

    def check(self, manifest: bytes, signature: bytes | None, label: str) -> str | None:
        """Return who signed these bytes; None: nobody trusted, which the settings allow.

        :param manifest: the bytes of ``manifest.json``.
        :param signature: those of ``manifest.sig``; None: there is none.
        :param label: what the bundle is called in messages.
        :raises SignatureError: they are not signed by anybody trusted, or were altered.
        """
        if signature is None:
            self._let_in(label, "is not signed")
            return None
        try:
            found = Signature.model_validate_json(signature)
        except ValidationError as error:
            raise SignatureError(
                f"{SIGNATURE} of {label} is damaged: get the bundle again"
            ) from error
        if found.key in self.revoked:
            raise SignatureError(
                f"{label} is signed with the key {found.key[:16]} of {self.revoked[found.key]}, "
                "which was revoked: get a bundle that is signed with another key"
            )
        if found.key not in self.keys:
            self._let_in(label, f"is signed with the unknown key {found.key[:16]}")
            return None
        key = self.keys[found.key]
        try:
            key.public.verify(base64.b64decode(found.ed25519), manifest)
        except InvalidSignature as error:
            raise SignatureError(
                f"{label} was altered after {key.name} had signed it: get the bundle again"
            ) from error
        return key.name

    def _let_in(self, label: str, what: str) -> None:
        if not self.allow_unsigned:
            raise SignatureError(
                f"{label} {what}, so anybody may have made it: get a signed one, or add its "
                "maker's public key with `scripts/bundle trust`, or allow unsigned bundles with "
                "KIOSK_ALLOW_UNSIGNED=1"
            )
        log.warning(
            "%s %s: ANYBODY MAY HAVE MADE IT, and KIOSK_ALLOW_UNSIGNED lets it in", label, what
        )


class TrustSettings(BaseSettings):
    """Whose bundles this device opens; a part of :class:`edge.settings.Settings`.

    :param data_dir: where scores, settings and keys are kept.
    :param trusted_keys: folder with public keys that are trusted beside the project's own; None:
        ``keys`` in ``data_dir``.
    :param allow_unsigned: whether bundles that nobody trusted has signed are opened.
    """

    model_config = SettingsConfigDict(env_prefix="KIOSK_", extra="ignore", frozen=True)

    data_dir: Path = Path("var")
    trusted_keys: Path | None = None
    allow_unsigned: bool = False

    @property
    def keys_folder(self) -> Path:
        """Return the folder with the keys that were added to this device."""
        return self.trusted_keys or self.data_dir / "keys"

    def trust(self) -> Trust:
        """Read the keys that are trusted now."""
        return Trust.load([SHIPPED_KEYS, self.keys_folder], allow_unsigned=self.allow_unsigned)


def sign(folder: Path, private_key: Ed25519PrivateKey) -> Signature:
    """Sign the bundle in a folder as it is now.

        sign(Path("squat"), private_key)

    :param folder: with ``manifest.json``; the signature is written beside it.
    :raises BundleError: there is no manifest.
    """
    content = read_plain(folder / MANIFEST, MOST_MANIFEST)
    signature = Signature(
        key=key_id(private_key.public_key()),
        ed25519=base64.b64encode(private_key.sign(content)).decode(),
    )
    partial = folder / f"{SIGNATURE}.partial"
    partial.write_text(signature.model_dump_json(indent=2) + "\n", encoding="ascii")
    partial.replace(folder / SIGNATURE)
    return signature


def verify(folder: Path, trust: Trust) -> tuple[bytes, str | None]:
    """Return the bytes of a bundle's manifest, and who signed them.

    :return: with None: nobody trusted has signed it, which the settings allow.
    :raises BundleError: there is no manifest, or it is no plain file of a sensible size.
    :raises SignatureError: it is not signed by anybody trusted, or was altered.
    """
    content = read_plain(folder / MANIFEST, MOST_MANIFEST)
    try:
        signature = read_plain(folder / SIGNATURE, MOST_SMALL)
    except FileNotFoundError:
        signature = None
    return content, trust.check(content, signature, f"the bundle in {folder.name}/")


def key_id(public: Ed25519PublicKey) -> str:
    """Return the id, and fingerprint, of a key: SHA-256 of its 32 bytes, in hexadecimal."""
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key.

    :raises SignatureError: the file holds none of the kind that signs bundles.
    """
    try:
        content = read_plain(path, MOST_SMALL)
    except (BundleError, OSError) as error:
        raise SignatureError(f"{path.name} cannot be read: name a file with a key") from error
    if b"PRIVATE KEY" in content:
        raise SignatureError(f"{path.name} is a PRIVATE key: it belongs only where you sign")
    try:
        public = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError(f"{path.name} holds no public key (PEM)") from error
    if not isinstance(public, Ed25519PublicKey):
        raise SignatureError(f"{path.name} holds no Ed25519 key: make one with scripts/bundle")
    return public


def _keys(folder: Path) -> Iterator[tuple[str, TrustedKey]]:
    for path in sorted(folder.glob("*.pem")):
        try:
            public = read_public_key(path)
        except SignatureError as error:
            log.warning("a key is left out: %s", error)
            continue
        yield key_id(public), TrustedKey(path.stem, public)
