"""What stands in a video opens nothing: no address, no other file, no other kind of file.

Most of it is tried in this process, which may open anything: so that it is the reading itself that
refuses, and not only what confines the child.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import SourceError
from edge.frames import video
from edge.frames.sandbox import SandboxedVideo
from edge.frames.video import VideoFile
from tests.edge.mutations import boxes
from tests.edge.videos import write_video


class Canary:
    """Listens, and tells whether anybody has called."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self.url = f"http://127.0.0.1:{server.getsockname()[1]}/x.ts"

    def was_called(self) -> bool:
        try:
            self._server.accept()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def canary() -> Iterator[Canary]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield Canary(server)


def read(path: Path) -> int:
    """Return how many frames a file gives, in this process."""
    with VideoFile(path) as opened:
        return len(list(opened))


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n",
    "hls of a file": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{file}\n#EXT-X-ENDLIST\n",
    "hls of data": "#EXTM3U\n#EXTINF:10,\ndata:video/mp4;base64,AAAA\n#EXT-X-ENDLIST\n",
    "hls key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:10,\nx.ts\n',
    "concat": "ffconcat version 1.0\nfile '{file}'\n",
    "concat of an address": "ffconcat version 1.0\nfile '{url}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
            "<Period><AdaptationSet><Representation><BaseURL>{url}</BaseURL></Representation>"
            "</AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
           "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "subrip": "1\n00:00:00,000 --> 00:00:02,000\n{url}\n",
    "asx": '<asx version="3.0"><entry><ref href="{url}"/></entry></asx>',
    "quicktime text": "RTSPtext\n{url}\n",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{file}"/></svg>',
    "metadata": ";FFMETADATA1\ntitle={url}\n",
    "imf": '<?xml version="1.0"?><CompositionPlaylist><Id>{url}</Id></CompositionPlaylist>',
}  # fmt: skip


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("ending", ["mp4", "m3u8"])
def test_a_playlist_is_no_video(name: str, ending: str, canary: Canary, tmp_path: Path) -> None:
    real = write_video(tmp_path / "real.mp4", times=[0.0, 0.1])
    path = tmp_path / f"bad.{ending}"
    path.write_text(PLAYLISTS[name].format(url=canary.url, file=real))
    with pytest.raises(SourceError, match="not a video"):
        read(path)
    assert not canary.was_called()


