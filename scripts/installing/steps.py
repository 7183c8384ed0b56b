"""The steps of an installation, in their order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from installing.box import (
    CACHE,
    DATA,
    PREFIX,
    SCREEN_USER,
    SETTINGS,
    USER,
    WAITING,
    Box,
    InstallError,
)

GROUPS: Final = ("video", "render", "audio", "gpio")
"""Who may use camera, GPU, sound and pins."""

BASE: Final = (
    "ca-certificates", "python3-venv",
    "alsa-utils", "espeak-ng",  # sound and voice
    "fonts-nanum", "fonts-dejavu-core",  # Korean, and signs that it lacks
)  # fmt: skip
HTTPS: Final = ("nginx-light",)
SCREEN: Final = ("cage", "xwayland", "chromium", "libpam-systemd", "dbus")
"""Debian's cage ends at once where there is no Xwayland, and only recommends it."""

JETSON: Final = ("python3-libnvinfer", "build-essential", "python3-dev")
"""TensorRT, and what pycuda is built with."""

LOCK_SECONDS: Final = 300
LOCK_PAUSE: Final = 5.0
PATIENT: Final = (f"-oDPkg::Lock::Timeout={LOCK_SECONDS}", "-oDpkg::Options::=--force-confold")
"""A fresh machine updates itself at its first start: that is waited for; and nobody is asked about
a file that was changed by hand, which stays as it is."""


@dataclass(frozen=True)
class Options:
    """What was asked for.

    :param screen: Chromium on this machine's own screen.
    :param https: HTTPS for phones.
    :param delete_data: at the end of an uninstallation, people's data as well.
    :param packages: at the end of an uninstallation, the system packages that were added as well.
    """

    screen: bool = True
    https: bool = True
    delete_data: bool = False
    packages: bool = False


@dataclass
class Step(ABC):
    """One thing that an installed kiosk has.

    ``plan`` says what is missing, in words, and nothing where all is there; ``do`` brings it;
    ``leftovers`` says what of it is there, and ``undo`` takes that away.
    """

    options: Options = field(default_factory=Options)
    title = ""

    @abstractmethod
    def plan(self, box: Box) -> list[str]:
        """Return what is to be done; empty where it is there already."""

    @abstractmethod
    def do(self, box: Box) -> None:
        """Do what the plan says."""

    @abstractmethod
    def leftovers(self, box: Box) -> list[str]:
        """Return what of it is to be taken away."""

    @abstractmethod
    def undo(self, box: Box) -> None:
        """Take that away."""


class Prefix(Step):
    """The folder of it all; and what goes last, since it says what was done: the settings."""

    title = "folder of the program"

    def plan(self, box: Box) -> list[str]:
        """Return whether it is missing."""
        return [] if box.path(PREFIX).is_dir() else [f"make {PREFIX}"]

    def do(self, box: Box) -> None:
        """Make it."""
        box.path(PREFIX).mkdir(parents=True)

    def leftovers(self, box: Box) -> list[str]:
        """Return whether they are there."""
        return [f"remove {path}" for path in self._gone(box)]

    def _gone(self, box: Box) -> list[Path]:
        folders = [PREFIX, *([SETTINGS] if self.options.delete_data else [])]
        return [path for path in folders if box.path(path).exists()]

    def undo(self, box: Box) -> None:
        """Remove them."""
        for path in self._gone(box):
            box.remove(path)


