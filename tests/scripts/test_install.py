"""The installer, on a machine in a folder; on a real one: test_clean_root.py."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from installing import release, starting, steps
from installing.box import DATA, SETTINGS, UNITS, Box, InstallError
from installing.install import install, main, refusals, uninstall
from installing.release import CURRENT, RELEASES, release_name
from installing.services import DISPLAY_MANAGER
from installing.steps import Options

from tests.clips import ROOT
from tests.scripts.boxes import PlayedBox

ALL = Options()


@pytest.fixture
def box(tmp_path: Path) -> PlayedBox:
    return PlayedBox(tmp_path)


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_dry_run_changes_nothing_and_says_everything(
    box: PlayedBox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert install(box, ALL, dry_run=True) == 0
    assert not box.everything()
    assert not box.ran
    text = "\n".join(said(capsys))
    for word in ("nginx-light", "chromium", "user squat-kiosk", "/var/lib/squat-kiosk",
                 "would copy", "authority", "squat-screen.service", "would enable"):  # fmt: skip
        assert word in text


def test_it_makes_a_kiosk_and_a_second_run_does_nothing(
    box: PlayedBox, capsys: pytest.CaptureFixture[str]
) -> None:
    install(box, ALL, dry_run=False)
    assert {"cage", "chromium", "nginx-light", "fonts-nanum"} <= box.packages
    assert box.users["squat-kiosk"] == {"video", "render", "audio", "gpio"}
    assert "squat-kiosk.service" in box.units and "squat-screen.service" in box.units
    assert box.path(DATA).stat().st_mode & 0o777 == 0o700
    current = box.path(CURRENT).readlink()
    assert current.name == release_name(ROOT)
    assert (box.path(current) / "kiosk_ui/__main__.py").is_file()
    assert not (box.path(current) / "tests").exists()
    assert "no network yet" in "\n".join(said(capsys))
    authority = box.path(DATA / "https/authority.pem")  # as if there were one now
    authority.parent.mkdir()
    authority.touch()
    before, again = box.everything(), box.after()
    install(again, ALL, dry_run=False)
    assert not again.ran
    assert again.everything() == before
    lines = said(capsys)
    assert lines[-1] == "nothing to do: all is there"
    assert all(line.endswith(": there") for line in lines[:-1])


def test_what_it_takes_off_is_what_it_brought(
    box: PlayedBox, capsys: pytest.CaptureFixture[str]
) -> None:
    install(box, ALL, dry_run=False)
    (box.path(DATA) / "scores.sqlite3").write_text("somebody's squats")
    again = box.after()
    uninstall(again, ALL, dry_run=True)
    assert "would stop squat-kiosk.service" in "\n".join(said(capsys))
    uninstall(again, ALL, dry_run=False)
    assert again.everything() == {
        "var/lib/squat-kiosk/scores.sqlite3", "etc/squat-kiosk/kiosk.env",
        "etc/squat-kiosk/installed.json",
    }  # fmt: skip
    assert set(again.users) == {"squat-kiosk"}  # the data are its own
    assert not again.units
    text = "\n".join(said(capsys))
    assert "--delete-data" in text and "--uninstall --packages" in text
    assert "chromium" in again.packages
    last = again.after()  # and what stayed can be taken away later
    uninstall(last, replace(ALL, delete_data=True), dry_run=False)
    assert not last.everything() and not last.users and last.groups == {"video", "audio"}
    assert "apt-get purge" in "\n".join(said(capsys))


def test_it_leaves_nothing_at_all_where_that_is_asked_for(box: PlayedBox) -> None:
    install(box, ALL, dry_run=False)
    uninstall(box.after(), replace(ALL, delete_data=True, packages=True), dry_run=False)
    assert not box.everything()
    assert not box.users
    assert box.groups == {"video", "audio"}  # those that were there before
    assert box.packages == {"python3", "systemd"}


def test_a_failure_is_told_and_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = PlayedBox(tmp_path, refuse="/usr/bin/python3.11")
    with pytest.raises(InstallError, match="it cannot be done"):
        install(broken, ALL, dry_run=False)
    assert not broken.path(CURRENT).is_symlink()  # what is not whole does not run
    mended = broken.after()
    install(mended, ALL, dry_run=False)
    assert mended.path(CURRENT).is_symlink()
    assert not [line for line in mended.ran if line.startswith("apt-get install")]


class BusyBox(PlayedBox):
    """Something else loads packages when apt-get is called for the first times."""

    busy = 2

    def ask(self, *command: str) -> subprocess.CompletedProcess[str]:
        if command[:2] == ("apt-get", "install") and self.busy:
            self.busy -= 1
            return subprocess.CompletedProcess(command, 100, "", "E: Could not get lock /var/cache")
        return super().ask(*command)


def test_whoever_loads_packages_meanwhile_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "LOCK_PAUSE", 0.01)
    box = BusyBox(tmp_path)
    install(box, ALL, dry_run=False)
    assert "chromium" in box.packages and not box.busy
    monkeypatch.setattr(steps, "LOCK_SECONDS", 0.05)
    endless = BusyBox(tmp_path / "other")
    endless.busy = 10**6
    with pytest.raises(InstallError, match="Could not get lock"):
        install(endless, ALL, dry_run=False)


def test_the_version_before_stays_and_older_ones_go(box: PlayedBox) -> None:
    for number in range(3):
        (box.path(RELEASES) / f"old-{number}").mkdir(parents=True)
    box.path(CURRENT).symlink_to(RELEASES / "old-0")
    install(box, ALL, dry_run=False)
    assert {path.name for path in box.path(RELEASES).iterdir()} == {release_name(ROOT), "old-0"}


def answering(*answers: bool) -> Callable[[], bool]:
    """Return a kiosk that answers so, one time after the other, and then as the last time."""
    left = list(answers)
    return lambda: left.pop(0) if len(left) > 1 else left[0]


def test_a_version_that_does_not_get_on_gives_way_to_the_one_before(
    box: PlayedBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = RELEASES / "0.0.9-good"
    shutil.copytree(ROOT / "systemd", box.path(before) / "systemd")
    (box.path(before) / "systemd/squat-update.path").unlink()  # it does not know that one yet
    unit = box.path(before) / "systemd/squat-kiosk.service"
    unit.write_text(unit.read_text() + "# the old one\n")
    box.path(CURRENT).symlink_to(before)
    monkeypatch.setattr(PlayedBox, "live", True)
    monkeypatch.setattr(starting, "START_SECONDS", -1)
    monkeypatch.setattr(starting, "answers", answering(False, True))
    with pytest.raises(InstallError, match=r"0\.0\.9-good, runs again"):
        install(box, ALL, dry_run=False)
    assert box.path(CURRENT).readlink() == before
    assert "# the old one" in box.path(UNITS / "squat-kiosk.service").read_text()
    assert box.ran[-1].startswith("systemctl restart squat-kiosk.service")
    assert "squat-update.path" not in box.ran[-1]
    again = box.after()
    monkeypatch.setattr(starting, "answers", answering(True))
    install(again, ALL, dry_run=False)
    assert again.path(CURRENT).readlink().name == release_name(ROOT)
    assert "# the old one" not in again.path(UNITS / "squat-kiosk.service").read_text()


def test_a_first_version_that_does_not_get_on_is_told(
    box: PlayedBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlayedBox, "live", True)
    monkeypatch.setattr(starting, "START_SECONDS", -1)
    monkeypatch.setattr(starting, "answers", answering(False))
    with pytest.raises(InstallError, match="journalctl"):
        install(box, ALL, dry_run=False)


def test_a_checkout_that_is_changed_meanwhile_is_one_version(
    box: PlayedBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen at an installation: what was made current was another version than what was copied."""
    names = iter(["0.1.0-first", "0.1.0-second"])
    release.this_release.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(release, "release_name", lambda checkout: next(names))
        with pytest.raises(InstallError, match="changed while it was copied"):
            install(box, ALL, dry_run=False)
    assert not box.path(CURRENT).is_symlink()
    assert not box.path(RELEASES / "0.1.0-first").exists()
    release.this_release.cache_clear()
    install(box.after(), ALL, dry_run=False)
    assert box.path(box.path(CURRENT).readlink()).is_dir()


