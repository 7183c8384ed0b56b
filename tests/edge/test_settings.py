"""Settings of the maintainer and of the menu."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from edge.errors import PinPauseError, SettingsLockedError, WrongPinError
from edge.frames.camera import CameraMode
from edge.pin import OPEN_SECONDS, pause_after
from edge.settings import KioskSettings, LockState, Settings, SettingsStore


class Clock:
    """A clock that stands still unless it is told to go on."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_menu_is_kept_over_a_restart(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "settings.json")
    assert store.get() == KioskSettings()
    store.update(recording_seconds=12, threshold=0.7, volume=30, language="ko")
    again = SettingsStore(tmp_path / "settings.json").get()
    assert (again.recording_seconds, again.threshold) == (12, 0.7)
    assert (again.volume, again.language, again.muted, again.live_words) == (30, "ko", False, True)


@pytest.mark.parametrize(
    "change",
    [{"recording_seconds": 2}, {"recording_seconds": 31}, {"threshold": 1.1}, {"colour": "red"},
     {"threshold": float("nan")}, {"threshold": True}, {"self": 1}, {"volume": 101},
     {"volume": 50.5}, {"muted": 1}, {"language": "fr"}, {"live_words": "yes"}],
)  # fmt: skip
def test_a_wrong_value_changes_nothing(change: dict[str, float], tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "settings.json")
    with pytest.raises(ValidationError):
        store.update(**change)
    assert store.get() == KioskSettings()
    assert not (tmp_path / "settings.json").exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"threshold": 7}', "\0\0"])
def test_a_damaged_file_counts_as_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(content)
    assert SettingsStore(tmp_path / "settings.json").get() == KioskSettings()
    kept = tmp_path / "settings.json.damaged"
    assert not kept.exists() or kept.read_text() == content


def test_one_wrong_value_does_not_open_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    store = SettingsStore(path)
    store.update(volume=20)
    store.set_pin("13572468")
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "threshold": 7, "of_a_newer_version": 1}))
    store = SettingsStore(path)
    assert store.lock_state.locked
    assert store.get() == KioskSettings(volume=20)


def test_a_pin_outlives_a_restart_and_does_not_stand_in_the_file(tmp_path: Path) -> None:
    path, clock = tmp_path / "settings.json", Clock()
    store = SettingsStore(path, clock)
    store.update(threshold=0.7)
    store.set_pin("13572468")
    assert "13572468" not in path.read_text()
    store = SettingsStore(path, clock)
    assert store.lock_state == LockState(has_pin=True, locked=True, pause=0.0)
    assert store.get().threshold == 0.7
    with pytest.raises(SettingsLockedError):
        store.update(threshold=0.6)
    with pytest.raises(SettingsLockedError):
        store.set_pin("0000")
    store.unlock("13572468")
    store.update(threshold=0.6)
    clock.now += OPEN_SECONDS
    with pytest.raises(SettingsLockedError):
        store.update(threshold=0.5)
    assert SettingsStore(path, clock).lock_state.has_pin


def test_wrong_pins_are_remembered_over_a_restart(tmp_path: Path) -> None:
    path, clock = tmp_path / "settings.json", Clock()
    store = SettingsStore(path, clock)
    store.set_pin("2468")
    for wrong in range(1, 6):
        clock.now += 1000
        with pytest.raises(WrongPinError):
            store.unlock("0000")
        assert store.lock_state.pause == pause_after(wrong)
    again = SettingsStore(path, clock)
    assert again.lock_state.pause == pause_after(5) == 20.0
    with pytest.raises(PinPauseError, match="20 s"):
        again.unlock("2468")
    clock.now += 20.0
    again.unlock("2468")
    assert SettingsStore(path, clock).lock_state.pause == 0.0


def test_settings_without_a_pin_are_open(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "settings.json")
    store.unlock("1")
    store.lock()
    store.update(threshold=0.6)
    with pytest.raises(ValueError, match="4 to 12"):
        store.set_pin("12a4")
    assert not store.lock_state.has_pin


def test_the_environment_sets_the_rest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KIOSK_CAMERA", "/dev/video7")
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path))
    settings = Settings()
    assert settings.camera == "/dev/video7"
    assert settings.data_dir == tmp_path


@pytest.mark.parametrize(
    ("pins", "expected"),
    [("GPIO5, GPIO6,GPIO13", ("GPIO5", "GPIO6", "GPIO13")), ("", ()), ("5,6,13", ("5", "6", "13"))],
)
def test_the_lights_pins_are_named_with_commas(
    pins: str, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIOSK_LED_PINS", pins)
    assert Settings().led_pins == expected


def test_a_light_has_three_pins_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIOSK_LED_PINS", "GPIO5,GPIO6")
    with pytest.raises(ValidationError, match="name three pins"):
        Settings()


def test_settings_of_an_earlier_version_are_kept(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"recording_seconds": 12.0, "threshold": 0.7}')
    assert SettingsStore(tmp_path / "settings.json").get().threshold == 0.7


def test_what_is_asked_of_the_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().mode_of_camera == CameraMode()
    for name, value in (("MODE", "1280x720@25"), ("EXPOSURE", "12.5"), ("MAINS", "60")):
        monkeypatch.setenv(f"KIOSK_CAMERA_{name}", value)
    assert Settings().mode_of_camera == CameraMode(1280, 720, 25.0, 12.5, "60")
    for name, value in (("MODE", "big"), ("EXPOSURE", "0"), ("MAINS", "55")):
        with monkeypatch.context() as only:
            only.setenv(f"KIOSK_CAMERA_{name}", value)
            with pytest.raises(ValidationError):
                Settings()