class Packages(Step):
    """Debian's packages."""

    title = "system packages"

    def wanted(self, box: Box) -> list[str]:
        """Return the packages this kiosk needs."""
        wanted = [*BASE]
        if self.options.https:
            wanted += HTTPS
        if self.options.screen:
            wanted += SCREEN
        if box.jetson:
            wanted += JETSON
        return wanted

    def plan(self, box: Box) -> list[str]:
        """Return the packages that are missing."""
        missing = [name for name in self.wanted(box) if not installed(box, name)]
        return [f"install {' '.join(missing)}"] if missing else []

    def do(self, box: Box) -> None:
        """Install them, and keep in mind which those are, with all they brought along."""
        missing = [name for name in self.wanted(box) if not installed(box, name)]
        hint = "Check the network connection and the system's package sources, then run this again."
        _apt(box, "update", "-qq", says=hint)
        unknown = [name for name in missing if not known(box, name)]
        for name in unknown:
            missing.remove(name)
            box.note(
                f"{name} is in none of this system's package sources: "
                + WITHOUT.get(name, "add one that has it, and run this again")
            )
        before = set(all_packages(box))
        if missing:
            quietly = ("-y", "-qq", "--no-install-recommends", *PATIENT)
            _apt(box, "install", *quietly, *missing, says=hint)
        box.remember("packages", *sorted(set(all_packages(box)) - before))

    def leftovers(self, box: Box) -> list[str]:
        """Return the packages that an installation added."""
        added = [name for name in box.remembered("packages") if installed(box, name)]
        if not added:
            return []
        names = " ".join(added)
        if self.options.packages:
            return [f"remove the packages it had added: {names}"]
        if self.options.delete_data:  # nothing will know them any more
            box.note(f"the packages it had added stay; to remove them: apt-get purge {names}")
        else:
            box.note(f"the {len(added)} packages it had added stay: --uninstall --packages")
        return []

    def undo(self, box: Box) -> None:
        """Remove them."""
        added = [name for name in box.remembered("packages") if installed(box, name)]
        _apt(box, "purge", "-y", "-qq", *PATIENT, *added)


WITHOUT: Final = {
    "chromium": "the screen stays dark (Ubuntu has Chromium as a snap only: docs/install.md)",
    "cage": "the screen stays dark: docs/install.md",
    "python3-libnvinfer": "TensorRT is not used until JetPack's runtime is there "
    "(apt-get install nvidia-jetpack)",
}


def installed(box: Box, name: str) -> bool:
    """Tell whether a package is installed."""
    return "install ok installed" in box.ask("dpkg-query", "-W", "-f=${Status}", name).stdout


def _apt(box: Box, *command: str, says: str = "") -> None:
    """Run apt-get, once nothing else loads packages: it waits by itself only for who installs.

    :raises InstallError: it failed, or something else still loads packages after a while.
    """
    until = monotonic() + LOCK_SECONDS
    while True:
        try:
            box.run("apt-get", *command, says=says)
            return
        except InstallError as error:
            if "Could not get lock" not in str(error) or monotonic() > until:
                raise
        sleep(LOCK_PAUSE)


def known(box: Box, name: str) -> bool:
    """Tell whether a source has a package that is one, and no stand-in for a snap."""
    answer = box.ask("apt-cache", "policy", name).stdout
    candidate = [line for line in answer.splitlines() if "Candidate:" in line]
    return bool(candidate) and "(none)" not in candidate[0] and "snap" not in candidate[0]


def all_packages(box: Box) -> list[str]:
    """Return every package that is installed."""
    lines = box.ask("dpkg-query", "-W", "-f=${db:Status-Abbrev} ${Package}\n").stdout.splitlines()
    return [line.split()[1] for line in lines if line.startswith("ii")]