@pytest.mark.parametrize(
    "name",
    [
        "http://127.0.0.1/x.mp4", "concat:real.mp4|real.mp4", "file:real.mp4", "data:video/mp4,x",
        "subfile,,start,0,end,0,,:real.mp4", "crypto:real.mp4", "pipe:0", "fd:0", "async:real.mp4",
    ],
)  # fmt: skip
def test_a_name_is_never_an_address(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(Path("real.mp4"), times=[0.0, 0.1])
    for reader in (VideoFile, SandboxedVideo):
        with pytest.raises(SourceError, match="no such file"):
            reader(name)


def test_a_file_with_such_a_name_is_read(tmp_path: Path) -> None:
    path = write_video(tmp_path / "real.mp4", times=[0.0, 0.1])
    assert read(path.rename(tmp_path / "concat:x|y.mp4")) == 2


def with_other_data(path: Path, where: bytes) -> None:
    """Let an MP4's track say that its pictures lie in another file."""
    data = bytearray(path.read_bytes())
    start, end, _ = next(box for box in boxes(bytes(data), 0, len(data)) if box[2] == b"dref")
    entry = struct.pack(">I4sI", 12 + len(where), b"url ", 0) + where
    grown = struct.pack(">I4sII", 16 + len(entry), b"dref", 0, 1) + entry
    more = len(grown) - (end - start)
    for at, until, name in boxes(bytes(data), 0, len(data)):
        if at < start < until and name in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
            data[at : at + 4] = struct.pack(">I", until - at + more)
    data[start:end] = grown
    path.write_bytes(data)


@pytest.mark.parametrize("where", ["url", "file", "path"])
def test_pictures_in_another_file_are_not_fetched(
    where: str, canary: Canary, tmp_path: Path
) -> None:
    real = write_video(tmp_path / "real.mp4", times=[0.0, 0.1])
    path = tmp_path / "reference.mov"
    path.write_bytes(real.read_bytes())
    told = {"url": canary.url, "file": f"file://{real}", "path": str(real)}[where]
    with_other_data(path, told.encode() + b"\0")
    with suppress(SourceError):  # the pictures in the file itself may be used: they are its own
        read(path)
    assert not canary.was_called()


def avi_with_subtitles(path: Path, playlist: bytes) -> None:
    """Put a playlist where an AVI has subtitles, which are a file within the file."""
    words = b"\0\0"
    packet = b"GAB2\0" + struct.pack("<HI", 2, len(words)) + words
    packet += struct.pack("<HI", 4, len(playlist)) + playlist
    packet += b"\0" * (len(packet) % 2)

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def stream(kind: bytes, codec: bytes, form: bytes) -> bytes:
        head = kind + codec + struct.pack("<IHHIIIIIIIIHHHH", *[0] * 5, 1, 30, 0, 2, *[0] * 6)
        return chunk(b"LIST", b"strl" + chunk(b"strh", head) + chunk(b"strf", form))

    bitmap = struct.pack("<IiiHH4sIiiII", 40, 96, 64, 1, 24, b"MJPG", 96 * 64 * 3, 0, 0, 0, 0)
    main = struct.pack("<14I", 33333, 0, 0, 0, 2, 0, 2, 0, 96, 64, 0, 0, 0, 0)
    head = b"hdrl" + chunk(b"avih", main)
    head += stream(b"vids", b"MJPG", bitmap) + stream(b"txts", bytes(4), b"")
    picture = bytes(cv2.imencode(".jpg", np.full((64, 96, 3), 90, np.uint8))[1])
    film = b"movi" + chunk(b"01tx", packet) + 2 * chunk(b"00dc", picture)
    path.write_bytes(chunk(b"RIFF", b"AVI " + chunk(b"LIST", head) + chunk(b"LIST", film)))


@pytest.mark.parametrize("name", ["hls", "hls of a file", "concat", "dash", "subrip"])
def test_subtitles_within_an_avi_open_nothing(name: str, canary: Canary, tmp_path: Path) -> None:
    """A playlist there has read files of servers before (the library's CVE-2016-1897 and later)."""
    real = write_video(tmp_path / "real.mp4", times=[0.0, 0.1])
    path = tmp_path / "subtitles.avi"
    avi_with_subtitles(path, PLAYLISTS[name].format(url=canary.url, file=real).encode())
    with suppress(SourceError):
        assert read(path) == 2  # its own two pictures
    assert not canary.was_called()


@pytest.mark.parametrize("codec", ["ffv1", "rawvideo"])
def test_only_codecs_of_cameras_are_decoded(codec: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / "rare.mkv", codec, pix_fmt="yuv420p", times=[0.0, 0.1])
    with pytest.raises(SourceError, match="format that is not known"):
        read(path)


def test_too_many_tracks_are_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "many.mp4", times=[0.0, 0.1])
    data = path.read_bytes()
    start, end, _ = next(box for box in boxes(data, 0, len(data)) if box[2] == b"trak")
    at, until, _ = next(box for box in boxes(data, 0, len(data)) if box[2] == b"moov")
    tracks = data[start:end] * 2000
    size = struct.pack(">I", until - at + len(tracks))
    path.write_bytes(data[:at] + size + data[at + 4 : end] + tracks + data[end:])
    with pytest.raises(SourceError):
        read(path)


def test_pictures_without_end_at_one_time_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "MOST_RATE", 0.1)
    path = write_video(tmp_path / "many.mp4")
    with pytest.raises(SourceError, match="too many pictures"):
        read(path)
