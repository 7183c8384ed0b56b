"""Real videos, damaged as an attacker would: by their own structure, from a seed.

for number in range(1000):
    kind, name, data = mutation(corpus, seed=number)
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from tests.edge.videos import set_rotation, write_as_recorder, write_video

Corpus = dict[str, bytes]
TIMES = [n / 30 for n in range(15)]

FILES: dict[str, dict[str, Any]] = {
    "h264.mp4": {"codec": "libx264"},
    "faststart.mp4": {"codec": "libx264", "options": {"movflags": "faststart"}},
    "h264.mov": {"codec": "libx264"},
    "h264.3gp": {"codec": "libx264"},
    "fragmented.mp4": {"codec": "libx264", "options": {"movflags": "frag_keyframe+empty_moov"}},
    "hevc.mp4": {"codec": "libx265"},
    "hevc10.mov": {"codec": "libx265", "pix_fmt": "yuv420p10le"},
    "mjpeg.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "prores.mov": {"codec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "av1.mp4": {"codec": "libsvtav1"},
    "vp8.webm": {"codec": "libvpx"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "h264.mkv": {"codec": "libx264"},
    "live.webm": {"codec": "libvpx", "options": {"live": "1"}},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mjpeg.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "film.gif": {"codec": "gif", "pix_fmt": "rgb8"},
}  # fmt: skip


def make_corpus(folder: Path) -> Corpus:
    """Write one small video of each kind that this library can write."""
    av.logging.set_level(None)
    for name, how in FILES.items():
        # Whether an encoder is there differs from build to build; what can be decoded does not.
        with suppress(av.error.FFmpegError, ValueError):
            write_video(folder / name, **how, times=TIMES)
    set_rotation(write_video(folder / "turned.mp4", times=TIMES), 90)
    write_as_recorder(folder / "h264.mp4", folder / "recorder.webm")
    write_as_recorder(folder / "h264.mp4", folder / "recorder.mp4")
    write_with_sound(folder / "sound.mp4")
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    return {name: data for name, data in found.items() if len(data) > 100}


def write_with_sound(path: Path) -> None:
    """Write a video with a second track."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        sound = container.add_stream("aac", rate=16000)
        for number in range(15):
            picture = np.full((64, 96, 3), 10 * number, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
            part = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            part.sample_rate, part.pts = 16000, number * 1024
            container.mux(sound.encode(part))
        for stream in (video, sound):
            container.mux(stream.encode(None))


EXTREMES = (
    0, 1, 2, 7, 8, 9, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0xFFFFFF,
    0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF,
)  # fmt: skip


def boxes(data: bytes, start: int, end: int, depth: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """Give start, end and name of each box of an MP4, outer ones first."""
    holders = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"moof", b"traf",
               b"mvex", b"udta")  # fmt: skip
    at = start
    while at + 8 <= end and depth < 8:
        size, name = struct.unpack_from(">I4s", data, at)
        if not 8 <= size <= end - at:
            return
        yield at, at + size, name
        if name in holders:
            yield from boxes(data, at + 8, at + size, depth + 1)
        at += size


def chunks(data: bytes, start: int, end: int, depth: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """Give start, end and name of each chunk of an AVI."""
    at = start
    while at + 8 <= end and depth < 6:
        name, size = struct.unpack_from("<4sI", data, at)
        if size > end - at - 8:
            return
        yield at, at + 8 + size, name
        if name in (b"RIFF", b"LIST"):
            yield from chunks(data, at + 12, at + 8 + size, depth + 1)
        at += 8 + size + size % 2


def elements(data: bytes, start: int, end: int, depth: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """Give start, end and name of each element of an EBML file, as WebM is."""
    holders = {bytes.fromhex(name) for name in (
        "18538067", "1549A966", "1654AE6B", "AE", "E0", "1F43B675", "A0", "1C53BB6B", "114D9B74",
    )}  # fmt: skip
    at = start
    while at < end and depth < 6:
        wide = 9 - data[at].bit_length()
        body = at + wide
        if wide > 4 or body >= end or not data[body]:
            return
        more = 9 - data[body].bit_length()
        size = int.from_bytes(data[body : body + more], "big") & ((1 << 7 * more) - 1)
        if size == (1 << 7 * more) - 1:  # "until its parent's end", as live recordings have
            size = end - body - more
        if size > end - body - more:
            return
        yield at, body + more + size, data[at:body]
        if data[at:body] in holders:
            yield from elements(data, body + more, body + more + size, depth + 1)
        at = body + more + size


def parts(name: str, data: bytes) -> list[tuple[int, int, bytes]]:
    """Return the parts of which a file consists."""
    if name.endswith(".avi"):
        return list(chunks(data, 0, len(data)))
    if name.endswith((".webm", ".mkv")):
        return list(elements(data, 0, len(data)))
    return list(boxes(data, 0, len(data)))


def bytes_changed(chance: random.Random, data: bytearray, _: Corpus, __: str) -> None:
    for _n in range(chance.randint(1, 60)):
        data[chance.randrange(len(data))] = chance.randrange(256)


def truncated(chance: random.Random, data: bytearray, _: Corpus, __: str) -> None:
    if len(data) > 1:
        del data[chance.randrange(1, len(data)) :]


def zeroed(chance: random.Random, data: bytearray, _: Corpus, __: str) -> None:
    at = chance.randrange(len(data))
    size = min(chance.choice((16, 200, 4000)), len(data) - at)
    data[at : at + size] = bytes([chance.choice((0, 0, 255))]) * size


def spliced(chance: random.Random, data: bytearray, corpus: Corpus, _: str) -> None:
    other = corpus[chance.choice(sorted(corpus))]
    data[chance.randrange(len(data)) :] = other[chance.randrange(len(other)) :]


def repeated(chance: random.Random, data: bytearray, _: Corpus, __: str) -> None:
    at = chance.randrange(len(data))
    data[at:at] = data[at : at + chance.randint(1, 2000)] * chance.randint(1, 50)


def number_made_extreme(chance: random.Random, data: bytearray, _: Corpus, name: str) -> None:
    """Put an extreme number into the head of a part: counts, sizes, times, dimensions."""
    start, end, _name = _part(chance, data, name)
    wide = chance.choice((1, 2, 4, 4, 8))
    at = min(start + chance.randrange(0, min(120, end - start)), len(data) - wide)
    extreme = chance.choice(EXTREMES) & ((1 << 8 * wide) - 1)
    data[at : at + wide] = extreme.to_bytes(wide, chance.choice(("big", "little")))


def length_changed(chance: random.Random, data: bytearray, _: Corpus, name: str) -> None:
    """Let a part say that it is longer or shorter than it is."""
    start, end, tag = _part(chance, data, name)
    if name.endswith((".webm", ".mkv")):
        at = start + len(tag)
        wide = 9 - data[at].bit_length() if data[at] else 1
        unknown = (1 << 7 * wide) - 1
        size = chance.choice((unknown, unknown - 1, 0, 1, chance.randrange(1 << 7 * wide)))
        data[at : at + wide] = (size | 1 << 7 * wide).to_bytes(wide, "big")
        return
    size = chance.choice((*EXTREMES, end - start - 1, end - start + 1)) & 0xFFFFFFFF
    if name.endswith(".avi"):
        data[start + 4 : start + 8] = size.to_bytes(4, "little")
    else:
        data[start : start + 4] = size.to_bytes(4, "big")


def part_moved(chance: random.Random, data: bytearray, _: Corpus, name: str) -> None:
    """Remove, repeat, nest or rename a part."""
    start, end, tag = _part(chance, data, name)
    part = bytes(data[start:end])
    what = chance.randrange(4)
    if what == 0:
        del data[start:end]
    elif what == 1:
        data[start:start] = part * chance.randint(1, 40)
    elif what == 2:
        other, _end, _tag = _part(chance, data, name)
        data[other:other] = part
    else:
        _other, _end, new = _part(chance, data, name)
        at = data.find(tag, start)
        data[at : at + len(tag)] = new


def dimensions(chance: random.Random, data: bytearray, _: Corpus, __: str) -> None:
    """Let every place that says how large the picture is say something else."""
    width = chance.choice((0, 1, 3, 16383, 32768, 65535))
    height = chance.choice((0, 1, 3, 16383, 32768, 65535))
    for order in (">", "<"):
        for kind in ("H", "I"):
            old, new = struct.pack(f"{order}2{kind}", 96, 64), struct.pack(
                f"{order}2{kind}", width, height
            )  # fmt: skip
            data[:] = data.replace(old, new)
    for tag, size in ((b"\xb0\x81\x60", width), (b"\xba\x81\x40", height)):  # PixelWidth, -Height
        data[:] = data.replace(tag, tag[:1] + b"\x82" + struct.pack(">H", size))


def junk_appended(chance: random.Random, data: bytearray, _: Corpus, __: str) -> None:
    data += chance.randbytes(chance.randint(1, 5000))


def _part(chance: random.Random, data: bytearray, name: str) -> tuple[int, int, bytes]:
    found = parts(name, bytes(data)) or [(0, len(data), bytes(data[:4]))]
    return chance.choice(found)


Mutator = Callable[[random.Random, bytearray, Corpus, str], None]
MUTATORS: tuple[Mutator, ...] = (
    bytes_changed, truncated, zeroed, spliced, repeated, number_made_extreme, number_made_extreme,
    length_changed, length_changed, part_moved, dimensions, junk_appended,
)  # fmt: skip


def mutation(corpus: Corpus, seed: int) -> tuple[str, str, bytes]:
    """Return how a file was damaged, which, and the result; the same for the same seed."""
    chance = random.Random(seed)
    name = sorted(corpus)[seed % len(corpus)]
    data = bytearray(corpus[name])
    how = chance.sample(MUTATORS, chance.choice((1, 1, 2)))
    for mutator in how:
        mutator(chance, data, corpus, name)
        if not data:
            data += b"\0"
    return "+".join(sorted({mutator.__name__ for mutator in how})), name, bytes(data)
