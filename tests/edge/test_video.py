"""Reading video files: codecs, rates, rotation, damage; in this process and in a child."""

from __future__ import annotations

import os
import signal
import struct
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from edge.errors import SourceError
from edge.frames import child
from edge.frames.sandbox import SandboxedVideo
from edge.frames.video import VideoFile, VideoLimits
from tests.edge.videos import HEIGHT, WIDTH, corner_colours, set_rotation, write_video

both = pytest.mark.parametrize("reader", [VideoFile, SandboxedVideo])

CODECS: dict[str, dict[str, Any]] = {
    "h264.mp4": {"codec": "libx264"},
    "h264.mov": {"codec": "libx264"},
    "hevc.mp4": {"codec": "libx265"},
    "hevc10.mov": {"codec": "libx265", "pix_fmt": "yuv420p10le"},
    "vp8.webm": {"codec": "libvpx"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "fragmented.mp4": {
        "codec": "libx264", "options": {"movflags": "frag_keyframe+empty_moov"},
    },
    "mpeg4.avi": {"codec": "mpeg4"},
}  # fmt: skip


@both
@pytest.mark.parametrize("name", CODECS)
def test_what_phones_and_browsers_record_is_read(
    name: str, reader: type[VideoFile | SandboxedVideo], tmp_path: Path
) -> None:
    path = write_video(tmp_path / name, **CODECS[name])
    with reader(path) as video:
        frames = list(video)
    assert len(frames) == 45
    assert frames[0].time == 0
    assert [f.time for f in frames] == pytest.approx([n / 30 for n in range(45)], abs=0.002)
    assert frames[0].picture.shape == (HEIGHT, WIDTH, 3)
    assert frames[0].picture.dtype == np.uint8
    assert corner_colours(frames[20].picture) == ("red", "green")


@both
def test_a_variable_rate_keeps_its_own_times(
    reader: type[VideoFile | SandboxedVideo], tmp_path: Path
) -> None:
    times = [0.0, 0.04, 0.1, 0.3, 0.34, 0.9]
    with reader(write_video(tmp_path / "vfr.webm", "libvpx", times=times)) as video:
        assert [f.time for f in video] == pytest.approx(times, abs=0.002)


@both
def test_a_recording_without_duration_is_read(
    reader: type[VideoFile | SandboxedVideo], tmp_path: Path
) -> None:
    # A browser's MediaRecorder writes WebM as a live stream: no duration, no index.
    path = write_video(tmp_path / "live.webm", "libvpx", options={"live": "1"})
    with reader(path) as video:
        assert video.duration is None
        assert len(list(video)) == 45


@both
@pytest.mark.parametrize(
    ("degrees", "corners"),
    [
        (0, ("red", "green")), (90, ("grey", "red")),
        (180, ("grey", "grey")), (270, ("green", "grey")),
    ],
)  # fmt: skip
def test_every_rotation_is_applied(
    degrees: int,
    corners: tuple[str, str],
    reader: type[VideoFile | SandboxedVideo],
    tmp_path: Path,
) -> None:
    path = set_rotation(write_video(tmp_path / "turned.mp4"), degrees)
    with reader(path) as video:
        image = next(iter(video)).picture
    sides = (HEIGHT, WIDTH, 3) if degrees % 180 == 0 else (WIDTH, HEIGHT, 3)
    assert image.shape == sides
    assert corner_colours(image) == corners


def test_large_pictures_are_made_smaller_and_even(tmp_path: Path) -> None:
    path = write_video(tmp_path / "large.mp4", size=(640, 362), times=[0.0, 0.1])
    with VideoFile(path, VideoLimits(side=321)) as video:
        height, width = next(iter(video)).picture.shape[:2]
    assert max(width, height) <= 322
    assert width % 2 == height % 2 == 0
    assert width / height == pytest.approx(640 / 362, rel=0.02)


def test_a_fast_camera_is_thinned_to_the_wanted_rate(tmp_path: Path) -> None:
    path = write_video(tmp_path / "fast.mp4", times=[n / 60 for n in range(120)])
    with VideoFile(path) as video:
        times = [frame.time for frame in video]
    assert len(times) == 60
    assert np.diff(times).min() > 0.03


BAD = {
    "empty": (b"", "empty"),
    "text": (b"not a video at all\n" * 50, "not a video"),
    "playlist": (b"#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n", "not a video"),
    "concat": (b"ffconcat version 1.0\nfile /etc/hostname\n", "not a video"),
    "noise": (np.random.default_rng(0).bytes(5000), "not a video"),
}


@both
@pytest.mark.parametrize("name", BAD)
def test_what_is_no_video_is_refused_in_words(
    name: str, reader: type[VideoFile | SandboxedVideo], tmp_path: Path
) -> None:
    content, message = BAD[name]
    path = tmp_path / "bad.mp4"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=message), reader(path) as video:
        list(video)


