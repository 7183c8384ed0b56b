"""The kiosk with a camera whose driver never returns while a file is there: a process of its own.

python -m tests.kiosk_ui.hanging FILE --port 0 ...
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from edge import live
from edge.frames import Frame
from edge.frames.camera_demo import DemoCamera
from kiosk_ui.__main__ import main

frames = DemoCamera.__iter__


def until_it_hangs(camera: DemoCamera) -> Iterator[Frame]:
    """Give the camera's pictures, and none while the file is there."""
    for frame in frames(camera):
        while hang.exists():
            time.sleep(0.05)
        yield frame


if __name__ == "__main__":
    hang = Path(sys.argv.pop(1))
    with patch.object(DemoCamera, "__iter__", until_it_hangs), patch.object(
        live, "HANGS_AFTER", 1.0
    ):  # fmt: skip
        main()
