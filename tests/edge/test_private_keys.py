"""Private keys: made for one pair of eyes, read with their passphrase."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from edge.errors import SignatureError
from edge.private_keys import new_private_key, read_private_key, unlock
from edge.signing import key_id, read_public_key


@pytest.mark.parametrize("passphrase", ["", "correct horse"])
def test_a_key_is_made_and_read(passphrase: str, tmp_path: Path) -> None:
    public = new_private_key(tmp_path / "anna.key", passphrase)
    assert public == tmp_path / "anna.pem"
    private = read_private_key(tmp_path / "anna.key", passphrase)
    assert key_id(private.public_key()) == key_id(read_public_key(public))
    asked: list[str] = []

    def ask(what: str) -> str:
        asked.append(what)
        return passphrase

    assert unlock(tmp_path / "anna.key", ask).private_bytes_raw() == private.private_bytes_raw()
    assert asked == (["Passphrase of anna.key"] if passphrase else [])
    mode = stat.S_IMODE((tmp_path / "anna.key").stat().st_mode)
    assert mode == 0o600


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    new_private_key(tmp_path / "anna.key")
    before = (tmp_path / "anna.key").read_bytes()
    with pytest.raises(SignatureError, match="there already"):
        new_private_key(tmp_path / "anna.key")
    assert (tmp_path / "anna.key").read_bytes() == before
    with pytest.raises(SignatureError, match=r"name it \.key"):
        new_private_key(tmp_path / "ben.pem")
    with pytest.raises(SignatureError, match="cannot be written"):
        new_private_key(tmp_path / "none" / "ben.key")


def test_what_is_wrong_with_a_key_is_told(tmp_path: Path) -> None:
    new_private_key(tmp_path / "locked.key", "right")
    new_private_key(tmp_path / "open.key")
    (tmp_path / "junk.key").write_bytes(b"junk")
    for name, passphrase, message in (
        ("locked.key", "", "needs its passphrase"),
        ("locked.key", "wrong", "or the passphrase is wrong"),
        ("open.key", "any", "has no passphrase"),
        ("junk.key", "", "holds no private key"),
        ("open.pem", "", "holds no private key"),
        ("none.key", "", "holds no private key"),
    ):
        with pytest.raises(SignatureError, match=message):
            read_private_key(tmp_path / name, passphrase)
    with pytest.raises(SignatureError, match="holds no private key"):
        unlock(tmp_path / "none.key", str)
