"""Settings: what the maintainer fixes at start, and what is changed at the kiosk."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import NoDecode

from edge.bundle import DEFAULT_BUNDLE
from edge.errors import WrongPinError
from edge.frames.camera import DEMO_CLIPS, CameraMode, Mains
from edge.pin import KeptPin, PinDoor
from edge.signing import TrustSettings

log = logging.getLogger(__name__)


class Settings(TrustSettings):
    """What the maintainer fixes at start, by environment variables named ``KIOSK_...``.

        KIOSK_CAMERA=/dev/video2 KIOSK_DATA_DIR=/var/lib/squat-kiosk scripts/run

    :param data_dir: where scores, settings and keys are kept.
    :param trusted_keys: folder with public keys whose bundles are opened beside the project's own;
        None: ``keys`` in ``data_dir``.
    :param allow_unsigned: whether bundles that nobody trusted has signed are opened, loudly.
    :param camera: ``auto``, ``demo``, ``csi``, ``csi:1`` or a device such as ``/dev/video0``.
    :param camera_mode: size in pixels and pictures a second that are asked of it.
    :param camera_exposure: of each picture in milliseconds; None: the camera chooses.
    :param camera_mains: hertz of the mains, ``50`` or ``60``, where the light flickers; ``auto``.
    :param demo_clip: the clip that plays where there is no camera.
    :param bundle: folder of the model bundle.
    :param runtime: ``auto`` takes TensorRT where a verified engine is live, else ONNX Runtime;
        ``onnx`` takes nothing else; ``tensorrt`` refuses to flash what gets no engine.
    :param trial_minutes: for how long a bundle that was flashed must run well to be good.
    :param pose: what finds the joints: ``blazepose``, ``openpose`` or ``pyopenpose``.
    :param pose_bundle: folder with the networks of that backend, used while none is live in its
        slots; None: BlazePose's own, and none for OpenPose.
    :param pose_threads: processor threads for the pose model.
    :param openpose_models: OpenPose's folder ``models``, for pyopenpose.
    :param audio_device: the ALSA device that plays the sounds, as ``aplay -L`` lists them.
    :param led_pins: gpiozero's names of the pins of the red, green and blue light; empty: no light.
    :param led_active_high: whether the light is on where its pin is high.
    """

    camera: str = Field(default="auto", min_length=1)
    camera_mode: str = "640x480@30"
    camera_exposure: float | None = Field(default=None, ge=0.1, le=200)
    camera_mains: Mains = "auto"
    demo_clip: Path = DEMO_CLIPS / "good.mp4"
    bundle: Path = DEFAULT_BUNDLE
    runtime: Literal["auto", "onnx", "tensorrt"] = "auto"
    trial_minutes: float = Field(default=5.0, gt=0, le=1440)
    pose: Literal["blazepose", "openpose", "pyopenpose"] = "blazepose"
    pose_bundle: Path | None = None
    pose_threads: int = Field(default=2, ge=1, le=16)
    openpose_models: Path | None = None
    audio_device: str = Field(default="default", min_length=1)
    led_pins: Annotated[tuple[str, ...], NoDecode] = ("BOARD29", "BOARD31", "BOARD33")
    led_active_high: bool = True

    @field_validator("camera_mode")
    @classmethod
    def _possible(cls, value: str) -> str:
        CameraMode.parse(value)
        return value

    @property
    def mode_of_camera(self) -> CameraMode:
        """What is asked of the camera."""
        return CameraMode.parse(
            self.camera_mode, exposure=self.camera_exposure, mains=self.camera_mains
        )

    @field_validator("led_pins", mode="before")
    @classmethod
    def _by_commas(cls, value: Any) -> Any:
        """Read ``BOARD29,BOARD31,BOARD33`` from the environment."""
        if isinstance(value, str):
            return tuple(part for part in value.replace(" ", "").split(",") if part)
        return value

    @field_validator("led_pins")
    @classmethod
    def _three_or_none(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) not in (0, 3):
            raise ValueError("name three pins, of red, green and blue, or none")
        return value


class KioskSettings(BaseModel):
    """What the menu on the screen changes.

    :param recording_seconds: length of a recording.
    :param threshold: the score, 0 to 1, from which a squat is good; shown as difficulty.
    :param volume: of the sounds, 0 to 100.
    :param muted: no sound at all; the volume is kept for later.
    :param language: that is spoken.
    :param live_words: a word after a repetition in which something was wrong.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recording_seconds: float = Field(default=10.0, ge=3.0, le=30.0, strict=True)
    threshold: float = Field(default=0.5, ge=0.0, le=1.0, strict=True)
    volume: int = Field(default=70, ge=0, le=100, strict=True)
    muted: bool = Field(default=False, strict=True)
    language: Literal["en", "ko"] = "en"
    live_words: bool = Field(default=True, strict=True)


