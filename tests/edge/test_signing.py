"""Signatures: who is let in, who is not, and what is said."""

from __future__ import annotations

import base64
import json
import logging
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from edge.bundle import DEFAULT_BUNDLE, Bundle
from edge.errors import BundleError, SignatureError
from edge.settings import Settings
from edge.signing import (
    MOST_SMALL,
    SHIPPED_KEYS,
    Trust,
    TrustSettings,
    key_id,
    read_public_key,
    sign,
)
from tests.bundles import KEY, TRUST, copy_bundle

OTHER = Ed25519PrivateKey.from_private_bytes(b"another key that tests may have.")
NOBODY = Trust({})
ANYBODY = Trust({}, allow_unsigned=True)


def pem(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_bundle(tmp_path / "bundle")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    home = tmp_path / "keys"
    (home / "revoked").mkdir(parents=True)
    return home


def test_a_signed_bundle_says_by_whom(folder: Path) -> None:
    assert Bundle.open(folder, TRUST).signer == "tests"


def test_an_unsigned_bundle_is_refused_and_says_what_to_do(folder: Path) -> None:
    (folder / "manifest.sig").unlink()
    with pytest.raises(SignatureError, match=r"is not signed.*scripts/bundle trust.*UNSIGNED=1"):
        Bundle.open(folder, TRUST)


def test_one_of_an_unknown_key_is_refused_and_says_which(folder: Path) -> None:
    with pytest.raises(SignatureError, match=f"unknown key {key_id(KEY.public_key())[:16]}"):
        Bundle.open(folder, NOBODY)


@pytest.mark.parametrize("signed", [True, False])
def test_the_settings_may_let_it_in_loudly_every_time(
    signed: bool, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if not signed:
        (folder / "manifest.sig").unlink()
    for _ in range(2):
        assert Bundle.open(folder, ANYBODY).signer is None
    told = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert len(told) == 2 and "ANYBODY MAY HAVE MADE IT" in told[0].getMessage()


@pytest.mark.parametrize("allow_unsigned", [True, False])
def test_an_altered_manifest_is_refused_whatever_the_settings(
    allow_unsigned: bool, folder: Path
) -> None:
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(SignatureError, match="altered after tests had signed it"):
        Bundle.open(folder, Trust(TRUST.keys, allow_unsigned))


@pytest.mark.parametrize("allow_unsigned", [True, False])
def test_a_signature_of_another_who_says_to_be_us_is_refused(
    allow_unsigned: bool, folder: Path
) -> None:
    forged = sign(folder, OTHER).model_copy(update={"key": key_id(KEY.public_key())})
    (folder / "manifest.sig").write_text(forged.model_dump_json())
    with pytest.raises(SignatureError, match="altered"):
        Bundle.open(folder, Trust(TRUST.keys, allow_unsigned))


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"null", b"\xff", b"[" * 4000, b'{"key": "x", "ed25519": "y"}',
        json.dumps({"key": "0" * 64, "ed25519": base64.b64encode(bytes(63)).decode()}).encode(),
        json.dumps({"key": "0" * 64, "ed25519": "=" * 88}).encode(),
        json.dumps({"key": "0" * 64, "ed25519": "A" * 86 + "==", "more": 1}).encode(),
    ],
)  # fmt: skip
def test_a_damaged_signature_is_refused_whatever_the_settings(content: bytes, folder: Path) -> None:
    (folder / "manifest.sig").write_bytes(content)
    with pytest.raises(SignatureError, match="damaged"):
        Bundle.open(folder, ANYBODY)


def test_a_signature_that_is_too_large_is_not_read(folder: Path) -> None:
    (folder / "manifest.sig").write_bytes(bytes(MOST_SMALL + 1))
    with pytest.raises(BundleError, match=r"manifest\.sig has"):
        Bundle.open(folder, ANYBODY)


def test_a_signature_holds_for_its_own_manifest_only(folder: Path, tmp_path: Path) -> None:
    other = copy_bundle(tmp_path / "other")
    path = other / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"threshold": 0.5', b'"threshold": 0.1'))
    sign(other, KEY)
    shutil.copy(folder / "manifest.sig", other)
    with pytest.raises(SignatureError, match="altered"):
        Bundle.open(other, TRUST)


def test_nothing_is_signed_where_there_is_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sign(tmp_path, KEY)


# ## Which keys are trusted


def test_keys_of_a_folder_are_named_after_their_files(keys: Path, folder: Path) -> None:
    (keys / "anna.pem").write_bytes(pem(KEY))
    (keys / "ben.pem").write_bytes(pem(OTHER))
    trust = Trust.load([keys])
    assert {key.name for key in trust.keys.values()} == {"anna", "ben"}
    assert Bundle.open(folder, trust).signer == "anna"


def test_a_revoked_key_is_trusted_no_more_wherever_else_it_is(
    keys: Path, folder: Path, tmp_path: Path
) -> None:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    for home in (shipped, keys, keys / "revoked"):
        (home / "anna.pem").write_bytes(pem(KEY))
    for allow_unsigned in (True, False):
        trust = Trust.load([shipped, keys], allow_unsigned=allow_unsigned)
        with pytest.raises(SignatureError, match="of anna, which was revoked"):
            Bundle.open(folder, trust)


def test_what_is_no_key_is_told_and_left_out(keys: Path, caplog: pytest.LogCaptureFixture) -> None:
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (keys / "a.pem").write_bytes(b"nothing of the kind")
    (keys / "b.pem").write_bytes(pem(X25519PrivateKey.generate()))
    (keys / "c.pem").write_bytes(private)
    (keys / "d.pem").symlink_to("/dev/zero")
    (keys / "e.pem").write_bytes(bytes(MOST_SMALL + 1))
    (keys / "f.txt").write_bytes(pem(KEY))
    (keys / "g.pem").mkdir()
    assert not Trust.load([keys, keys / "none"]).keys
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert len(caplog.records) == 6
    assert "a.pem holds no public key" in told and "b.pem holds no Ed25519 key" in told
    assert "c.pem is a PRIVATE key" in told and "d.pem cannot be read" in told


def test_a_key_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match=r"none\.pem cannot be read"):
        read_public_key(tmp_path / "none.pem")


def test_the_project_ships_public_keys_only() -> None:
    found = list(SHIPPED_KEYS.iterdir())
    assert found
    for path in found:
        assert path.suffix == ".pem" and read_public_key(path)


def test_the_settings_say_where_keys_are(
    keys: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path))
    with pytest.raises(SignatureError):
        Bundle.open(folder)
    (keys / "anna.pem").write_bytes(pem(KEY))
    assert Bundle.open(folder).signer == "anna"
    monkeypatch.setenv("KIOSK_TRUSTED_KEYS", str(tmp_path / "elsewhere"))
    with pytest.raises(SignatureError):
        Bundle.open(folder)
    monkeypatch.setenv("KIOSK_ALLOW_UNSIGNED", "1")
    assert Bundle.open(folder).signer is None
    assert Bundle.open(DEFAULT_BUNDLE).signer is not None
    monkeypatch.setenv("KIOSK_ALLOW_UNSIGNED", "perhaps")
    with pytest.raises(SignatureError, match="KIOSK_ALLOW_UNSIGNED is not understood"):
        Bundle.open(folder)


def test_the_kiosk_has_the_same_settings(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert isinstance(settings, TrustSettings)
    assert settings.keys_folder == tmp_path / "keys" and not settings.allow_unsigned