@both
def test_a_missing_file_is_refused(
    reader: type[VideoFile | SandboxedVideo], tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="no such file"):
        reader(tmp_path / "none.mp4")


@both
def test_sound_alone_is_refused(reader: type[VideoFile | SandboxedVideo], tmp_path: Path) -> None:
    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(SourceError, match="no picture"):
        reader(path)


@both
@pytest.mark.parametrize(
    ("name", "keep", "options"),
    [
        ("faststart.mp4", 0.6, {"codec": "libx264", "options": {"movflags": "faststart"}}),
        ("whole.avi", 0.3, {"codec": "mpeg4"}),  # the pictures are the first half of this file
        ("whole.webm", 0.6, {"codec": "libvpx"}),
    ],
)
def test_a_file_that_ends_before_its_stated_length_is_an_error(
    name: str,
    keep: float,
    options: dict[str, Any],
    reader: type[VideoFile | SandboxedVideo],
    tmp_path: Path,
) -> None:
    times = [n / 30 for n in range(120)]
    path = write_video(tmp_path / name, **options, times=times, size=(320, 240))
    with reader(path) as video:
        assert len(list(video)) == 120
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with (
        pytest.raises(SourceError, match=r"cut off after .* of 4\.0 s|damaged"),
        reader(path) as video,
    ):
        list(video)


def test_a_clock_that_runs_backwards_is_not_told_as_negative_seconds(tmp_path: Path) -> None:
    """Found by fuzzing: "cut off after -123456.7 s"."""
    times = [n / 30 for n in range(90)]
    path = write_video(tmp_path / "clip.mkv", "libvpx", times=times)
    content = bytearray(path.read_bytes())
    # The first picture, of track 1 and a key frame, is shown 30 s late; all others in time.
    block = content.index(b"\x81\x00\x00\x80", content.index(b"\x1f\x43\xb6\x75"))
    struct.pack_into(">h", content, block + 1, 30_000)
    path.write_bytes(content)
    with VideoFile(path) as video, pytest.raises(SourceError, match=r"cut off after 0\.0 of"):
        list(video)


@both
@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_a_truncated_file_is_an_error(
    keep: float, reader: type[VideoFile | SandboxedVideo], tmp_path: Path
) -> None:
    path = write_video(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    # The index of a plain MP4 lies at its end: without it nothing can be read.
    with pytest.raises(SourceError), reader(path) as video:
        list(video)


@both
def test_too_long_and_too_large_are_refused(
    reader: type[VideoFile | SandboxedVideo], tmp_path: Path
) -> None:
    path = write_video(tmp_path / "long.mp4")
    with pytest.raises(SourceError, match="longer than 1 s"):
        reader(path, VideoLimits(seconds=1.0))
    with pytest.raises(SourceError, match="too large"):
        reader(path, VideoLimits(pixels=1000))
    endless = write_video(tmp_path / "endless.webm", "libvpx", options={"live": "1"})
    with (
        pytest.raises(SourceError, match="longer than 1 s"),
        reader(endless, VideoLimits(seconds=1.0)) as video,
    ):
        list(video)


def child_of(video: SandboxedVideo) -> int:
    return video._child.pid


def test_a_child_that_is_killed_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", size=(640, 480), times=[n / 30 for n in range(300)])
    with SandboxedVideo(path) as video:
        frames = iter(video)
        next(frames)
        os.kill(child_of(video), signal.SIGKILL)
        with pytest.raises(SourceError, match="could not be decoded"):
            list(frames)


def test_a_child_that_hangs_is_given_up(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", size=(640, 480), times=[n / 30 for n in range(300)])
    with SandboxedVideo(path, patience=0.5) as video:
        frames = iter(video)
        next(frames)
        os.kill(child_of(video), signal.SIGSTOP)
        with pytest.raises(SourceError, match="too long"):
            list(frames)
        pid = child_of(video)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_child_that_does_not_start_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "command", lambda *_: [sys.executable, "-c", "raise SystemExit"])
    with pytest.raises(SourceError, match="could not be decoded"):
        SandboxedVideo(write_video(tmp_path / "any.mp4"))


def test_leaving_early_ends_the_child(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", size=(640, 480), times=[n / 30 for n in range(300)])
    with SandboxedVideo(path) as video:
        next(iter(video))
        pid = child_of(video)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