class KeptSettings(KioskSettings):
    """The settings file.

    :param pin: locks the settings; None: anybody may change them.
    """

    pin: KeptPin | None = None


@dataclass(frozen=True, slots=True)
class LockState:
    """Whether the settings are locked.

    :param has_pin: whether there is a PIN at all.
    :param locked: whether it must be entered before something can be changed.
    :param pause: seconds until a PIN may be tried again.
    """

    has_pin: bool
    locked: bool
    pause: float


class SettingsStore:
    """Keeps the kiosk's settings in a file, so that they outlive a restart.

        store = SettingsStore(Path("var/settings.json"))
        store.update(recording_seconds=12)
        store.set_pin("2468")      # from here on: store.unlock("2468") before an update

    Of a damaged file only what is wrong counts as missing, above all not the PIN; a file that
    cannot be read at all is kept beside as ``settings.json.damaged``.

    :param path: the file; its folder must exist.
    :param clock: seconds that only grow, for the pauses after wrong PINs.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = monotonic) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        kept = _read(path)
        self._settings = KioskSettings(**kept.model_dump(exclude={"pin"}))
        self._door = PinDoor(kept.pin, clock)

    def get(self) -> KioskSettings:
        """Return the settings as they are now."""
        return self._settings

    def update(self, /, **changes: Any) -> KioskSettings:
        """Change some settings and keep them.

        :raises pydantic.ValidationError: a value is out of range or a name is unknown; nothing
            is changed then.
        :raises SettingsLockedError: the PIN must be entered first.
        """
        with self._lock:
            self._door.check()
            changed = KioskSettings.model_validate({**self._settings.model_dump(), **changes})
            self._keep(changed, self._door.pin)
            self._settings = changed
            return changed

    @property
    def lock_state(self) -> LockState:
        """Whether the settings are locked."""
        door = self._door
        return LockState(door.pin is not None, not door.is_open, door.pause)

    def set_pin(self, pin: str | None) -> None:
        """Lock the settings with a PIN, or free them for everybody (None).

        :raises ValueError: a PIN is 4 to 12 digits.
        :raises SettingsLockedError: there is a PIN; it must be entered first.
        """
        kept = None if pin is None else KeptPin.of(pin)
        with self._lock:
            self._door.check()
            self._keep(self._settings, kept)
            self._door = PinDoor(kept, self._clock)

    def unlock(self, pin: str) -> None:
        """Open the settings for two minutes.

        :raises WrongPinError: this is not the PIN.
        :raises PinPauseError: too many wrong tries.
        """
        with self._lock:
            wrong_before = self._door.pin.wrong if self._door.pin else 0
            right = self._door.try_pin(pin)
            if not right or wrong_before:
                self._keep(self._settings, self._door.pin)
        if not right:
            raise WrongPinError("this is not the PIN")

    def lock(self) -> None:
        """Lock the settings at once, where there is a PIN."""
        self._door.close()

    def _keep(self, settings: KioskSettings, pin: KeptPin | None) -> None:
        partial = self._path.with_suffix(".partial")
        with partial.open("w") as file:
            kept = KeptSettings(**settings.model_dump(), pin=pin)
            json.dump(kept.model_dump(exclude_none=True), file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)


def _read(path: Path) -> KeptSettings:
    """Return what is usable of a settings file; what is not is told to the log."""
    try:
        values = json.loads(path.read_bytes())
        if not isinstance(values, dict):
            raise ValueError("it holds no object")
    except FileNotFoundError:
        return KeptSettings()
    except (OSError, ValueError) as error:
        log.error("%s cannot be read and is put aside: %s", path.name, error)
        with suppress(OSError):
            path.replace(path.with_suffix(".json.damaged"))
        return KeptSettings()
    try:
        return KeptSettings.model_validate(values)
    except ValidationError as error:
        wrong = {str(e["loc"][0]) for e in error.errors()}
        log.error("%s: taken as missing: %s", path.name, ", ".join(sorted(wrong)))
        return KeptSettings.model_validate({k: v for k, v in values.items() if k not in wrong})
