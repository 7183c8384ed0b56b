"""The machine that becomes a kiosk, as the steps see it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

PREFIX: Final = Path("/opt/squat-kiosk")
DATA: Final = Path("/var/lib/squat-kiosk")
SETTINGS: Final = Path("/etc/squat-kiosk")
CACHE: Final = Path("/var/cache/squat-kiosk")
WAITING: Final = Path("/var/lib/squat-update")
"""Where root puts a signed version that is to be installed."""

UNITS: Final = Path("/etc/systemd/system")
RECORD: Final = SETTINGS / "installed.json"
"""What was done to the system, so that it can be undone; it stays as long as the settings do."""

USER, SCREEN_USER = "squat-kiosk", "squat-screen"
PORT: Final = 8080
PYTHONS: Final = ((3, 11), (3, 12), (3, 10))
"""The Pythons the kiosk supports, the preferred one first."""

CHECKOUT: Final = Path(__file__).resolve().parents[2]


class InstallError(RuntimeError):
    """A step failed; the message says what to do."""


class Box:
    """A machine: its files, its commands, and what was done to it.

        box = Box()
        box.path("/etc/os-release").read_text()
        box.run("systemctl", "daemon-reload")

    :param root: where the machine's files lie; ``/`` is this one, anything else is an unpacked
        system, in which commands run by chroot.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root
        self.left: list[str] = []
        """What is left for a person to do."""
        self.restart = False
        """Whether what runs is no longer what is installed."""
        self.before: str | None = None
        """The release that ran until now, where this run made another one current."""
        self.record: dict[str, Any] = {}
        if self.path(RECORD).is_file():
            self.record = json.loads(self.path(RECORD).read_text())

    def note(self, text: str) -> None:
        """Keep in mind what is left for a person to do."""
        if text not in self.left:
            self.left.append(text)

    def path(self, path: Path | str) -> Path:
        """Return where a file of the machine lies."""
        return self.root / str(path).lstrip("/")

    def remember(self, name: str, *values: str) -> None:
        """Add to the record what has been done, at once: the next step may fail."""
        known = self.record.setdefault(name, [])
        known.extend(value for value in values if value not in known)
        self.write(RECORD, json.dumps(self.record, indent=1) + "\n")

    def remembered(self, name: str) -> list[str]:
        """Return what an earlier run did."""
        return list(self.record.get(name, []))

    def ask(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command that only looks; a missing one answers 127."""
        try:
            return subprocess.run(
                self._command(command), capture_output=True, text=True, check=False,
                stdin=subprocess.DEVNULL, env=self._environment(),
            )  # fmt: skip
        except FileNotFoundError:
            return subprocess.CompletedProcess(command, 127, "", f"{command[0]} is missing")

    def run(self, *command: str, says: str = "") -> str:
        """Run a command that changes something.

        :param says: what to do where it fails.
        :raises InstallError: it failed; with its last words.
        """
        done = self.ask(*command)
        if done.returncode != 0:
            words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise InstallError(f"{' '.join(command)} failed:\n{words}\n{says}".rstrip())
        return done.stdout

    def _command(self, command: Sequence[str]) -> list[str]:
        return list(command) if self.root == Path("/") else ["chroot", str(self.root), *command]

    @staticmethod
    def _environment() -> dict[str, str]:
        # A version manager's Python, or a setting of whoever runs sudo, must not end up in it.
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "KIOSK_"))}
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {
            **kept,
            "PATH": path,
            "LC_ALL": "C.UTF-8",
            "LANGUAGE": "",
            "DEBIAN_FRONTEND": "noninteractive",
        }

    def write(self, path: Path, text: str, mode: int = 0o644) -> None:
        """Write a file so that a power cut leaves the old or the new one."""
        target = self.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".partial")
        partial.write_text(text)
        partial.chmod(mode)
        with partial.open() as file:
            os.fsync(file.fileno())
        partial.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file or folder, if it is there."""
        target = self.path(path)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    def os_release(self) -> dict[str, str]:
        """Return what the system says it is."""
        try:
            lines = self.path("/etc/os-release").read_text().splitlines()
        except OSError:
            return {}
        pairs = (line.partition("=") for line in lines if "=" in line)
        return {name: value.strip().strip('"') for name, _, value in pairs}

    @property
    def like_debian(self) -> bool:
        """Whether this is Debian or made from it (Ubuntu, JetPack)."""
        release = self.os_release()
        return "debian" in (release.get("ID", "") + " " + release.get("ID_LIKE", "")).split()

    @property
    def ubuntu(self) -> bool:
        """Whether this is Ubuntu, which has Chromium as a snap only."""
        return self.os_release().get("ID") == "ubuntu"

    @property
    def jetson(self) -> bool:
        """Whether this is a Jetson."""
        return self.path("/etc/nv_tegra_release").exists()

    @property
    def machine(self) -> str:
        """The processor's kind."""
        return platform.machine()

    @property
    def live(self) -> bool:
        """Whether systemd runs there, so that units can be started."""
        return self.root == Path("/") and Path("/run/systemd/system").is_dir()

    def systemd_version(self) -> int:
        """Return systemd's version; 0 where there is none."""
        words = self.ask("systemctl", "--version").stdout.split()
        digits = words[1].split(".")[0] if len(words) > 1 else ""
        return int(digits) if digits.isdigit() else 0

    def python(self) -> str | None:
        """Return the system's own interpreter that the kiosk can run with."""
        names = [*(f"/usr/bin/python{major}.{minor}" for major, minor in PYTHONS)]
        found = (name for name in names if self.path(name).exists())
        return next(found, None)

    def free_bytes(self, path: Path) -> int:
        """Return the room on the disk where a folder is, or will be."""
        target = self.path(path)
        while not target.exists():
            target = target.parent
        return shutil.disk_usage(target).free
