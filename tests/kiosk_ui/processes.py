"""The whole kiosk as a process of its own, as a maintainer runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.kiosk_ui.fakes import until

ROOT = Path(__file__).resolve().parents[2]

HEAPS = {"MALLOC_ARENA_MAX": "2"}
"""How unit and scripts/run have memory handed out."""


def form(video: bytes) -> bytes:
    """Return a form with a video, whose boundary is B."""
    head = b'--B\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
    return head + video + b"\r\n--B--\r\n"


@dataclass
class KioskProcess:
    """A running kiosk and what it has written to its log."""

    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Return the port it listens on, once it does."""
        until(lambda: self._found() or self.process.poll() is not None, 120)
        found = self._found()
        assert found, "\n".join(self.log)
        return int(found)

    def _found(self) -> str | None:
        match = re.search(r"listening: http://localhost:(\d+)/", "\n".join(self.log))
        return match[1] if match else None

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """Return status and body (read as JSON if it is) of a page."""
        url = f"http://localhost:{self.port}{path}"
        return self.send(urllib.request.Request(url, headers=headers))

    def send(self, request: urllib.request.Request) -> tuple[int, Any]:
        """Send any request."""
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:  # noqa: S310 - always ours
                status, kind, body = answer.status, answer.headers.get_content_type(), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, kind, body = error.code, error.headers.get_content_type(), error.read()
        return status, json.loads(body) if kind.endswith("json") else body

    def wait_until_ready(self) -> None:
        """Wait until clips can be scored."""
        until(lambda: self.get("/readyz")[0] == 200, 120)

    def upload(self, video: bytes) -> dict[str, Any]:
        """Send a video and return the queued score."""
        request = urllib.request.Request(
            f"http://localhost:{self.port}/api/v1/scores",
            form(video),
            {"Content-Type": "multipart/form-data; boundary=B"},
        )
        status, score = self.send(request)
        assert status == 202, score
        return dict(score)

    def finished(self, key: str, seconds: float = 120) -> dict[str, Any]:
        """Wait until a score is done or failed."""
        found: dict[str, Any] = {}

        def done() -> bool:
            found.update(self.get(f"/api/v1/scores/{key}")[1])
            return found["status"] in ("done", "failed")

        until(done, seconds)
        return found


@contextmanager
def kiosk_process(
    data_dir: Path,
    *options: str,
    port: int = 0,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str] = (sys.executable, "-m", "kiosk_ui"),
) -> Iterator[KioskProcess]:
    """Run the kiosk with the demo camera until the block ends.

    :param port: 0: a free one.
    :param environment: variables for it, beside those of the tests.
    :param program: what is run, before its options.
    """
    command = [*program, "--port", str(port), "--data-dir", str(data_dir)]
    process = subprocess.Popen(
        [*command, *(options or ("--camera", "demo"))],
        cwd=ROOT,
        env={**os.environ, "KIOSK_DISK_FLOOR_MB": "0", **HEAPS, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    kiosk = KioskProcess(process)

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            kiosk.log.append(line.rstrip())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield kiosk
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            reader.join(5)
            if process.stdout is not None:
                process.stdout.close()
