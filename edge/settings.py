"""Settings: what the maintainer fixes at start, and what is changed at the kiosk."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.bundle import DEFAULT_BUNDLE
from edge.frames.camera import DEMO_CLIPS


class Settings(BaseSettings):
    """What the maintainer fixes at start, by environment variables named ``KIOSK_...``.

        KIOSK_CAMERA=/dev/video2 KIOSK_DATA_DIR=/var/lib/squat-kiosk scripts/run

    :param data_dir: where scores and settings are kept.
    :param camera: ``auto``, ``demo`` or a device such as ``/dev/video0``.
    :param demo_clip: the clip that plays where there is no camera.
    :param bundle: folder of the model bundle.
    :param pose_threads: processor threads for the pose model.
    """

    model_config = SettingsConfigDict(env_prefix="KIOSK_", extra="ignore", frozen=True)

    data_dir: Path = Path("var")
    camera: str = "auto"
    demo_clip: Path = DEMO_CLIPS / "good.mp4"
    bundle: Path = DEFAULT_BUNDLE
    pose_threads: int = Field(default=2, ge=1, le=16)


class KioskSettings(BaseModel):
    """What the menu on the screen changes.

    :param recording_seconds: length of a recording.
    :param threshold: the score, 0 to 1, from which a squat is good; shown as difficulty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recording_seconds: float = Field(default=10.0, ge=3.0, le=30.0, strict=True)
    threshold: float = Field(default=0.5, ge=0.0, le=1.0, strict=True)


class SettingsStore:
    """Keeps the kiosk's settings in a file, so that they outlive a restart.

        store = SettingsStore(Path("var/settings.json"))
        store.update(recording_seconds=12)

    A damaged file counts as none: the kiosk starts with its defaults.

    :param path: the file; its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            self._settings = KioskSettings.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            self._settings = KioskSettings()

    def get(self) -> KioskSettings:
        """Return the settings as they are now."""
        return self._settings

    def update(self, /, **changes: Any) -> KioskSettings:
        """Change some settings and keep them.

        :raises pydantic.ValidationError: a value is out of range or a name is unknown; nothing
            is changed then.
        """
        with self._lock:
            changed = KioskSettings.model_validate({**self._settings.model_dump(), **changes})
            partial = self._path.with_suffix(".partial")
            with partial.open("w") as file:
                json.dump(changed.model_dump(), file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
            self._settings = changed
            return changed
