"""A bundle as a single file: there and back, and what hostile files come to."""

from __future__ import annotations

import errno
import io
import os
import random
import shutil
import subprocess
import tarfile
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.errors import BundleError, SignatureError
from edge.signing import Trust
from tests.bundles import TRUST, copy_bundle, edit, put
from trt_engines import durable, packing
from trt_engines.packing import pack, unpack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_bundle(tmp_path / "bundle")


@pytest.fixture
def packed(folder: Path, tmp_path: Path) -> Path:
    return pack(folder, tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def members(packed: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(packed, "r:") as archive:
        return [
            (one, archive.extractfile(one).read())  # type: ignore[union-attr]
            for one in archive
        ]


def write(path: Path, parts: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    file = io.BytesIO()
    for about, content in parts:
        file.write(about.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512))
    path.write_bytes(file.getvalue() + bytes(1024))
    return path


# ## There and back


def test_what_is_packed_is_unpacked(folder: Path, packed: Path, tmp_path: Path) -> None:
    (folder / "notes.txt").write_text("not in the manifest")
    bundle = unpack(packed, tmp_path / "new", TRUST)
    assert packed.name == f"squat-{bundle.manifest.version}.bundle"
    assert bundle.signer == "tests"
    named = {"manifest.json", "manifest.sig", *bundle.manifest.files}
    expected = {name: content for name, content in contents(folder).items() if name in named}
    assert contents(tmp_path / "new") == expected


def test_the_same_bundle_gives_the_same_bytes(folder: Path, packed: Path, tmp_path: Path) -> None:
    later = copy_bundle(tmp_path / "later")
    os.utime(later / "manifest.json", (0, 0))
    (later / "manifest.json").chmod(0o600)
    assert pack(later, tmp_path / "other.bundle").read_bytes() == packed.read_bytes()


def test_a_packed_bundle_packs_to_itself(packed: Path, tmp_path: Path) -> None:
    unpack(packed, tmp_path / "new", TRUST)
    assert pack(tmp_path / "new", tmp_path / "o").read_bytes() == packed.read_bytes()


def test_any_tar_lists_it(packed: Path) -> None:
    command = ["tar", "tf", str(packed)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    first, second, *others = listed.stdout.split()
    assert (first, second) == ("manifest.json", "manifest.sig")
    assert others == sorted(others) and "classifier.onnx" in others


def test_an_empty_folder_is_filled_and_a_full_one_is_not(packed: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    new.mkdir()
    unpack(packed, new, TRUST)
    before = contents(new)
    with pytest.raises(BundleError, match="not empty"):
        unpack(packed, new, TRUST)
    assert contents(new) == before


def test_an_unsigned_bundle_is_packed_and_unpacked_where_it_may_be(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "manifest.sig").unlink()
    packed = pack(folder, tmp_path)
    with pytest.raises(SignatureError, match=r"squat-.*\.bundle is not signed"):
        unpack(packed, tmp_path / "new", TRUST)
    assert unpack(packed, tmp_path / "new", Trust({}, allow_unsigned=True)).signer is None


# ## Packing what is not whole


def test_an_altered_or_missing_file_is_not_packed(folder: Path, tmp_path: Path) -> None:
    network = folder / "classifier.onnx"
    network.write_bytes(b"x" * network.stat().st_size)
    with pytest.raises(BundleError, match="not the file"):
        pack(folder, tmp_path / "o")
    network.unlink()
    with pytest.raises(BundleError, match="lacks classifier"):
        pack(folder, tmp_path / "o")
    with pytest.raises(BundleError, match="no model bundle"):
        pack(tmp_path, tmp_path / "o")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


# ## Unpacking what is not whole, or hostile


def refused(path: Path, message: str, tmp_path: Path, trust: Trust = TRUST) -> None:
    with pytest.raises(BundleError, match=message):
        unpack(path, tmp_path / "refused", trust)
    assert not (tmp_path / "refused").exists()


def test_there_is_no_such_file(tmp_path: Path) -> None:
    refused(tmp_path / "none.bundle", r"no bundle none\.bundle", tmp_path)


def test_nothing_is_written_before_the_signature_is_checked(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(*_: object) -> None:
        pytest.fail("something was written")

    monkeypatch.setattr(packing, "_empty", written)
    with pytest.raises(SignatureError, match="unknown key"):
        unpack(packed, tmp_path / "new", Trust({}))


def _more(parts: list[tuple[tarfile.TarInfo, bytes]], name: str, **about: object) -> None:
    extra = tarfile.TarInfo(name)
    for key, value in about.items():
        setattr(extra, key, value)
    parts.append((extra, b""))


Parts = list[tuple[tarfile.TarInfo, bytes]]


def _rename(parts: Parts, name: str) -> None:
    parts[2][0].name = name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda parts: parts.clear(), "no bundle"),
        (lambda parts: parts.pop(0), "does not begin with manifest"),
        (lambda parts: parts.pop(2), "lacks"),
        (lambda parts: parts.pop(), "damaged"),
        (lambda parts: parts.append(parts[-1]), "more than its manifest names"),
        (lambda parts: parts.insert(2, parts[0]), "lacks"),
        (lambda parts: parts.reverse(), "does not begin"),
        (lambda parts: _rename(parts, "../../x"), "lacks"),
        (lambda parts: _rename(parts, "/etc/x"), "lacks"),
        (lambda parts: _more(parts, "x", type=tarfile.SYMTYPE, linkname="/etc"), "more than"),
        (lambda parts: parts[2][0].__setattr__("type", tarfile.SYMTYPE), "no plain file"),
        (lambda parts: parts[2][0].__setattr__("type", tarfile.LNKTYPE), "no plain file"),
        (lambda parts: parts[2][0].__setattr__("type", tarfile.CHRTYPE), "no plain file"),
        (lambda parts: parts[2][0].__setattr__("type", tarfile.DIRTYPE), "no plain file"),
        (lambda parts: parts[2][0].__setattr__("type", tarfile.XHDTYPE), "no plain file"),
        (lambda parts: parts[2][0].__setattr__("type", tarfile.GNUTYPE_SPARSE), "no plain file"),
        (lambda parts: parts[2][0].__setattr__("size", 8**11 - 1), "lacks"),
        (lambda parts: parts[0][0].__setattr__("size", 8**11 - 1), "bytes, more than"),
        (lambda parts: parts[1][0].__setattr__("size", 8**11 - 1), "bytes, more than"),
    ],
)
def test_a_hostile_file_is_refused_and_leaves_nothing(
    change: Callable[[Parts], object], message: str, packed: Path, tmp_path: Path
) -> None:
    parts = members(packed)
    change(parts)
    refused(write(tmp_path / "hostile", parts), message, tmp_path)


def test_a_file_that_was_changed_on_the_way_is_refused(packed: Path, tmp_path: Path) -> None:
    content = bytearray(packed.read_bytes())
    content[-5000] ^= 1
    packed.write_bytes(content)
    refused(packed, "not the file that the manifest names", tmp_path)


@pytest.mark.parametrize("left", [0, 100, 512, 2000, 100_000, -600])
def test_a_file_that_is_cut_off_is_refused(left: int, packed: Path, tmp_path: Path) -> None:
    packed.write_bytes(packed.read_bytes()[:left])
    refused(packed, "damaged|cut off|not the file|more than", tmp_path)


def test_a_link_or_a_device_is_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/zero")
    refused(tmp_path / "link", "it is a link", tmp_path)
    refused(Path("/dev/zero"), "no plain file", tmp_path)


def test_a_file_of_terabytes_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)  # takes no room: nothing is in it
    refused(tmp_path / "large", "more than the", tmp_path)


def test_without_room_nothing_is_begun(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10, 9, 1))
    refused(packed, "no room", tmp_path)


