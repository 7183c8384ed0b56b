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

INSTALLED: Final = "/usr/local/sbin/squat-kiosk"
"""What runs a command of an installed kiosk as its user, on its data: ``scripts/install``."""

CHECKOUT: Final = "squat-kiosk"
"""The folder, in the home there, of a kiosk that was not installed."""

ASKED: Final = 125
"""Our own exit code there: sudo wants a password."""

SSH_FAILED: Final = 255
"""The exit code of ssh where it is ssh itself that has failed."""


@dataclass(frozen=True)
class Kiosk:
    """A kiosk that is reached over ssh.

        Kiosk("kiosk@squat.local").flash(Path("squat-0.4.0.bundle"), ["--precision", "fp16"])

    :param host: as ssh takes it: a name, an address, ``user@name``, or a name of its own settings.
    :param folder: of this software there; None: the installed kiosk, or else a checkout in the
        home there.
    :param port: of its ssh; None: as ssh's settings say.
    :param identity: the file with the private key; None: as ssh's settings say.
    :param options: more of ssh's options, each as after ``-o``.
    """

    host: str
    folder: str | None = None
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
        command = f"{self._command(target, arguments)}; code=$?; rm -f {target}; exit $code"
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
                f"there is no scripts/flash_engine in {self.folder or CHECKOUT} on {self.host}: "
                "name the software's folder there with --kiosk-folder",
            )
        if code == ASKED:
            raise Stopped(
                Outcome.UNREACHABLE,
                f"sudo on {self.host} asks whoever signs in there for a password: see "
                "docs/flashing.md for the line that lets them flash, or sign in as root",
            )
        return code

    def _command(self, target: str, arguments: Sequence[str]) -> str:
        """Return what flashes the file there, whose name the shell there has to read."""
        quoted = " ".join(map(shlex.quote, arguments))
        folder = shlex.quote(f"{self.folder or CHECKOUT}/scripts/flash_engine")
        checkout = f"{folder} {target} {quoted}"
        if self.folder is not None:
            return checkout
        # The kiosk's own user reads nobody's home: it is handed the open file.
        flash = f"{INSTALLED} flash_engine - {quoted}"
        return (
            f"if [ ! -x {INSTALLED} ]; then {checkout}; "
            f'elif [ "$(id -u)" = 0 ]; then {flash} < {target}; '
            f"elif sudo -n -l {flash} > /dev/null; then sudo -n {flash} < {target}; "
            f"else (exit {ASKED}); fi"
        )

    def _ssh(self, command: str) -> list[str]:
        port = [] if self.port is None else ["-p", str(self.port)]
        key = [] if self.identity is None else ["-i", str(self.identity)]
        more = [part for option in self.options for part in ("-o", option)]
        # Ours come last: of an option that is given twice ssh takes the first.
        return ["ssh", *port, *key, *more, *OPTIONS, "--", self.host, command]
