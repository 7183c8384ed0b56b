"""``python -m trt_engines.bundle``: keys and bundles, for the maintainer."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import ValidationError

from edge import __version__
from edge.bundle import Bundle, Manifest, check_files, one_line
from edge.errors import BundleError, KioskError
from edge.plain_files import read_plain
from edge.private_keys import new_private_key, unlock
from edge.signing import (
    MANIFEST,
    MOST_MANIFEST,
    MOST_SMALL,
    REVOKED,
    SIGNATURE,
    Signature,
    Trust,
    TrustSettings,
    key_id,
    read_public_key,
)
from edge.signing import sign as sign_folder
from trt_engines.packing import pack as pack_folder
from trt_engines.packing import read_head, unpack
from trt_engines.slots import ENGINES, Slots, names_in


class Refused(click.ClickException):
    """What was asked for cannot be done; exit code 1."""


def settings(data_dir: Path | None) -> TrustSettings:
    """Return where this device keeps the keys that it trusts."""
    try:
        return TrustSettings() if data_dir is None else TrustSettings(data_dir=data_dir)
    except ValidationError as error:
        first = error.errors()[0]
        raise Refused(f"KIOSK_{str(first['loc'][0]).upper()}: {first['msg']}") from error


def fingerprint(identity: str) -> str:
    """Return the id of a key in groups of four, fit to be read aloud."""
    return " ".join(identity[at : at + 4] for at in range(0, len(identity), 4))


data_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="The kiosk's data [default: KIOSK_DATA_DIR, else var].",
)
folder_argument = click.argument(
    "folder", type=click.Path(path_type=Path, exists=True, file_okay=False)
)


class Group(click.Group):
    """Says what went wrong in one line."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except KioskError as error:
            raise Refused(str(error)) from error
        except OSError as error:
            raise Refused(f"{error.filename or 'a file'}: {error.strerror}") from error


@click.group(cls=Group)
def main() -> None:
    """Make keys; sign, pack and check bundles; say whose bundles this device opens."""


def keep(folder: Path, key: Path) -> None:
    """Copy a public key among those of a device; another of that name is not replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{key.stem}.pem"
    if target.exists() and key_id(read_public_key(target)) != key_id(read_public_key(key)):
        raise Refused(f"{target} is another key: rename yours")
    if not (target.exists() and target.samefile(key)):
        shutil.copyfile(key, target)


@main.command("new-key")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--no-passphrase", is_flag=True, help="Anybody who has the file can sign with it.")
def new_key(file: Path, no_passphrase: bool) -> None:
    """Make a key in FILE (such as anna.key) and its public half beside it (anna.pem)."""
    passphrase = ""
    if not no_passphrase:
        passphrase = click.prompt(
            "Passphrase", hide_input=True, confirmation_prompt=True, default="", show_default=False
        )
    public = new_private_key(file, passphrase)
    click.echo(f"{file}: the private key{'' if passphrase else ', WITHOUT a passphrase'}.")
    click.echo(
        "  Keep it where bundles are made, never on a kiosk and never in a repository, with a\n"
        "  copy in a safe place: whoever has it can sign what every kiosk that trusts it runs."
    )
    click.echo(f"{public}: its public half, for `scripts/bundle trust` on each kiosk.")
    click.echo(f"  Fingerprint: {fingerprint(key_id(read_public_key(public)))}")


@main.command()
@data_option
@click.argument("key", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--yes", is_flag=True, help="Do not ask whether the fingerprint is right.")
def trust(data_dir: Path | None, key: Path, yes: bool) -> None:
    """Open bundles on this device that are signed with KEY, a public key (NAME.pem)."""
    public = read_public_key(key)
    click.echo(f"{key.name}: {fingerprint(key_id(public))}")
    if not yes:
        click.confirm("Is this what its owner says the fingerprint is?", abort=True)
    keep(settings(data_dir).keys_folder, key)
    click.echo(f"bundles signed with {key.stem} are opened from now on")


@main.command()
@data_option
@click.argument("key", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def revoke(data_dir: Path | None, key: Path) -> None:
    """Never open bundles on this device that are signed with KEY, a public key (NAME.pem)."""
    identity = key_id(read_public_key(key))
    keep(settings(data_dir).keys_folder / REVOKED, key)
    click.echo(f"{key.name}: {fingerprint(identity)}")
    click.echo(f"bundles signed with {key.stem} are refused from now on")
    for line in _slots_signed_with(identity, settings(data_dir).data_dir / ENGINES):
        click.echo(line)


def _slots_signed_with(identity: str, root: Path) -> Iterator[str]:
    """Yield a line for each slot of this device whose bundle a key has signed."""
    for slots in (Slots(root, name) for name in names_in(root)):
        live = slots.live()
        for slot in slots.both():
            try:
                signature = Signature.model_validate_json(head_of(slot.bundle)[1] or b"")
            except (KioskError, OSError, ValidationError):
                continue  # there is none that could be loaded
            if signature.key != identity:
                continue
            what = f"slot {slot.letter} of {slots.name} holds {slot.label}, signed with it"
            if slot.same(live):
                yield (
                    f"{what}, LIVE: a kiosk that runs goes on with it until its next start; now: "
                    f"scripts/engines roll-back {slots.name} --why 'key revoked', or flash another"
                )
            else:
                yield f"{what}, not live: nothing goes back to it; the next flash may replace it"


@main.command()
@data_option
def keys(data_dir: Path | None) -> None:
    """List the keys whose bundles this device opens, and those that were revoked."""
    known = settings(data_dir)
    found = known.trust()
    for identity, key in sorted(found.keys.items(), key=lambda one: one[1].name):
        click.echo(f"trusted  {key.name}: {fingerprint(identity)}")
    for identity, name in sorted(found.revoked.items(), key=lambda one: one[1]):
        click.echo(f"revoked  {name}: {fingerprint(identity)}")
    if known.allow_unsigned:
        click.echo("KIOSK_ALLOW_UNSIGNED: bundles that NOBODY signed are opened too")


@main.command()
@folder_argument
@click.option("--key", required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="The private key.")  # fmt: skip
def sign(folder: Path, key: Path) -> None:
    """Sign the bundle in FOLDER, once its files are what its manifest names."""
    check_files(folder, Manifest.parse(head_of(folder)[0]))
    made = sign_folder(folder, unlock(key, lambda what: click.prompt(what, hide_input=True)))
    click.echo(f"signed with {fingerprint(made.key)}")


@main.command()
@folder_argument
@click.option("--out", type=click.Path(path_type=Path), default=Path(),
              help="The file, or its folder [default: NAME-VERSION.bundle here].")  # fmt: skip
def pack(folder: Path, out: Path) -> None:
    """Write the bundle in FOLDER into a single file."""
    made = pack_folder(folder, out)
    unsigned = "" if (folder / SIGNATURE).is_file() else ", NOT SIGNED: no kiosk opens it"
    click.echo(f"{made}: {made.stat().st_size} bytes{unsigned}")


@main.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@data_option
@click.option("--json", "as_json", is_flag=True, help="The whole manifest.")
def check(path: Path, data_dir: Path | None, as_json: bool) -> None:
    """Say whether this device would open the bundle PATH, a folder or single file, and what it is.

    Exit codes: 0 it would, 1 it would not, 2 the command line is wrong.
    """
    content, signature = read_head(path) if path.is_file() else head_of(path)
    refusal = ""
    signer = None
    try:
        signer = open_or_unpack(path, settings(data_dir).trust()).signer
    except KioskError as error:
        refusal = str(error)
    # What is refused is shown all the same, in so far as it can be read at all.
    manifest = Manifest.parse(content)
    if as_json:
        click.echo(manifest.model_dump_json(indent=2))
    else:
        click.echo("\n".join(described(manifest, content, signature)))
        by = signer or "NOBODY that is trusted, which the settings allow"
        click.echo(f"REFUSED here: {refusal}" if refusal else f"opened here: signed by {by}")
    sys.exit(1 if refusal else 0)


def head_of(folder: Path) -> tuple[bytes, bytes | None]:
    """Return the bytes of a folder's manifest, and of its signature if it has one."""
    try:
        content = read_plain(folder / MANIFEST, MOST_MANIFEST)
    except FileNotFoundError as error:
        raise BundleError(f"there is no model bundle in {folder.name}/") from error
    try:
        return content, read_plain(folder / SIGNATURE, MOST_SMALL)
    except FileNotFoundError:
        return content, None


