"""Writing clips that phones and browsers play."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from edge.clip import ClipWriter, Planes
from edge.frames import Frame
from edge.frames.video import VideoFile, VideoLimits
from tests.disks import small_disk
from tests.edge.videos import corner_colours, picture


def test_what_is_written_can_be_played(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    times = [5.0 + n / 30 + (0.01 if n % 3 else 0) for n in range(60)]
    with ClipWriter(path) as clip:
        for number, time in enumerate(times):
            clip.write(Frame(picture(number), time))
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # faststart: plays while it loads
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        # Key frames at least every second: 60 frames need two or more.
        assert sum(packet.is_keyframe for packet in container.demux(stream)) >= 2
    with VideoFile(path, VideoLimits(rate=1000.0)) as video:
        frames = list(video)
    assert [f.time for f in frames] == pytest.approx([t - 5.0 for t in times], abs=1e-3)
    assert corner_colours(frames[30].picture) == ("red", "green")


@pytest.mark.parametrize("size", [(97, 65), (2, 2), (3, 641)])
def test_sizes_become_even(size: tuple[int, int], tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "c.mp4") as clip:
        for number in range(3):
            clip.write(Frame(np.full((size[1], size[0], 3), number, np.uint8), number / 30))
    with VideoFile(tmp_path / "c.mp4") as video:
        height, width = next(iter(video)).picture.shape[:2]
    assert (width, height) == (size[0] // 2 * 2, size[1] // 2 * 2)


def test_a_frame_of_another_size_and_a_time_that_stands_still(tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "c.mp4") as clip:
        clip.write(Frame(picture(0), 0.0))
        clip.write(Frame(picture(1, 200, 100), 0.1))
        clip.write(Frame(picture(2), 0.1))
    with VideoFile(tmp_path / "c.mp4") as video:
        assert [f.picture.shape for f in video] == [(64, 96, 3), (64, 96, 3)]


def test_an_unfinished_clip_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), ClipWriter(tmp_path / "c.mp4") as clip:
        clip.write(Frame(picture(0), 0.0))
        raise RuntimeError
    ClipWriter(tmp_path / "empty.mp4").close()
    assert list(tmp_path.iterdir()) == []


def test_what_the_encoder_cannot_do_is_told_to_whoever_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: ClipWriter) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ClipWriter, "_add_stream", full)
    with pytest.raises(OSError, match="No space"), ClipWriter(tmp_path / "c.mp4") as clip:
        for number in range(50):
            clip.write(Frame(picture(number), number / 30))
    clip = ClipWriter(tmp_path / "c.mp4")
    clip.write(Frame(picture(0), 0.0))
    with pytest.raises(OSError, match="No space"):
        clip.close()
    clip.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    """What was begun on a full disk kept its place there for ever: giving it up failed as well."""
    noise = np.random.default_rng(1)
    with small_disk(tmp_path, 2):
        clip = ClipWriter(tmp_path / "clip.mp4")
        with pytest.raises(OSError, match="No space left"):
            for number in range(200):
                clip.write(Frame(noise.integers(0, 255, (240, 320, 3), np.uint8), number / 30))
        clip.discard()
        clip.discard()
        assert list(tmp_path.iterdir()) == []
        with ClipWriter(tmp_path / "next.mp4") as following:  # the room is there again
            following.write(Frame(picture(1), 0.0))
        assert (tmp_path / "next.mp4").is_file()


def test_a_drawing_that_fails_is_told_and_nobody_waits(tmp_path: Path) -> None:
    """The encoder's thread ended, and whoever wrote waited for ever."""

    def draw(planes: Planes) -> Planes:
        raise TypeError("no pen")

    clip = ClipWriter(tmp_path / "c.mp4")
    planes = clip.planes(np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(TypeError, match="no pen"):
        for number in range(50):
            clip.add(planes, number / 30, draw)
    clip.discard()
    assert list(tmp_path.iterdir()) == []