class Users(Step):
    """A user for the kiosk, another one for the screen, and the groups of the devices."""

    title = "users and groups"

    def wanted(self) -> dict[str, str]:
        """Return the users, each with the groups it is in."""
        users = {USER: ",".join(GROUPS)}
        if self.options.screen:
            users[SCREEN_USER] = "video,render"
        return users

    def plan(self, box: Box) -> list[str]:
        """Return the users and groups that are missing."""
        groups = [name for name in GROUPS if not exists(box, "group", name)]
        users = [name for name in self.wanted() if not exists(box, "passwd", name)]
        strangers = [
            f"{name} to {group}"
            for name, wanted in self.wanted().items()
            for group in wanted.split(",")
            if name not in users and name not in members(box, group)
        ]
        return [
            *(f"make the group {name}" for name in groups),
            *(f"make the user {name}" for name in users),
            *(f"add {pair}" for pair in strangers),
        ]

    def do(self, box: Box) -> None:
        """Make them."""
        for name in GROUPS:
            if not exists(box, "group", name):
                box.run("groupadd", "--system", name)
                box.remember("groups", name)
        for name, groups in self.wanted().items():
            if exists(box, "passwd", name):
                box.run("usermod", "--append", "--groups", groups, name)
                continue
            box.run(
                "useradd", "--system", "--user-group", "--no-create-home", "--home-dir", str(DATA)
                if name == USER else "/nonexistent", "--shell", "/usr/sbin/nologin",
                "--groups", groups, "--comment", "squat kiosk", name,
            )  # fmt: skip

    def leftovers(self, box: Box) -> list[str]:
        """Return the users that go: not the one whose data stay."""
        keeps = not self.options.delete_data and box.path(DATA).exists()
        if keeps and exists(box, "passwd", USER):
            box.note(f"the user {USER} stays, since the data in {DATA} are its own")
        users = [name for name in (SCREEN_USER, *([] if keeps else [USER]))
                 if exists(box, "passwd", name)]  # fmt: skip
        groups = [] if keeps else box.remembered("groups")
        return [
            *(f"remove the user {name}" for name in users),
            *(f"remove the group {name}" for name in groups if exists(box, "group", name)),
        ]

    def undo(self, box: Box) -> None:
        """Remove them."""
        for line in self.leftovers(box):
            _, _, kind, name = line.split()
            box.run("userdel" if kind == "user" else "groupdel", name)


def exists(box: Box, table: str, name: str) -> bool:
    """Tell whether a user (``passwd``) or a ``group`` is there."""
    return box.ask("getent", table, name).returncode == 0


def members(box: Box, group: str) -> list[str]:
    """Return who is in a group."""
    return box.ask("getent", "group", group).stdout.strip().rpartition(":")[2].split(",")


SETTINGS_TEXT: Final = """\
# The kiosk's settings, read at its start: systemctl restart squat-kiosk
# What there is: docs/cameras.md, docs/station.md, docs/https.md, docs/people.md.

#KIOSK_CAMERA=/dev/video0
#KIOSK_NAME=squat
#KIOSK_WIFI_NAME=
#KIOSK_HISTORY=1
#KIOSK_KEEP_DAYS=30
#KIOSK_AUDIO_DEVICE=default
#KIOSK_LED_PINS=BOARD29,BOARD31,BOARD33
"""


class Folders(Step):
    """Where data and settings lie, with the rights that they need."""

    title = "folders"

    def plan(self, box: Box) -> list[str]:
        """Return what is missing."""
        plan = []
        if not box.path(DATA).is_dir():
            plan.append(f"make {DATA}, for {USER} alone")
        elif box.path(DATA).stat().st_mode & 0o077:
            plan.append(f"close {DATA} to everybody but {USER}")
        if not box.path(WAITING).is_dir():
            plan.append(f"make {WAITING}, for root alone")
        if not box.path(SETTINGS / "kiosk.env").is_file():
            plan.append(f"write {SETTINGS}/kiosk.env, where everything is commented out")
        return plan

    def do(self, box: Box) -> None:
        """Make them."""
        box.path(DATA).mkdir(parents=True, exist_ok=True)
        box.path(DATA).chmod(0o700)
        box.run("chown", f"{USER}:{USER}", str(DATA))
        box.path(WAITING).mkdir(parents=True, exist_ok=True)
        box.path(WAITING).chmod(0o700)
        if not box.path(SETTINGS / "kiosk.env").is_file():
            box.write(SETTINGS / "kiosk.env", SETTINGS_TEXT, 0o640)
            box.run("chgrp", USER, str(SETTINGS / "kiosk.env"))

    def leftovers(self, box: Box) -> list[str]:
        """Return what is to be removed: people's data only where that was asked for."""
        gone = [f"remove {path}" for path in (CACHE, WAITING) if box.path(path).exists()]
        if box.path(DATA).exists() and self.options.delete_data:
            gone.append(f"remove {DATA} with everybody's data")
        there = [str(path) for path in (DATA, SETTINGS) if box.path(path).exists()]
        if there and not self.options.delete_data:
            box.note(f"data and settings stay ({', '.join(there)}): --uninstall --delete-data")
        return gone

    def undo(self, box: Box) -> None:
        """Remove it."""
        box.remove(CACHE)
        box.remove(WAITING)
        if self.options.delete_data:
            box.remove(DATA)