def open_or_unpack(path: Path, known: Trust) -> Bundle:
    """Open a bundle as the kiosk does; one in a single file somewhere that is gone afterwards."""
    if not path.is_file():
        return Bundle.open(path, known)
    with tempfile.TemporaryDirectory() as scratch:
        return unpack(path, Path(scratch), known)


def described(manifest: Manifest, content: bytes, signature: bytes | None) -> Iterator[str]:
    """Yield the lines that tell what a manifest says; nothing in them can move the cursor."""
    for line in _lines(manifest, content, signature):
        yield one_line(line)


def _lines(manifest: Manifest, content: bytes, signature: bytes | None) -> Iterator[str]:
    what = manifest.exercise or manifest.backend
    yield f"{manifest.name} {manifest.version}: {manifest.kind} of {what}"
    yield f"  digest {hashlib.sha256(content).hexdigest()}"
    yield f"  needs version {manifest.min_software} of this software, this is {__version__}"
    yield f"  licence: {manifest.licence or 'not stated'}"
    yield f"  key of the signature: {signed_with(signature)}"
    for name, file in manifest.files.items():
        yield f"  {name}: {file.bytes} bytes, {file.sha256}"
    for name, network in manifest.networks.items():
        yield f"network {name}: {', '.join(f'{p} {f}' for p, f in network.files.items())}"
        for way, tensors in (("in", network.inputs), ("out", network.outputs)):
            for one in tensors:
                yield f"  {way}  {one.name} {one.dtype} [{', '.join(map(str, one.shape))}]"
        for axis, limits in network.axes.items():
            yield f"  {axis}: {limits.least} to {limits.most}, best {limits.best}: {limits.reason}"
        for precision, said in network.tolerances.items():
            most = ", ".join(f"{output} {far:g}" for output, far in said.items())
            yield f"  {precision} may be off by {most}: {network.reasons.get(precision, '')}"
    yield f"threshold {manifest.threshold}"
    yield f"golden cases: {manifest.golden or 'none'}; model card: {manifest.card or 'none'}"
    yield f"trained on: {_names(manifest.training.get('data'))}"
    for name, figures in manifest.figures.items():
        if isinstance(figures, dict) and "balanced_accuracy" in figures:
            yield f"  {name}: balanced accuracy {figures['balanced_accuracy']}"


def signed_with(signature: bytes | None) -> str:
    """Return which key a signature names, whether it is trusted or not."""
    if signature is None:
        return "not signed"
    try:
        return fingerprint(Signature.model_validate_json(signature).key)
    except ValidationError:
        return "damaged"


def _names(data: object) -> str:
    rows = data if isinstance(data, list) else []
    return ", ".join(str(one.get("name")) for one in rows if isinstance(one, dict)) or "not stated"


if __name__ == "__main__":
    main(prog_name="scripts/bundle")
