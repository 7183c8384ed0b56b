"""Settings of the maintainer and of the menu."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from edge.settings import KioskSettings, Settings, SettingsStore


def test_the_menu_is_kept_over_a_restart(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "settings.json")
    assert store.get() == KioskSettings()
    store.update(recording_seconds=12, threshold=0.7)
    again = SettingsStore(tmp_path / "settings.json").get()
    assert (again.recording_seconds, again.threshold) == (12, 0.7)


@pytest.mark.parametrize(
    "change",
    [{"recording_seconds": 2}, {"recording_seconds": 31}, {"threshold": 1.1}, {"colour": "red"},
     {"threshold": float("nan")}, {"threshold": True}, {"self": 1}],
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


def test_the_environment_sets_the_rest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KIOSK_CAMERA", "/dev/video7")
    monkeypatch.setenv("KIOSK_DATA_DIR", str(tmp_path))
    settings = Settings()
    assert settings.camera == "/dev/video7"
    assert settings.data_dir == tmp_path
