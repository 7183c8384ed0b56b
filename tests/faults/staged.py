"""The whole kiosk as a process of its own, with a camera that a test commands.

python -m tests.faults.staged FOLDER --port 0 ...

A word in FOLDER/camera says what the camera does; without the file it works. FOLDER/limits.json
gives other durations of the station (:class:`edge.machine.Limits`), FOLDER/patience the seconds
without a picture after which the camera's thread hangs, and where FOLDER/strangers is, only
127.0.0.1 is the device itself: 127.0.0.2 and so on are phones on the network.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from unittest.mock import patch

from edge import live
from edge.errors import CameraError
from edge.frames import Frame
from edge.frames.camera_demo import DemoCamera
from edge.machine import Limits
from edge.station import Station
from kiosk_ui import __main__ as kiosk
from kiosk_ui import server
from kiosk_ui.uploads import form

GONE, FROZEN, SLOW, BLACK, SILENT = "gone", "frozen", "slow", "black", "silent"
"""Unplugged; the same picture again and again; four pictures a second; a lid on it; a driver that
does not return."""

SLOWLY = 0.25
"""Seconds between two pictures of a slow camera."""


@dataclass(frozen=True)
class Stage:
    """What a test commands."""

    folder: Path

    def camera(self, mood: str | None) -> None:
        """Let the camera do something else; None: work."""
        file = self.folder / "camera"
        if mood is None:
            file.unlink(missing_ok=True)
        else:
            partial = file.with_suffix(".new")
            partial.write_text(mood)
            partial.replace(file)

    @property
    def mood(self) -> str:
        """What the camera does now."""
        try:
            return (self.folder / "camera").read_text()
        except FileNotFoundError:
            return ""

    @property
    def program(self) -> list[str]:
        """What to run instead of the kiosk."""
        return [sys.executable, "-m", "tests.faults.staged", str(self.folder)]

    def limits(self, **seconds: float) -> None:
        """Let the station's states last for other times."""
        (self.folder / "limits.json").write_text(json.dumps(seconds))

    def patience(self, seconds: float) -> None:
        """Let the camera's thread count as hanging after so many seconds without a picture."""
        (self.folder / "patience").write_text(str(seconds))

    def strangers(self) -> None:
        """Let other loopback addresses than 127.0.0.1 be phones."""
        (self.folder / "strangers").touch()


class StagedCamera(DemoCamera):
    """The demo clip from a camera that obeys."""

    stage: Stage

    def __init__(self, clip: Path) -> None:
        super().__init__(clip)
        self._refuse()

    def _refuse(self) -> None:
        if self.stage.mood == GONE:
            raise CameraError("the camera has stopped giving pictures; is it plugged in?")

    def __iter__(self) -> Iterator[Frame]:
        frozen: Frame | None = None
        for frame in super().__iter__():
            self._refuse()
            mood = self.stage.mood
            while self.stage.mood == SILENT:
                time.sleep(0.05)
            if mood == SLOW:
                time.sleep(SLOWLY)
            frozen = (frozen or frame) if mood == FROZEN else None
            picture = frozen.picture if frozen else frame.picture
            yield Frame(picture * 0 if mood == BLACK else picture, frame.time)


def main() -> None:
    """Run the kiosk on the stage."""
    StagedCamera.stage = stage = Stage(Path(sys.argv.pop(1)))
    with ExitStack() as changes:
        changes.enter_context(patch("edge.frames.camera_opening.DemoCamera", StagedCamera))
        if (stage.folder / "limits.json").is_file():
            limits = Limits(**json.loads((stage.folder / "limits.json").read_text()))
            changes.enter_context(patch.object(kiosk, "Station", partial(Station, limits=limits)))
        if (stage.folder / "patience").is_file():
            seconds = float((stage.folder / "patience").read_text())
            changes.enter_context(patch.object(live, "HANGS_AFTER", seconds))
        if (stage.folder / "strangers").is_file():
            for module in (server, form):
                changes.enter_context(
                    patch.object(module, "is_loopback", lambda address: address == "127.0.0.1")
                )
            changes.enter_context(
                patch("kiosk_ui.faces.is_loopback", lambda address: address == "127.0.0.1")
            )
        kiosk.main()


if __name__ == "__main__":
    main()
