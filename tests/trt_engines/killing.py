"""A process that imports everything once, and forks one child for each thing that is to be done.

    with Killing(tmp_path) as killing:
        steps = killing.steps({"do": "flash", "source": "..."})
        killing.run({"do": "flash", "source": "..."}, kill=3)    # SIGKILL before the third step
        killing.run({"do": "load"})                               # what a kiosk would run now

A step is whatever changes the disk: an audit hook of Python sees each of them, in whatever module,
before it is done. Before a file is flushed, half of it is cut off as well: that is what a power cut
may leave of what was not flushed.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.clips import ROOT

CHANGES = {"os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.symlink", "os.truncate", "open"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Killing:
    """The process, from the outside.

    :param environment: variables for it, beside those of the tests.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.trt_engines.killing"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=ROOT, env={**os.environ, **(environment or {})},
        )  # fmt: skip

    def __enter__(self) -> Killing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        where: TracebackType | None,
    ) -> None:  # fmt: skip
        self._process.communicate(timeout=30)

    def run(self, data: Path, job: Mapping[str, Any], kill: int = 0) -> dict[str, Any]:
        """Do something in a child; return what it said, and how it ended (``code``).

        :param data: the kiosk's folder.
        :param kill: the number of the step before which the child is killed; 0: it is not.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({**job, "data": str(data), "kill": kill}) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))


class Steps:
    """Counts what changes the disk below a folder, and kills before one of them."""

    def __init__(self, folder: str, kill: int) -> None:
        self.done: list[str] = []
        self._folder = folder
        self._kill = kill
        self._flush: Callable[[int], None] = os.fsync
        vars(os)["fsync"] = self._fsync
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in CHANGES or not arguments:
            return
        if event == "open" and not int(arguments[2] or 0) & WRITES:
            return
        paths = [
            os.fsdecode(one) for one in arguments if isinstance(one, (str, bytes, os.PathLike))
        ]
        # shutil.rmtree works with open folders and bare names.
        if event in ("os.remove", "os.rmdir") or any(p.startswith(self._folder) for p in paths):
            self._step(f"{event.removeprefix('os.')} {paths[-1].removeprefix(self._folder)}")

    def _fsync(self, handle: int) -> None:
        path = str(Path(f"/proc/self/fd/{handle}").readlink())
        if path.startswith(self._folder):
            about = os.fstat(handle)
            if len(self.done) + 1 == self._kill and stat.S_ISREG(about.st_mode):
                os.truncate(path, about.st_size // 2)
            self._step(f"fsync {path.removeprefix(self._folder)}")
        self._flush(handle)

    def _step(self, what: str) -> None:
        self.done.append(what)
        if len(self.done) == self._kill:
            os.kill(os.getpid(), signal.SIGKILL)


def child(job: dict[str, Any]) -> dict[str, Any]:
    """Do one thing; the modules are loaded already."""
    from tests.trt_engines import kiosk_side  # noqa: PLC0415 - loaded before the first fork

    steps = Steps(job["data"], job["kill"])
    said = getattr(kiosk_side, job["do"])(job)
    return {**said, "steps": steps.done, "code": 0}


def main() -> None:
    from tests.trt_engines import kiosk_side  # noqa: F401, PLC0415 - for all children

    for line in sys.stdin:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            try:
                said = child(json.loads(line))
            except BaseException:  # noqa: BLE001 - told to the test
                said = {"code": 1, "error": traceback.format_exc()}
            os.write(writing, json.dumps(said).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            answer = pipe.read()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write((answer or json.dumps({"code": -os.WTERMSIG(status)})) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