def test_an_update_knows_what_was_left_out(
    box: PlayedBox, capsys: pytest.CaptureFixture[str]
) -> None:
    """With nothing left out it had passed an empty word on, and every update was refused."""
    again = ["--root", str(box.root), "--dry-run", "--as-before"]
    assert main(again) == 0
    assert "squat-screen.service" in capsys.readouterr().out
    install(box, Options(screen=False), dry_run=False)
    assert box.after().record["options"] == ["--without-screen"]
    assert main(again) == 0
    lines = said(capsys)
    assert not [line for line in lines if "squat-screen" in line and "would" in line]
    assert [line for line in lines if "enable squat-https.service" in line]


def test_settings_that_a_maintainer_wrote_are_kept(box: PlayedBox) -> None:
    install(box, ALL, dry_run=False)
    box.path(SETTINGS / "kiosk.env").write_text("KIOSK_NAME=north\n")
    install(box.after(), ALL, dry_run=False)
    assert box.path(SETTINGS / "kiosk.env").read_text() == "KIOSK_NAME=north\n"


def test_a_changed_unit_is_written_anew(box: PlayedBox) -> None:
    install(box, ALL, dry_run=False)
    box.path(UNITS / "squat-kiosk.service").write_text("[Service]\n")
    install(box.after(), ALL, dry_run=False)
    assert "Type=notify" in box.path(UNITS / "squat-kiosk.service").read_text()


