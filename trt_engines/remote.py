"""Flashing a kiosk elsewhere: the bundle goes there over ssh, and the same command runs there."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.errors import SlotError
from trt_engines.flash import Outcome, Say, Stopped

OPTIONS: Final = (
    "-o", "BatchMode=yes",  # nobody is asked for a password: keys, or nothing
    "-o", "ConnectTimeout=10",
    "-o", "ServerAliveInterval=5",
    "-o", "ServerAliveCountMax=3",
)  # fmt: skip

INCOMING: Final = ".cache/squat-kiosk"
"""The folder, in the home there, into which a bundle is copied."""

SSH_FAILED: Final = 255
"""The exit code of ssh where it is ssh itself that has failed."""


@dataclass(frozen=True)
class Kiosk:
    """A kiosk that is reached over ssh.

        Kiosk("kiosk@squat.local", Path("/opt/squat-kiosk")).flash(file, ["--precision", "fp16"])

    :param host: as ssh takes it: a name, an address, ``user@name``, or a name of its own settings.
    :param folder: of this software there.
    :param port: of its ssh; None: as ssh's settings say.
    :param identity: the file with the private key; None: as ssh's settings say.
    :param options: more of ssh's options, each as after ``-o``.
    """

    host: str
    folder: str
    port: int | None = None
    identity: Path | None = None
    options: Sequence[str] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        # ssh would take it as an option, and some of those run programs.
        if not self.host or self.host.startswith("-"):
            raise SlotError(f"{self.host!r} is no host: name it as for ssh")

    def flash(self, file: Path, arguments: Sequence[str], say: Say) -> int:
        """Copy a bundle's single file there and flash it there; return the exit code.

        :param file: what is copied.
        :param arguments: of ``scripts/flash_engine`` there.
        :raises Stopped: ssh cannot get there, or the copy failed.
        """
        target = f'"$HOME"/{INCOMING}/{shlex.quote(file.name)}'
        copy = (
            f'mkdir -p "$HOME"/{INCOMING} && cat > {target}.part && sync {target}.part && '
            f"mv {target}.part {target}"
        )
        with file.open("rb") as content:
            code = subprocess.run(self._ssh(copy), stdin=content, check=False).returncode
        if code != 0:
            raise Stopped(
                Outcome.UNREACHABLE,
                f"the bundle could not be copied to {self.host} (see above): check that "
                f"`ssh {self.host}` works without a password, and the room on its disk",
            )
        say("copy", f"{file.name} is on {self.host}")
        quoted = " ".join(map(shlex.quote, arguments))
        command = (
            f"{shlex.quote(self.folder + '/scripts/flash_engine')} {target} {quoted}; "
            f"code=$?; rm -f {target}; exit $code"
        )
        code = subprocess.run(self._ssh(command), stdin=subprocess.DEVNULL, check=False).returncode
        if code == SSH_FAILED:
            raise Stopped(
                Outcome.UNREACHABLE,
                f"the connection to {self.host} was cut: a switch that was made is proved or "
                "undone by the kiosk itself; run the same command again to see how it stands",
            )
        if code in (126, 127):
            raise Stopped(
                Outcome.UNREACHABLE,
                f"there is no scripts/flash_engine in {self.folder} on {self.host}: name the "
                "software's folder there with --kiosk-folder",
            )
        return code

    def _ssh(self, command: str) -> list[str]:
        port = [] if self.port is None else ["-p", str(self.port)]
        key = [] if self.identity is None else ["-i", str(self.identity)]
        more = [part for option in self.options for part in ("-o", option)]
        # Ours come last: of an option that is given twice ssh takes the first.
        return ["ssh", *port, *key, *more, *OPTIONS, "--", self.host, command]
