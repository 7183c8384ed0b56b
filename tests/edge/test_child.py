"""What a decoder that was taken over could say to its parent, and how silence is told from work."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import DecoderKilledError, SourceError
from edge.frames import child
from edge.frames.child import DecoderChild, launch
from edge.frames.records import ERROR, FRAME, HEADER, READY, START
from edge.frames.sandbox import SandboxedVideo
from tests.edge.videos import write_video

PIXELS = 100 * 100
Fake = Callable[..., DecoderChild]


def record(kind: bytes, body: bytes = b"", *, time: float = 0.0, size: tuple[int, int] = (0, 0),
           length: int | None = None) -> bytes:  # fmt: skip
    return HEADER.pack(kind, time, *size, len(body) if length is None else length) + body


HELLO = record(READY, b"{}")
BEGIN = HELLO + record(START, b'{"duration": 1.0}')


def says(monkeypatch: pytest.MonkeyPatch, words: bytes, then: str = "") -> None:
    """Let decoders say something, and then do something."""
    program = f"import sys; sys.stdout.buffer.write({words!r}); sys.stdout.flush(); {then}"
    monkeypatch.setattr(child, "command", lambda *_: [sys.executable, "-S", "-c", program])


def start(**options: Any) -> DecoderChild:
    return DecoderChild(launch("none", subprocess.DEVNULL), pixels=PIXELS, **options)


@pytest.mark.parametrize(
    "lie",
    [
        record(FRAME, size=(10, 10), length=2**64 - 1),
        record(FRAME, size=(2**32 - 1, 2**32 - 1), length=12),
        record(FRAME, size=(1000, 1000), length=3_000_000),
        record(FRAME, bytes(12), size=(2, 3)),
        record(FRAME, size=(0, 0)),
        record(FRAME, bytes(12), size=(2, 2), time=float("nan")),
        record(FRAME, bytes(12), size=(2, 2), time=float("inf")),
        record(FRAME, bytes(12), size=(2, 2), time=-1.0),
        record(ERROR, length=2**40),
        record(b"?"),
        b"junk" * 20,
        b"F",
    ],
)  # fmt: skip
def test_what_no_decoder_would_say_ends_it(lie: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    good = record(FRAME, bytes(12), size=(2, 2), time=0.0)
    says(monkeypatch, HELLO + good + lie, "import time; time.sleep(60)" if len(lie) > 1 else "")
    made = start()
    made.record()
    with pytest.raises(SourceError, match="could not be decoded"):
        made.record()
    assert not made.runs


@pytest.mark.parametrize(
    "words",
    [
        record(START, b"no json"), record(START, b"[]"), record(START, b"{}"),
        record(START, b'{"duration": NaN}'), record(START, b'{"duration": -1}'),
        record(START, b'{"duration": "1"}'), record(START, b'{"duration": 1e300}'),
        record(FRAME, bytes(12), size=(2, 2)),
    ],
)  # fmt: skip
def test_a_duration_is_a_number_or_none(
    words: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    says(monkeypatch, HELLO + words)
    with pytest.raises(SourceError, match="could not be decoded"):
        SandboxedVideo(write_video(tmp_path / "v.mp4", times=[0.0, 0.1]))


def test_its_words_are_one_line_of_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    says(monkeypatch, HELLO + record(ERROR, b"bad\r\nINFO root: all is well\xff\x00"))
    with pytest.raises(SourceError) as caught:
        SandboxedVideo(write_video(tmp_path / "v.mp4", times=[0.0, 0.1]))
    assert str(caught.value).splitlines() == [str(caught.value)]


@pytest.mark.parametrize("hello", [b"", BEGIN[HEADER.size + 2 :], record(READY, b"[1]")])
def test_one_that_does_not_begin_as_it_should(
    hello: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, hello)
    with pytest.raises(SourceError, match=r"did not start|could not be decoded"):
        start()


def test_what_the_system_refused_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(child, "_told", set())
    says(monkeypatch, record(READY, json.dumps({"Landlock": "not there"}).encode()))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            start().end()
    assert [r.getMessage() for r in caplog.records] == [
        "decoders are confined without this: Landlock (not there)"
    ]


def test_one_that_works_and_works_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, HELLO, "\nwhile True: pass")
    made = start(patience=0.3)
    with pytest.raises(SourceError, match="takes too long"):
        made.record()
    assert not made.runs


def test_one_that_gets_little_of_a_busy_machine_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = record(FRAME, bytes(12), size=(2, 2))
    says(
        monkeypatch, HELLO,
        f"import time; time.sleep(1.5); sys.stdout.buffer.write({frame!r}); sys.stdout.flush()",
    )  # fmt: skip
    made = start(patience=0.4)
    slowly = iter(number / 1000 for number in range(10**6))
    monkeypatch.setattr(made, "_processor_time", lambda: next(slowly))
    assert made.record().kind == FRAME
    made.end()


def test_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, HELLO, "import time; time.sleep(60)")
    made = start(patience=0.1)
    slowly = iter(number / 1000 for number in range(10**6))
    monkeypatch.setattr(made, "_processor_time", lambda: next(slowly))
    with pytest.raises(SourceError, match="takes too long"):
        made.record()


def test_it_is_given_one_file_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KIOSK_SECRET", "told to nobody")
    path = write_video(tmp_path / "v.mp4", size=(640, 480), times=[n / 30 for n in range(300)])
    with path.open("rb") as inherited, SandboxedVideo(path) as video:
        os.set_inheritable(inherited.fileno(), True)
        frames = iter(video)
        next(frames)
        pid = video._child.pid
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        )
        assert status["NoNewPrivs"] == "1"
        assert set(status["CapEff"]) == set(status["CapPrm"]) == {"0"}
        assert os.getpgid(pid) == os.getsid(pid) == pid
        if os.geteuid() == 0:
            assert "0" not in status["Uid"].split() + status["Gid"].split()
            names = sorted(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir())
            assert names == [0, 1, 2]
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"KIOSK" not in environment
            assert b"HOME" not in environment


def test_where_there_are_no_large_pipes_small_ones_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An ordinary user may have 64 MB of them."""

    def refuse(*_: Any) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("fcntl.fcntl", refuse)
    with SandboxedVideo(write_video(tmp_path / "v.mp4", times=[0.0, 0.1])) as video:
        assert len(list(video)) == 2


def test_ending_twice_and_from_another_thread(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", size=(640, 480), times=[n / 30 for n in range(300)])
    never = threading.Event()

    def pieces() -> Any:
        yield path.read_bytes()[:1000]
        never.wait(20)

    before = {thread.name for thread in threading.enumerate()}
    with pytest.raises(SourceError, match="takes too long"):
        SandboxedVideo(pieces(), patience=0.5)
    never.set()
    for thread in threading.enumerate():
        if thread.name not in before:
            thread.join(10)
            assert not thread.is_alive()


@pytest.mark.parametrize(("number", "error"), [(9, DecoderKilledError), (11, SourceError)])
def test_a_child_that_was_killed_is_told_from_one_that_crashed(
    monkeypatch: pytest.MonkeyPatch, number: int, error: type[SourceError]
) -> None:
    says(monkeypatch, BEGIN, f"import os; os.kill(os.getpid(), {number})")
    child = start()
    child.record()
    with pytest.raises(SourceError) as caught:
        child.record()
    assert caught.type is error
