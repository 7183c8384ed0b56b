"""A machine in a folder, whose commands are played: packages, users, services."""

from __future__ import annotations

import subprocess
from pathlib import Path

from installing.box import Box

SYSTEM = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'


class PlayedBox(Box):
    """Knows what apt-get, getent, useradd and systemctl would; everything else is files.

    :param root: an empty folder, or one of an earlier box.
    :param refuse: the beginning of a command that fails.
    """

    def __init__(self, root: Path, refuse: str = "nothing") -> None:
        for name in ("usr/bin/python3.11", "usr/bin/systemctl"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        (root / "etc").mkdir(exist_ok=True)
        if not (root / "etc/os-release").exists():
            (root / "etc/os-release").write_text(SYSTEM)
        super().__init__(root)
        self.refuse = refuse
        self.packages = {"python3", "systemd"}
        self.unknown: set[str] = set()
        self.users: dict[str, set[str]] = {}
        self.groups = {"video", "audio"}
        self.units: set[str] = set()
        self.ran: list[str] = []

    def after(self) -> PlayedBox:
        """Return the same machine for another run of the installer."""
        again = PlayedBox(self.root)
        again.packages, again.users, again.groups = self.packages, self.users, self.groups
        again.units, again.unknown = self.units, self.unknown
        return again

    def ask(self, *command: str) -> subprocess.CompletedProcess[str]:
        line = " ".join(command)
        if line.startswith(self.refuse):
            return subprocess.CompletedProcess(command, 1, "", "it cannot be done")
        words = [word for word in command[1:] if not word.startswith("-")]
        code, said = self._play(command[0].rpartition("/")[2], words, command)
        return subprocess.CompletedProcess(command, code, said, "")

    def _play(self, name: str, words: list[str], command: tuple[str, ...]) -> tuple[int, str]:
        last = words[-1] if words else ""
        if name == "dpkg-query":
            if "${Package}" in " ".join(command):
                return 0, "".join(f"ii  {package}\n" for package in sorted(self.packages))
            return (0, "install ok installed") if last in self.packages else (1, "")
        if name == "apt-cache":
            return 0, f"  Candidate: {'(none)' if last in self.unknown else '1.0'}\n"
        if name == "getent":
            return self._look_up(*words)
        if name == "systemctl" and words[:1] == ["is-enabled"]:
            return 0, "enabled" if last in self.units else "disabled"
        if name == "systemctl" and not words:
            return 0, "systemd 252 (252.39)"
        self.ran.append(" ".join(command))
        self._change(name, words, last)
        return 0, ""

    def _look_up(self, table: str, name: str) -> tuple[int, str]:
        found = name in (self.groups if table == "group" else self.users)
        inside = ",".join(user for user, groups in self.users.items() if name in groups)
        return (0, f"{name}:x:1:{inside}") if found else (2, "")

    def _change(self, name: str, words: list[str], last: str) -> None:
        if name == "apt-get" and words[0] == "install":
            self.packages |= {*words[1:], "what-they-need"}
        elif name == "apt-get" and words[0] == "purge":
            self.packages -= set(words[1:])
        elif name == "groupadd":
            self.groups.add(last)
        elif name == "useradd":
            self.users[last] = set(words[words.index("/usr/sbin/nologin") + 1].split(","))
        elif name == "userdel":
            del self.users[last]
        elif name == "groupdel":
            self.groups.remove(last)
        elif name == "systemctl" and words[0] == "enable":
            self.units |= set(words[1:])
            for unit in words[1:]:
                wants = self.path(f"/etc/systemd/system/multi-user.target.wants/{unit}")
                wants.parent.mkdir(exist_ok=True)
                wants.touch()
        elif name == "systemctl" and words[0] == "disable":
            self.units -= set(words[1:])
            for unit in words[1:]:
                wants = self.path(f"/etc/systemd/system/multi-user.target.wants/{unit}")
                wants.unlink(missing_ok=True)
        elif name == "python3.11":
            python = self.path(Path(words[0]).parents[1] / ".venv/bin/python")
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()

    def everything(self) -> set[str]:
        """Return every file and link, but for those of the system."""
        found = {str(path.relative_to(self.root)) for path in self.root.rglob("*")
                 if not path.is_dir() or path.is_symlink()}  # fmt: skip
        return found - {"usr/bin/python3.11", "usr/bin/systemctl", "etc/os-release"}
