"""Real video files, made on the spot by the real encoders."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 96, 64

ONE_SQUAT = 4.6
"""Seconds of either demo clip until its first squat has ended."""

# 16.16 and 2.30 fixed-point matrices of the track header, by clockwise degrees to turn on showing.
MATRIX = {
    0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0),
}  # fmt: skip


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Return a picture with a red top left, a green top right and a grey that counts."""
    image = np.full((height, width, 3), 40 + number % 100, np.uint8)
    image[: height // 2, : width // 2] = (0, 0, 220)
    image[: height // 2, width // 2 :] = (0, 200, 0)
    return image


def corner_colours(image: np.ndarray) -> tuple[str, str]:
    """Return the names of the colours top left and top right."""
    height, width = image.shape[:2]

    def name(patch: np.ndarray) -> str:
        _, green, red = patch.reshape(-1, 3).mean(axis=0)
        return "red" if red > 150 > green else "green" if green > 120 > red else "grey"

    return name(image[4 : height // 4, 4 : width // 4]), name(
        image[4 : height // 4, -width // 4 : -4]
    )


def write_video(
    path: Path,
    codec: str = "libx264",
    *,
    times: Sequence[float] | None = None,
    options: dict[str, str] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    pix_fmt: str = "yuv420p",
    container_format: str | None = None,
) -> Path:
    """Write a video of ``size`` (width, height) with pictures at ``times`` (seconds)."""
    times = times if times is not None else [n / 30 for n in range(45)]
    with av.open(str(path), "w", format=container_format, options=options or {}) as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.time_base = Fraction(1, 1000)
        stream.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="bgr24")
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def set_rotation(path: Path, degrees: int) -> Path:
    """Write the rotation into the track header of an MP4 or MOV, as phones do."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4
    version = data[at]
    matrix = at + (52 if version == 1 else 40)
    a, b, c, d = (value * 0x10000 for value in MATRIX[degrees])
    data[matrix : matrix + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 0x40000000)
    path.write_bytes(data)
    return path


def write_as_recorder(source: Path, path: Path, seconds: float = 60.0) -> Path:
    """Write a clip anew as a browser's recorder does: pieces, no duration, nothing to seek by.

    :param seconds: how much of it.
    :param path: ending in .webm (VP8, as Chromium and Firefox do) or .mp4 (fragments, as iOS does).
    """
    if path.suffix == ".webm":
        kind, codec = "webm", "libvpx"
        options = {"live": "1", "cluster_time_limit": "250"}
    else:
        kind, codec = "mp4", "libx264"
        options = {
            "movflags": "frag_keyframe+empty_moov+default_base_moof",
            "frag_duration": "250000",
        }
    with av.open(str(source)) as read, av.open(str(path), "w", kind, options=options) as write:
        video = read.streams.video[0]
        stream = write.add_stream(codec, rate=30)
        stream.width, stream.height = video.width, video.height
        stream.pix_fmt = "yuv420p"
        stream.options = (
            {"deadline": "realtime", "cpu-used": "8"}
            if kind == "webm"
            else {
                "preset": "ultrafast",
                "tune": "zerolatency",
            }
        )
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for frame in read.decode(video):
            if (frame.time or 0) >= seconds:
                break
            frame.pts, frame.time_base = round((frame.time or 0) * 1000), Fraction(1, 1000)
            frame.pict_type = 0
            write.mux(stream.encode(frame))
        write.mux(stream.encode(None))
    return path


def first_part(source: Path, path: Path, seconds: float) -> Path:
    """Write the beginning of a clip as an MP4 with its index first, without encoding it anew."""
    options = {"movflags": "faststart"}
    with av.open(str(source)) as read, av.open(str(path), "w", options=options) as write:
        video = read.streams.video[0]
        stream = write.add_stream_from_template(video)
        for packet in read.demux(video):
            # Packets come as they are decoded: one that is shown early may come late.
            if packet.pts is not None and packet.pts * video.time_base < seconds:
                packet.stream = stream
                write.mux(packet)
    return path
