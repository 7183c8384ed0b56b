"""``scripts/release``: versions of the whole software as signed archives.

Whoever signs one becomes root on every device that trusts the key, which the signature of a model
does not make anybody: the two kinds of keys are kept apart.
"""

from __future__ import annotations

import base64
import sys
import tarfile
from pathlib import Path
from typing import Final

import click
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from installing.box import CHECKOUT
from installing.release import files, release_name
from pydantic import ValidationError

from edge.errors import BundleError, KioskError, SignatureError
from edge.plain_files import read_plain
from edge.private_keys import unlock
from edge.signing import MOST_SMALL, Signature, Trust, key_id

KEYS: Final = Path("/etc/squat-kiosk/release-keys")
"""Whose releases a device installs; it belongs to root, and is empty at first."""

MOST_BYTES: Final = 1 << 30
"""Of an archive: ours has fourteen million."""


def make(folder: Path, key: Ed25519PrivateKey, checkout: Path = CHECKOUT) -> Path:
    """Pack and sign a checkout; what is not installed is not packed.

        make(Path("."), read_private_key(Path("anna.key")))

    :param folder: where archive and signature go.
    :param key: of the maker.
    :return: the archive.
    """
    name = f"squat-kiosk-{release_name(checkout)}"
    archive = folder / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz") as out:
        for path in files(checkout):
            out.add(checkout / path, f"{name}/{path}", filter=_nobodys)
    content = archive.read_bytes()
    signature = Signature(
        key=key_id(key.public_key()), ed25519=base64.b64encode(key.sign(content)).decode()
    )
    signature_of(archive).write_text(signature.model_dump_json(indent=2) + "\n", encoding="ascii")
    return archive


def _nobodys(found: tarfile.TarInfo) -> tarfile.TarInfo:
    """Take out whose the file was."""
    found.uid = found.gid = 0
    found.uname = found.gname = "root"
    return found


def signature_of(archive: Path) -> Path:
    """Return where an archive's signature is."""
    return archive.with_name(archive.name + ".sig")


def check(archive: Path, keys: Path = KEYS) -> str:
    """Return who signed an archive.

    :param keys: the folder with the public keys that are trusted, and those in ``revoked`` in it.
    :raises SignatureError: nobody who is trusted did, or it was altered.
    """
    trust = Trust.load([keys])
    try:
        found = Signature.model_validate_json(read_plain(signature_of(archive), MOST_SMALL))
        content = read_plain(archive, MOST_BYTES)
    except (ValidationError, BundleError, OSError) as error:
        raise SignatureError(f"{archive.name} has no signature that can be read") from error
    if found.key not in trust.keys:
        state = "revoked" if found.key in trust.revoked else "unknown"
        raise SignatureError(
            f"{archive.name} is signed with the {state} key {found.key[:16]}: nothing was "
            f"installed. Whoever trusts its maker puts the public key into {keys} as NAME.pem"
        )
    key = trust.keys[found.key]
    try:
        key.public.verify(base64.b64decode(found.ed25519), content)
    except InvalidSignature as error:
        raise SignatureError(f"{archive.name} was altered after {key.name} signed it") from error
    return key.name


@click.group()
def main() -> None:
    """Make and check signed archives of the whole software."""


@main.command("make")
@click.option("--key", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--folder", type=click.Path(path_type=Path, exists=True, file_okay=False),
              default=Path(), help="Where it goes [default: here].")  # fmt: skip
def make_command(key: Path, folder: Path) -> None:
    """Pack this checkout and sign it."""
    archive = make(folder, unlock(key, lambda what: str(click.prompt(what, hide_input=True))))
    click.echo(f"{archive}, and {signature_of(archive).name}")


@main.command("check")
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--keys", type=click.Path(path_type=Path), default=KEYS, show_default=True)
def check_command(archive: Path, keys: Path) -> None:
    """Say who signed an archive; exit code 1: nobody who is trusted."""
    click.echo(f"{archive.name} was signed by {check(archive, keys)}")


if __name__ == "__main__":
    try:
        main(prog_name="scripts/release", standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(wrong.exit_code)
    except KioskError as refused:
        click.echo(f"error: {refused}", err=True)
        sys.exit(1)
