"""The demo: a clip played as if it were a camera."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from time import monotonic, sleep

from edge.errors import CameraError, SourceError
from edge.frames import Frame
from edge.frames.camera import Camera
from edge.frames.video import VideoFile


class DemoCamera(Camera):
    """A video file that is played over and over, at its own pace, as if it were a camera.

        with DemoCamera(DEMO_CLIPS / "good.mp4") as camera:
            for frame in camera:
                ...

    Whoever takes frames too slowly misses some, as with a real camera. Where the machine cannot
    even decode them as fast as they are played, the clip stands still instead: it would never catch
    up, and give no frame at all.

    :param clip: the file; it should end as it begins.
    :param gives_way: asked after each time the clip was played; true ends the demo, since a real
        camera may be there now.
    :raises CameraError: the file cannot be read.
    """

    when_slow = "the clip itself has so few, or is read slowly"
    when_silent = "the demo clip is not read any further; is its disk there?"

    def __init__(self, clip: Path, gives_way: Callable[[], bool] = lambda: False) -> None:
        self.name = f"demo: {clip.stem}"
        self._clip = clip
        self._gives_way = gives_way
        if not clip.is_file():
            raise CameraError(f"the demo clip {clip.name} is missing")

    def close(self) -> None:
        """Do nothing: the clip is open only while it is played."""

    def __iter__(self) -> Iterator[Frame]:
        begin, before = monotonic(), inf
        while not self._gives_way():
            length, gap = 0.0, 1 / 30
            try:
                with VideoFile(self._clip) as video:
                    for frame in video:
                        gap = frame.time - length or gap
                        length = frame.time
                        late = monotonic() - (begin + frame.time)
                        if gap < late < before:
                            self.missed += 1
                            before = late
                            continue
                        if late >= before:  # to leave frames out does not help
                            lost = max(1, round(late / gap))
                            self.missed += lost
                            begin, late = begin + lost * gap, late - lost * gap
                        before = inf
                        sleep(max(0.0, -late))
                        yield Frame(frame.picture, begin + frame.time)
            except SourceError as error:
                raise CameraError(f"the demo clip cannot be read: {error}") from error
            begin += length + gap
