"""The real server's process: how long it takes to start, what it holds, what it gets done."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any, Final
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[2]

PATIENCE: Final = 120.0
"""Seconds for a start, and for one upload."""


@dataclass(frozen=True, slots=True)
class Served:
    """What the server's process did.

    :param start: seconds from its start until ``/readyz`` says so, of each start.
    :param uploads: how many were scored, each with its replay.
    :param seconds: from sending the first one until the last replay was there.
    :param idle_mb: resident memory after the start.
    :param steady_mb: the same once all uploads were done.
    :param peak_mb: the most that it ever was.
    """

    start: list[float]
    uploads: int
    seconds: float
    idle_mb: float
    steady_mb: float
    peak_mb: float


class Server:
    """The kiosk as a process of its own, with the demo clip as its camera.

        with Server(folder) as server:
            server.send(clip)

    :param folder: for its data and its log.
    """

    def __init__(self, folder: Path) -> None:
        self._log = folder / "server.log"
        began = perf_counter()
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kiosk_ui", "--port", "0", "--camera", "demo",
                 "--data-dir", str(folder / "data")],
                cwd=ROOT, env={**os.environ, "KIOSK_DISK_FLOOR_MB": "0"}, stderr=log,
            )  # fmt: skip
        try:
            self._address = self._listening()
            self._until_ready()
        except BaseException:
            self.close()
            raise
        self.took = perf_counter() - began

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)

    def memory(self, what: str) -> float:
        """Return ``VmRSS`` or ``VmHWM`` in MB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(rf"^{what}:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0

    def send(self, clip: Path) -> str:
        """Upload a clip as a form; return its score's path. Waits where there are too many."""
        boundary = uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="video"; '
            f'filename="{clip.name}"\r\nContent-Type: video/mp4\r\n\r\n'
        )
        body = head.encode() + clip.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return f"/api/v1/scores/{self._told('/api/v1/scores', body, kind)['id']}"

    def finished(self, score: str) -> None:
        """Return once a score and its replay are there."""
        while self._told(score)["status"] not in ("done", "failed"):
            sleep(0.05)
        end = monotonic() + PATIENCE
        while monotonic() < end:  # the answer waits for the replay, but not for ever
            try:
                with self._open(f"{score}/replay.mp4") as answer:
                    answer.read()
                return
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise

    def _told(self, path: str, body: bytes | None = None, headers: Any = None) -> dict[str, Any]:
        end = monotonic() + PATIENCE
        while True:
            try:
                with self._open(path, body, headers) as answer:
                    return dict(json.load(answer))
            except urllib.error.HTTPError as error:
                if error.code != 429 or monotonic() > end:
                    raise
                sleep(0.1)

    def _open(self, path: str, body: bytes | None = None, headers: Any = None) -> Any:
        request = urllib.request.Request(self._address + path, body, headers or {})  # noqa: S310
        return urllib.request.urlopen(request, timeout=PATIENCE)  # noqa: S310 - always ours

    def _listening(self) -> str:
        end = monotonic() + PATIENCE
        while monotonic() < end and self._process.poll() is None:
            if found := re.search(r"listening: (http://localhost:\d+)/", self._log.read_text()):
                return found[1]
            sleep(0.01)
        raise RuntimeError(f"the server did not start: {self._log.read_text()[-2000:]}")

    def _until_ready(self) -> None:
        end = monotonic() + PATIENCE
        while monotonic() < end:
            try:
                self._open("/readyz").close()
            except urllib.error.HTTPError:
                sleep(0.01)
            else:
                return
        raise RuntimeError("the server was never ready")


def serve(
    clips: list[Path], folder: Path, *, starts: int, uploads: int, at_once: int = 2
) -> Served:
    """Start the server ``starts`` times; let the last one score uploads, ``at_once`` waiting."""
    took = []
    for _ in range(starts - 1):
        with Server(folder) as server:
            took.append(server.took)
    with Server(folder) as server:
        took.append(server.took)
        idle, waiting, began = server.memory("VmRSS"), [], perf_counter()
        for number in range(uploads):
            waiting.append(server.send(clips[number % len(clips)]))
            if len(waiting) > at_once:
                server.finished(waiting.pop(0))
        for score in waiting:
            server.finished(score)
        seconds = perf_counter() - began
        sleep(1.0)
        steady, peak = server.memory("VmRSS"), server.memory("VmHWM")
    return Served(took, uploads, seconds, idle, steady, peak)
