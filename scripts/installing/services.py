"""What systemd runs, and the files beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from installing.box import CHECKOUT, DATA, SETTINGS, UNITS, USER, Box
from installing.checks import GPU_NODES
from installing.release import CURRENT
from installing.steps import Step

GPIO_RULE: Final = 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"\n'
COMMAND: Final = Path("/usr/local/sbin/squat-kiosk")
"""Runs the kiosk's commands as its user."""

DISPLAY_MANAGER: Final = UNITS / "display-manager.service"
STAMP: Final = Path("/var/lib/systemd/timers/stamp-squat-retention.timer")
"""When systemd last ran the timer."""

ENGINE: Final = UNITS / "squat-engine@.service"
NEW_RESTARTS: Final = 254
"""The first systemd whose pauses before a restart grow."""


@dataclass(frozen=True)
class Placed:
    """A file of ours among the system's.

    :param target: where it goes.
    :param text: what it says.
    :param mode: its rights.
    """

    target: Path
    text: str
    mode: int = 0o644


def placed(box: Box, *, screen: bool, https: bool, program: Path = CHECKOUT) -> list[Placed]:
    """Return the files that an installation puts into the system.

    :param program: whose files they are; an older version may lack some.
    """
    units = ["squat-kiosk.service", "squat-retention.service", "squat-retention.timer"]
    units += ["squat-update.service", "squat-update.path"]
    units += ["squat-engine@.service"] if has_gpu(box) else []
    units += ["squat-https.service"] if https else []
    units += ["squat-screen.service"] if screen else []
    wanted = [(UNITS / name, name, 0o644) for name in units]
    drop_ins = []
    if box.jetson:
        drop_ins += [(u, "jetson.conf") for u in ("squat-kiosk.service", "squat-engine@.service")]
    if box.systemd_version() >= NEW_RESTARTS:
        drop_ins += [(u, "backoff.conf") for u in units if "kiosk.s" in u or "screen" in u]
    wanted += [(UNITS / f"{u}.d" / name, f"drop-ins/{name}", 0o644) for u, name in drop_ins]
    journal = Path("/etc/systemd/journald.conf.d/squat-kiosk.conf")
    wanted.append((journal, "journald/squat-kiosk.conf", 0o644))
    wanted.append((COMMAND, "squat-kiosk", 0o755))
    if screen:
        policies = Path("/etc/chromium/policies/managed/squat-kiosk.json")
        wanted.append((policies, "chromium/squat-kiosk.json", 0o644))
        wanted.append((Path("/etc/pam.d/squat-screen"), "pam/squat-screen", 0o644))
    source = program / "systemd"
    found = [
        Placed(target, (source / name).read_text(), mode)
        for target, name, mode in wanted
        if (source / name).is_file()
    ]
    return [*found, Placed(Path("/etc/udev/rules.d/60-squat-kiosk.rules"), GPIO_RULE)]


class Files(Step):
    """Units, drop-ins, and what the screen and the pins need."""

    title = "files among the system's"

    def _differing(self, box: Box) -> list[Placed]:
        return [
            file
            for file in placed(box, screen=self.options.screen, https=self.options.https)
            if not box.path(file.target).is_file() or box.path(file.target).read_text() != file.text
        ]

    def plan(self, box: Box) -> list[str]:
        """Return the files that are missing or differ."""
        return [f"write {file.target}" for file in self._differing(box)]

    def do(self, box: Box) -> None:
        """Write them."""
        for file in self._differing(box):
            box.write(file.target, file.text, file.mode)
        box.restart = True
        if box.live:
            box.run("systemctl", "daemon-reload")
            box.ask("udevadm", "control", "--reload")
            box.ask("udevadm", "trigger", "--subsystem-match=gpio")

    def leftovers(self, box: Box) -> list[str]:
        """Return those that are there."""
        return [f"remove {path}" for path in self._there(box)]

    @staticmethod
    def _there(box: Box) -> list[Path]:
        every = [file.target for file in placed(box, screen=True, https=True)]
        every += [
            STAMP,
            ENGINE,
            UNITS / "squat-engine@.service.d" / "jetson.conf",
        ]  # the GPU may be gone
        return [path for path in dict.fromkeys(every) if box.path(path).exists()]

    def undo(self, box: Box) -> None:
        """Remove them, and the folders that are empty then."""
        for path in self._there(box):
            box.remove(path)
            folder = box.path(path.parent)
            if folder.name.endswith(".service.d") and not any(folder.iterdir()):
                folder.rmdir()
        if box.live:
            box.run("systemctl", "daemon-reload")


class Certificates(Step):
    """The kiosk's own authority, and its certificate for HTTPS."""

    title = "certificates"

    def plan(self, box: Box) -> list[str]:
        """Return whether they have to be made."""
        if not self.options.https or box.path(DATA / "https" / "authority.pem").is_file():
            return []
        return ["make an authority that can speak for this kiosk alone"]

    def do(self, box: Box) -> None:
        """Make them as the kiosk's user, once there is a network whose address they can name."""
        python = str(CURRENT / ".venv/bin/python")
        as_user = ("runuser", "-u", USER, "--", "env", "-C", str(CURRENT), *kept_settings(box))
        address = box.ask(
            *as_user, python, "-c",
            "from kiosk_ui.phones.addresses import lan_address; print(lan_address() or '')",
        ).stdout.strip()  # fmt: skip
        if not address:
            box.note(
                "there is no network yet, so no certificates were made: phones send videos, and do "
                "not film in the page. Once there is one, run this again"
            )
            return
        made = box.ask(*as_user, python, "-m", "kiosk_ui.phones.https", "certificates")
        if made.returncode != 0:
            box.note(f"no certificates: {made.stderr.strip() or made.stdout.strip()}")
            return
        box.restart = True

    def leftovers(self, box: Box) -> list[str]:
        """Return nothing: they lie among the data, and go with those."""
        return []

    def undo(self, box: Box) -> None:
        """Leave them to the data."""


def kept_settings(box: Box) -> list[str]:
    """Return the settings of the installed kiosk, as ``NAME=value``."""
    try:
        lines = box.path(SETTINGS / "kiosk.env").read_text().splitlines()
    except OSError:
        lines = []
    set_there = [line.strip() for line in lines if line.strip().startswith("KIOSK_")]
    return [f"KIOSK_DATA_DIR={DATA}", *set_there]


def has_gpu(box: Box) -> bool:
    """Tell whether there is a GPU that TensorRT may know."""
    return any(box.path(f"/dev/{name}").exists() for name in GPU_NODES)


def enabled(box: Box, unit: str) -> bool:
    """Tell whether a unit starts with the machine."""
    return box.ask("systemctl", "is-enabled", unit).stdout.strip() == "enabled"


def active(box: Box, unit: str) -> bool:
    """Tell whether a unit runs."""
    return box.ask("systemctl", "is-active", unit).stdout.strip() == "active"
