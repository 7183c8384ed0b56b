"""The maintainer's commands for keys and bundles."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.bundle import Bundle
from edge.signing import SHIPPED_KEYS, Trust
from tests.bundles import copy_bundle, edit
from tests.clips import ROOT
from tests.trt_engines.flashing import make_bundle, trusting
from trt_engines.bundle import main
from trt_engines.flash import put
from trt_engines.slots import Slots


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "var"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = copy_bundle(tmp_path / "bundle")
    (found / "manifest.sig").unlink()
    return found


def run(*arguments: str | Path, say: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments], input=say)


def ran(*arguments: str | Path, say: str | None = None) -> str:
    result = run(*arguments, say=say)
    assert result.exit_code == 0, result.output
    return result.output


def test_from_a_new_key_to_a_bundle_that_the_device_opens(folder: Path, data_dir: Path) -> None:
    told = ran("new-key", "anna.key", say="secret\nsecret\n")
    assert "never on a kiosk" in told and "secret" not in told
    assert "signed with" in ran("sign", folder, "--key", "anna.key", say="secret\n")
    refused = run("check", folder)
    assert refused.exit_code == 1 and "REFUSED here" in refused.output
    assert "unknown key" in refused.output

    shown = ran("trust", "anna.pem", say="y\n")
    fingerprint = told.split("Fingerprint: ")[1].strip()
    assert fingerprint in shown and (data_dir / "keys" / "anna.pem").is_file()
    assert "opened here: signed by anna" in ran("check", folder)
    assert f"trusted  anna: {fingerprint}" in ran("keys")

    assert "bytes" in ran("pack", folder)
    (packed,) = Path().glob("squat-*.bundle")
    assert "opened here: signed by anna" in ran("check", packed)

    assert "refused from now on" in ran("revoke", "anna.pem")
    assert "revoked  anna" in ran("keys")
    for path in (folder, packed):
        assert "was revoked" in run("check", path).output


def test_a_fingerprint_that_is_not_right_is_not_trusted(data_dir: Path) -> None:
    ran("new-key", "anna.key", "--no-passphrase")
    result = run("trust", "anna.pem", say="n\n")
    assert result.exit_code == 1 and not (data_dir / "keys").exists()


def test_another_key_of_the_same_name_is_not_replaced(data_dir: Path) -> None:
    for home in ("one", "other"):
        Path(home).mkdir()
        ran("new-key", f"{home}/anna.key", "--no-passphrase")
    ran("trust", "one/anna.pem", "--yes")
    ran("trust", "one/anna.pem", "--yes")
    result = run("trust", "other/anna.pem", "--yes")
    assert result.exit_code == 1 and "is another key" in result.output


def test_a_private_key_is_not_trusted_by_mistake(data_dir: Path) -> None:
    ran("new-key", "anna.key", "--no-passphrase")
    result = run("trust", "anna.key", "--yes")
    assert result.exit_code == 1 and "is a PRIVATE key" in result.output


def test_a_shipped_key_can_be_revoked() -> None:
    (shipped, *_) = SHIPPED_KEYS.glob("*.pem")
    ran("revoke", shipped)
    assert f"revoked  {shipped.stem}" in ran("keys")


def test_whoever_revokes_a_key_is_told_what_it_has_signed_here(tmp_path: Path) -> None:
    settings = trusting(tmp_path / "var")
    slots = Slots(tmp_path / "var" / "engines", "squat")
    for version in ("1.0.0", "2.0.0"):
        made = Bundle.open(make_bundle(tmp_path / version, 0.9, version), settings.trust())
        with slots.locks.writing():
            slot = slots.begin_filling(made.label)
            put(made, slot.bundle, settings)
            slots.filled(slot, digest=made.digest, engines={})
            slots.switch(slot.letter, "flashed")
        slots.mark_good(slots.read(slot.letter), "ran well")
    ran("new-key", "anna.key", "--no-passphrase")
    assert "slot" not in ran("revoke", "anna.pem")
    told = ran("revoke", tmp_path / "var" / "keys" / "tests.pem")
    assert "slot A of squat holds squat 1.0.0, signed with it, not live" in told
    assert "slot B of squat holds squat 2.0.0, signed with it, LIVE" in told
    assert "scripts/engines roll-back squat" in told


def test_only_a_whole_bundle_is_signed(folder: Path) -> None:
    ran("new-key", "anna.key", "--no-passphrase")
    (folder / "typical.npz").write_bytes(b"x")
    result = run("sign", folder, "--key", "anna.key")
    assert result.exit_code == 1 and "not the file that was shipped" in result.output
    assert not (folder / "manifest.sig").exists()


def test_an_unsigned_bundle_is_packed_and_said_to_be(folder: Path) -> None:
    assert "NOT SIGNED" in ran("pack", folder, "--out", "here.bundle")
    result = run("check", "here.bundle")
    assert result.exit_code == 1 and "key of the signature: not signed" in result.output


def test_the_settings_may_allow_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_ALLOW_UNSIGNED", "1")
    assert "signed by NOBODY" in ran("check", folder)
    assert "NOBODY signed are opened too" in ran("keys")
    monkeypatch.setenv("KIOSK_ALLOW_UNSIGNED", "perhaps")
    assert "KIOSK_ALLOW_UNSIGNED" in run("keys").output


def test_everything_that_the_manifest_says_is_shown(folder: Path) -> None:
    bundle = Bundle.open(folder, Trust({}, allow_unsigned=True))
    told = run("check", folder).output
    for part in (bundle.label, bundle.digest, *bundle.manifest.files, "T: 8 to 900", "synthetic"):
        assert part in told
    as_json = run("check", folder, "--json").output
    assert json.loads(as_json)["name"] == "squat"


def test_a_hostile_manifest_cannot_write_on_the_terminal(folder: Path) -> None:
    edit(folder, lambda manifest: manifest.update(licence="\x1b[2Jfree\nopened here: signed by me"))
    told = run("check", folder).output
    assert "\x1b" not in told and "\nopened here: signed by me" not in told


@pytest.mark.parametrize("content", [None, b"{}", b"junk" * 1000])
def test_what_is_no_bundle_is_told_in_one_line(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "none"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    result = run("check", path)
    assert result.exit_code == 1 and result.output.startswith("Error: ")
    assert len(result.output.splitlines()) == 1


def test_the_script_works_from_anywhere_and_leaves_keys_there(tmp_path: Path) -> None:
    script = str(ROOT / "scripts" / "bundle")
    made = subprocess.run(
        [script, "new-key", "anna.key", "--no-passphrase"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ},
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "anna.key").is_file() and (tmp_path / "anna.pem").is_file()
