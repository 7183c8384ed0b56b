"""Private keys, which sign bundles: made and read where bundles are made, never on a device."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from edge.errors import BundleError, SignatureError
from edge.plain_files import read_plain
from edge.signing import MOST_SMALL


def new_private_key(path: Path, passphrase: str = "") -> Path:
    """Make a key, for its owner's eyes only, and its public half beside it.

        public = new_private_key(Path("anna.key"), passphrase="...")     # anna.pem

    :param path: of the private half; must not be there yet.
    :param passphrase: without which nobody can use it; empty: none is needed.
    :return: the file with the public half.
    :raises SignatureError: one of the files is there already.
    """
    public = path.with_suffix(".pem")
    if public == path:
        raise SignatureError(f"{path.name} is what the public half is called: name it .key")
    private_key = Ed25519PrivateKey.generate()
    how: KeySerializationEncryption = NoEncryption()
    if passphrase:
        how = BestAvailableEncryption(passphrase.encode())
    _write(path, private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how), 0o600)
    shown = private_key.public_key()
    _write(public, shown.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    return public


def read_private_key(path: Path, passphrase: str = "") -> Ed25519PrivateKey:
    """Read a key.

    :param passphrase: with which it was made; empty: none.
    :raises SignatureError: the file holds none, or the passphrase is wrong or missing.
    """
    try:
        content = read_plain(path, MOST_SMALL)
        found = load_pem_private_key(content, passphrase.encode() or None)
    except TypeError as error:
        needs = "needs its passphrase" if not passphrase else "has no passphrase: give none"
        raise SignatureError(f"{path.name} {needs}") from error
    except (BundleError, OSError, ValueError, UnsupportedAlgorithm) as error:
        why = ", or the passphrase is wrong" if passphrase else ""
        raise SignatureError(f"{path.name} holds no private key (PEM){why}") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise SignatureError(f"{path.name} holds no Ed25519 key: make one with scripts/bundle")
    return found


def unlock(path: Path, ask: Callable[[str], str]) -> Ed25519PrivateKey:
    """Read a key, and ask for its passphrase if it has one.

        unlock(Path("anna.key"), lambda what: click.prompt(what, hide_input=True))

    :param ask: returns what is asked for, such as ``Passphrase of anna.key``.
    :raises SignatureError: as :func:`read_private_key`.
    """
    try:
        locked = b"ENCRYPTED" in read_plain(path, MOST_SMALL)
    except (BundleError, OSError):
        locked = False  # reading it will say what is wrong
    return read_private_key(path, ask(f"Passphrase of {path.name}") if locked else "")


def _write(path: Path, content: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise SignatureError(f"{path.name} is there already: name another file") from error
    except OSError as error:
        raise SignatureError(f"{path.name} cannot be written: {error.strerror}") from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(handle)