def test_a_disk_that_fills_leaves_nothing(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable, "sync", full)
    refused(packed, "No space left", tmp_path)


def test_a_bundle_of_other_files_is_unpacked_too(folder: Path, tmp_path: Path) -> None:
    put(folder, "empty-sector.bin", bytes(512))
    edit(folder, lambda manifest: manifest.update(version="9.8.7"))
    packed = pack(folder, tmp_path)
    assert packed.name == "squat-9.8.7.bundle"
    assert unpack(packed, tmp_path / "new", TRUST).path("empty-sector.bin").is_file()


# ## Damage of any kind


def damaged(packed: Path, seed: int, tmp_path: Path) -> None:
    """Change some bytes, most of them in headers, and unpack as if nobody had to sign."""
    chance = random.Random(seed)
    whole = packed.read_bytes()
    content = bytearray(whole)
    headers = [at for at in range(0, len(whole), 512) if whole[at + 257 : at + 262] == b"ustar"]
    for _ in range(chance.randint(1, 5)):
        at = chance.choice(headers) + chance.randrange(512)
        match chance.randrange(3):
            case 0:
                content[at] = chance.randrange(256)
            case 1:
                del content[at : at + chance.choice([1, 100, 512])]
            case 2:
                content[at:at] = content[at : at + chance.choice([1, 100, 512])]
    path, new = tmp_path / "damaged", tmp_path / "new"
    path.write_bytes(content)
    try:
        bundle = unpack(path, new, Trust({}, allow_unsigned=True))
    except BundleError as error:
        assert str(error).isprintable()
        assert not new.exists()
    else:
        assert Bundle.open(new, Trust({}, allow_unsigned=True)).digest == bundle.digest
        shutil.rmtree(new)
    assert {one.name for one in tmp_path.iterdir()} <= {"bundle", "damaged", packed.name}


def test_damaged_files_are_refused_or_whole(packed: Path, tmp_path: Path) -> None:
    for seed in range(40):
        damaged(packed, seed, tmp_path)


@pytest.mark.long
def test_many_damaged_files_are_refused_or_whole(packed: Path, tmp_path: Path) -> None:
    for seed in range(40, 3_000):
        damaged(packed, seed, tmp_path)
