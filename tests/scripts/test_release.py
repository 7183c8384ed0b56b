"""Signed archives of the whole software, and the unit that installs one."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
import release
from installing.release import release_name

from edge.errors import SignatureError
from edge.private_keys import new_private_key, read_private_key
from tests.clips import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small one: two files that are installed, and one that is not."""
    folder = tmp_path / "checkout"
    for name, text in {
        "pyproject.toml": 'version = "0.2.0"\n',
        "edge/a.py": "",
        "tests/b": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The folder of the trusted keys, with anna's; her private one is beside it."""
    folder = tmp_path / "keys"
    folder.mkdir()
    new_private_key(tmp_path / "anna.key").rename(folder / "anna.pem")
    return folder


def made(checkout: Path, tmp_path: Path) -> Path:
    return release.make(tmp_path, read_private_key(tmp_path / "anna.key"), checkout)


def test_an_archive_is_the_checkout_as_it_is_installed(
    checkout: Path, keys: Path, tmp_path: Path
) -> None:
    archive = made(checkout, tmp_path)
    assert archive.name == f"squat-kiosk-{release_name(checkout)}.tar.gz"
    assert release.check(archive, keys) == "anna"
    with tarfile.open(archive) as packed:
        names = {Path(name).name for name in packed.getnames()}
        assert names == {"pyproject.toml", "a.py"}
        assert {found.uname for found in packed} == {"root"}
        packed.extractall(tmp_path / "there", filter="data")
    (there,) = (tmp_path / "there").iterdir()
    assert release_name(there) == release_name(checkout)


def test_what_nobody_trusted_has_signed_is_refused(
    checkout: Path, keys: Path, tmp_path: Path
) -> None:
    archive = made(checkout, tmp_path)
    (tmp_path / "nobodys").mkdir()
    with pytest.raises(SignatureError, match="unknown key"):
        release.check(archive, tmp_path / "nobodys")
    with pytest.raises(SignatureError, match="unknown key"):  # the kiosk's models' keys are others
        release.check(archive, ROOT / "trt_engines/keys")
    (keys / "revoked").mkdir()
    (keys / "revoked/anna.pem").write_text((keys / "anna.pem").read_text())
    with pytest.raises(SignatureError, match="revoked key"):
        release.check(archive, keys)


@pytest.mark.parametrize("damage", ["archive", "signature", "none"])
def test_what_was_altered_is_refused(
    checkout: Path, keys: Path, tmp_path: Path, damage: str
) -> None:
    archive = made(checkout, tmp_path)
    if damage == "archive":
        content = bytearray(archive.read_bytes())
        content[len(content) // 2] ^= 1
        archive.write_bytes(content)
    elif damage == "signature":
        release.signature_of(archive).write_text("{}")
    else:
        release.signature_of(archive).unlink()
    with pytest.raises(SignatureError, match=r"altered|no signature"):
        release.check(archive, keys)


def test_the_command_ends_with_1_for_what_it_refuses(
    checkout: Path, keys: Path, tmp_path: Path
) -> None:
    archive = made(checkout, tmp_path)

    def check(folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(ROOT / "scripts/release"), "check", archive.name, "--keys", str(folder)],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert check(keys).stdout == f"{archive.name} was signed by anna\n"
    refused = check(tmp_path / "nobodys")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
