"""A bundle as a single file: a plain tar with the manifest first.

Tar and not zip: the manifest and its signature come before everything else, so that nothing is
written until both are known to be good; a file has one header and not two that may differ; and
nothing is compressed, so that nothing can unpack to more than was sent (weights hardly compress).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tarfile import BLOCKSIZE, NUL, REGTYPE, USTAR_FORMAT, HeaderError, TarInfo
from typing import BinaryIO, Final

from edge.bundle import MOST_BYTES, MOST_FILES, Bundle, BundleFile, Manifest
from edge.errors import BundleError
from edge.plain_files import open_plain, read_plain
from edge.signing import MANIFEST, MOST_MANIFEST, MOST_SMALL, SIGNATURE, Trust
from trt_engines import durable

SUFFIX: Final = ".bundle"

MOST_PACKED: Final = MOST_BYTES + MOST_MANIFEST + (MOST_FILES + 8) * 2 * BLOCKSIZE
"""Bytes of the largest file that can hold a bundle."""

_CHUNK: Final = 1 << 20
_END: Final = NUL * 2 * BLOCKSIZE


def packed_name(manifest: Manifest) -> str:
    """Return what the single file of a bundle is called, such as ``squat-0.4.0.bundle``."""
    return f"{manifest.name}-{manifest.version}{SUFFIX}"


def pack(folder: Path, file: Path) -> Path:
    """Write a bundle's folder into a single file; the same bundle gives the same bytes.

        pack(Path("trt_engines/bundles/squat"), Path("squat-0.4.0.bundle"))

    :param folder: with the manifest, its signature where it has one, and what it names.
    :param file: where to write; a folder: the file is called after the bundle.
    :return: the file that was written.
    :raises BundleError: a file is missing or altered, or the manifest is not understood.
    """
    try:
        content = read_plain(folder / MANIFEST, MOST_MANIFEST)
    except FileNotFoundError as error:
        raise BundleError(f"there is no model bundle in {folder.name}/") from error
    manifest = Manifest.parse(content)
    target = file / packed_name(manifest) if file.is_dir() else file
    partial = target.with_name(f"{target.name}.partial")
    try:
        with partial.open("wb") as out:
            _put(out, MANIFEST, content)
            with suppress(FileNotFoundError):
                _put(out, SIGNATURE, read_plain(folder / SIGNATURE, MOST_SMALL))
            for name, expected in sorted(manifest.files.items()):
                out.write(_header(name, expected.bytes))
                with _opened(folder, name, expected.bytes) as source:
                    _copy(source, out, name, expected)
                _pad(out, expected.bytes)
            out.write(_END)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def unpack(file: Path, folder: Path, trust: Trust | None = None) -> Bundle:
    """Write the bundle in a single file into a new folder, so that it outlives a power cut.

        bundle = unpack(Path("squat-0.4.0.bundle"), Path("squat"))

    Nothing is written before the signature is known to be good, and only what the manifest names.

    :param folder: must be empty, or not be there; is left empty, or not there, where this fails.
    :param trust: whose bundles are unpacked; None: as the settings of this device say.
    :raises SignatureError: it is not signed by anybody trusted, or was altered.
    :raises BundleError: this is no bundle, or there is no room for it.
    """
    with _packed(file) as source:
        content, signature, found = _head(source)
        trust = trust or Trust.default()
        trust.check(content, signature, file.name)
        manifest = Manifest.parse(content)
        with _empty(folder, sum(one.bytes for one in manifest.files.values())):
            for number, (name, expected) in enumerate(sorted(manifest.files.items())):
                member = _next(source) if number else found
                if member.name != name or member.size != expected.bytes:
                    raise BundleError(f"{file.name} lacks {name}: get it again")
                with _new(folder / name) as out:
                    _copy(source, out, name, expected)
                source.read(-expected.bytes % BLOCKSIZE)
            if source.read(len(_END) + 1) != _END:
                raise BundleError(f"{file.name} holds more than its manifest names")
            # The manifest comes last: a folder without one is no bundle yet.
            for name, said in ((SIGNATURE, signature), (MANIFEST, content)):
                if said is not None:
                    with _new(folder / name) as out:
                        out.write(said)
            durable.sync(folder)
            durable.sync(folder.absolute().parent)
            return Bundle.open(folder, trust)


def read_head(file: Path) -> tuple[bytes, bytes | None]:
    """Return the bytes of the manifest in a single file, and of its signature if it has one.

    :raises BundleError: this is no bundle.
    """
    with _packed(file) as source:
        content, signature, _ = _head(source)
        return content, signature


# ## Writing


def _header(name: str, size: int) -> bytes:
    about = TarInfo(name)
    about.size, about.mode = size, 0o644  # no owner and no time: the same bundle, the same bytes
    return about.tobuf(USTAR_FORMAT, "ascii", "strict")


def _put(out: BinaryIO, name: str, content: bytes) -> None:
    out.write(_header(name, len(content)) + content)
    _pad(out, len(content))


def _pad(out: BinaryIO, size: int) -> None:
    out.write(NUL * (-size % BLOCKSIZE))


def _opened(folder: Path, name: str, size: int) -> BinaryIO:
    try:
        return open_plain(folder / name, size)
    except FileNotFoundError as error:
        raise BundleError(f"the bundle lacks {name}; export it again") from error


def _copy(source: BinaryIO, out: BinaryIO, name: str, expected: BundleFile) -> None:
    """Copy exactly what the manifest says."""
    digest, left = hashlib.sha256(), expected.bytes
    while left and (chunk := source.read(min(left, _CHUNK))):
        digest.update(chunk)
        out.write(chunk)
        left -= len(chunk)
    if left or digest.hexdigest() != expected.sha256:
        raise BundleError(f"{name} is not the file that the manifest names")


# ## Reading


@contextmanager
def _packed(file: Path) -> Iterator[BinaryIO]:
    try:
        source = open_plain(file, MOST_PACKED)
    except FileNotFoundError as error:
        raise BundleError(f"there is no bundle {file.name}") from error
    with source:
        yield source


def _next(source: BinaryIO) -> TarInfo:
    """Return the next header; that of a plain file, since there is no other in a bundle."""
    try:
        found = TarInfo.frombuf(source.read(BLOCKSIZE), "ascii", "strict")
    except (HeaderError, ValueError) as error:
        raise BundleError("this is no bundle, or it is damaged: get it again") from error
    if found.type != REGTYPE:
        raise BundleError("the bundle holds something that is no plain file")
    return found


def _head(source: BinaryIO) -> tuple[bytes, bytes | None, TarInfo]:
    """Return manifest and signature, and the header of what comes next."""
    found = _next(source)
    if found.name != MANIFEST:
        raise BundleError(f"this is no bundle: it does not begin with {MANIFEST}")
    content = _content(source, found, MOST_MANIFEST)
    found, signature = _next(source), None
    if found.name == SIGNATURE:
        signature = _content(source, found, MOST_SMALL)
        found = _next(source)
    return content, signature, found


def _content(source: BinaryIO, found: TarInfo, most: int) -> bytes:
    if not 0 <= found.size <= most:
        raise BundleError(f"{found.name} has {found.size} bytes, more than the {most} it may")
    content = source.read(found.size)
    source.read(-found.size % BLOCKSIZE)
    if len(content) != found.size:
        raise BundleError("the bundle is cut off: get it again")
    return content


@contextmanager
def _empty(folder: Path, needed: int) -> Iterator[None]:
    """Give an empty folder with room, and leave nothing in it where something fails."""
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        full = any(folder.iterdir())
    except OSError as error:
        raise BundleError(f"{folder.name}/ cannot be used: {error.strerror}") from error
    if full:
        raise BundleError(f"{folder.name}/ is not empty: name another folder")
    try:
        if needed > shutil.disk_usage(folder).free:
            raise BundleError(f"{needed} bytes are needed and there is no room: delete something")
        yield
    except BaseException as error:
        for path in folder.iterdir():
            path.unlink()
        if made:
            folder.rmdir()
        if isinstance(error, OSError):
            raise BundleError(f"the bundle cannot be written: {error.strerror}") from error
        raise


@contextmanager
def _new(path: Path) -> Iterator[BinaryIO]:
    with path.open("xb") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())