def test_the_desktop_gives_the_screen_and_gets_it_back(box: PlayedBox) -> None:
    link = box.path(DISPLAY_MANAGER)
    link.parent.mkdir(parents=True)
    link.symlink_to("/lib/systemd/system/gdm3.service")
    install(box, ALL, dry_run=False)
    assert not link.is_symlink()
    uninstall(box.after(), ALL, dry_run=False)
    assert str(link.readlink()) == "/lib/systemd/system/gdm3.service"


def test_a_package_that_no_source_has_is_told_and_the_rest_goes_on(box: PlayedBox) -> None:
    box.unknown = {"chromium"}
    install(box, ALL, dry_run=False)
    assert any("Ubuntu has Chromium as a snap only" in line for line in box.left)
    assert "cage" in box.packages and "squat-kiosk.service" in box.units


def test_without_screen_and_https_nothing_of_them_comes(box: PlayedBox) -> None:
    install(box, Options(screen=False, https=False), dry_run=False)
    assert not box.packages & {"chromium", "cage", "nginx-light"}
    assert set(box.users) == {"squat-kiosk"}
    assert not [name for name in box.everything() if "screen" in name and name.startswith("etc")]


def test_a_jetson_gets_its_devices_and_its_tensorrt(
    box: PlayedBox, capsys: pytest.CaptureFixture[str]
) -> None:
    box.path("/etc/nv_tegra_release").write_text("# R36 (release), REVISION: 4.0\n")
    box.path("/dev").mkdir()
    box.path("/dev/nvhost-gpu").touch()
    install(box, ALL, dry_run=False)
    assert "python3-libnvinfer" in box.packages
    for unit in ("squat-kiosk", "squat-engine@"):
        assert "nvmap" in box.path(UNITS / f"{unit}.service.d/jetson.conf").read_text()
    assert "squat-engine@squat.service" in box.units
    capsys.readouterr()
    box.path("/usr/local/cuda/include").mkdir(parents=True)
    box.path("/usr/local/cuda/include/cuda.h").touch()  # JetPack's CUDA came later
    install(box.after(), ALL, dry_run=True)
    assert any("would build pycuda" in line for line in said(capsys))
    box.path("/usr/local/cuda/include/cuda.h").unlink()
    box.path("/dev/nvhost-gpu").unlink()
    uninstall(box.after(), replace(ALL, delete_data=True, packages=True), dry_run=False)
    assert box.everything() == {"etc/nv_tegra_release"}


def test_a_name_is_another_as_soon_as_a_byte_is(tmp_path: Path) -> None:
    for name in ("edge/__init__.py", "edge/errors.py", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    first = release_name(tmp_path)
    assert first.startswith("0.1.0-")
    (tmp_path / "edge/__pycache__").mkdir()
    (tmp_path / "edge/__pycache__/x.pyc").touch()
    assert release_name(tmp_path) == first
    (tmp_path / "edge/errors.py").chmod(0o755)
    assert release_name(tmp_path) != first


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("etc/os-release", "is not made from Debian"),
        ("usr/bin/python3.11", "no Python 3.10, 3.11 or 3.12"),
        ("usr/bin/systemctl", "there is no systemd"),
    ],
)
def test_what_it_cannot_do_it_refuses_politely(box: PlayedBox, change: str, reason: str) -> None:
    (box.root / change).unlink()
    assert any(reason in line for line in refusals(box, dry_run=True))


def test_a_full_disk_a_strange_processor_and_no_root_are_refused(
    box: PlayedBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusals(box, dry_run=True) == []
    monkeypatch.setattr(PlayedBox, "machine", "riscv64")
    monkeypatch.setattr(box, "free_bytes", lambda _: 1_000_000_000)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    text = "\n".join(refusals(box, dry_run=False))
    assert "riscv64" in text and "1.0 GB are free" in text and "only root" in text


def test_commands_answer_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """What apt says is read; LANGUAGE goes before LC_ALL."""
    monkeypatch.setenv("LANGUAGE", "ko:en")
    assert Box().ask("/bin/sh", "-c", "echo $LC_ALL:$LANGUAGE").stdout == "C.UTF-8:\n"


def test_the_command_line_is_answered_without_our_environment() -> None:
    """With the system's Python, which has nothing but its standard library."""
    command = [sys.executable, "-S", str(ROOT / "scripts/install"), "--delete-data"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 2
    assert "go with --uninstall" in done.stderr


def test_a_folder_that_is_not_there_is_no_system(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--dry-run", "--root", "/nonexistent"])
    assert "there is no folder /nonexistent" in capsys.readouterr().err


def test_whoever_reads_only_the_beginning_sees_no_traceback() -> None:
    reader = "import os, sys; os.close(0)"
    told = subprocess.run(
        ["/bin/sh", "-c", f"{ROOT}/scripts/install --dry-run | {sys.executable} -c '{reader}'"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Broken" not in told.stderr and "Traceback" not in told.stderr
