"""What systemd runs, and the files beside it."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from installing.box import CHECKOUT, DATA, PORT, SETTINGS, UNITS, USER, Box, InstallError
from installing.checks import GPU_NODES, State, network, network_address
from installing.release import CURRENT
from installing.steps import Step, installed

GPIO_RULE: Final = 'SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"\n'
COMMAND: Final = Path("/usr/local/sbin/squat-kiosk")
"""Runs the kiosk's commands as its user."""

DISPLAY_MANAGER: Final = UNITS / "display-manager.service"
ENGINE: Final = UNITS / "squat-engine@.service"
START_SECONDS: Final = 180
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


def placed(box: Box, *, screen: bool, https: bool) -> list[Placed]:
    """Return the files that an installation puts into the system."""
    source = CHECKOUT / "systemd"
    units = ["squat-kiosk.service", "squat-retention.service", "squat-retention.timer"]
    units += ["squat-engine@.service"] if has_gpu(box) else []
    units += ["squat-https.service"] if https else []
    units += ["squat-screen.service"] if screen else []
    found = [Placed(UNITS / name, (source / name).read_text()) for name in units]
    drop_ins = []
    if box.jetson:
        drop_ins += [(u, "jetson.conf") for u in ("squat-kiosk.service", "squat-engine@.service")]
    if box.systemd_version() >= NEW_RESTARTS:
        drop_ins += [(u, "backoff.conf") for u in units if "kiosk.s" in u or "screen" in u]
    for unit, name in drop_ins:
        text = (source / "drop-ins" / name).read_text()
        found.append(Placed(UNITS / f"{unit}.d" / name, text))
    found.append(Placed(Path("/etc/udev/rules.d/60-squat-kiosk.rules"), GPIO_RULE))
    found.append(Placed(COMMAND, (source / "squat-kiosk").read_text(), 0o755))
    if screen:
        policies = Path("/etc/chromium/policies/managed/squat-kiosk.json")
        found.append(Placed(policies, (source / "chromium" / "squat-kiosk.json").read_text()))
        session = (source / "pam" / "squat-screen").read_text()
        found.append(Placed(Path("/etc/pam.d/squat-screen"), session))
    return found


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
        every += [ENGINE, UNITS / "squat-engine@.service.d" / "jetson.conf"]  # the GPU may be gone
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


def kept_settings(box: Box) -> list[str]:
    """Return the settings of the installed kiosk, as ``NAME=value``."""
    try:
        lines = box.path(SETTINGS / "kiosk.env").read_text().splitlines()
    except OSError:
        lines = []
    set_there = [line.strip() for line in lines if line.strip().startswith("KIOSK_")]
    return [f"KIOSK_DATA_DIR={DATA}", *set_there]


class Started(Step):
    """What is enabled, and runs."""

    title = "services"

    def units(self) -> list[str]:
        """Return the units that are enabled."""
        units = ["squat-kiosk.service", "squat-retention.timer"]
        units += ["squat-https.service"] if self.options.https else []
        return units + (["squat-screen.service"] if self.options.screen else [])

    @staticmethod
    def engines(box: Box) -> list[str]:
        """Return the units that build engines; they are enabled, and start with the machine."""
        names = sorted(path.name for path in (CHECKOUT / "trt_engines" / "bundles").iterdir())
        return [f"squat-engine@{name}.service" for name in names] if has_gpu(box) else []

    def plan(self, box: Box) -> list[str]:
        """Return what is not enabled, or does not run."""
        every = [*self.units(), *self.engines(box)]
        off = [unit for unit in every if not enabled(box, unit)]
        plan = [f"enable {unit}" for unit in off]
        if "nginx-light" in box.remembered("packages") and enabled(box, "nginx.service"):
            plan.append("switch nginx's own welcome page off")
        if self.options.screen and self._desktop(box):
            plan.append(f"switch the desktop off ({self._desktop(box)}): the kiosk has the screen")
        if box.live and (box.restart or not active(box, "squat-kiosk.service")):
            plan.append("start the kiosk and wait until clips can be scored")
        return plan

    @staticmethod
    def _desktop(box: Box) -> str | None:
        link = box.path(DISPLAY_MANAGER)
        return str(link.readlink()) if link.is_symlink() else None

    def do(self, box: Box) -> None:
        """Enable and start it."""
        if "nginx-light" in box.remembered("packages") and enabled(box, "nginx.service"):
            box.run("systemctl", "disable", "nginx.service")
            if box.live:
                box.run("systemctl", "stop", "nginx.service")
        desktop = self._desktop(box)
        if self.options.screen and desktop:
            box.remember("desktop", desktop)
            if box.live:
                box.run("systemctl", "stop", "display-manager.service")
            box.remove(DISPLAY_MANAGER)
        box.run("systemctl", "enable", *self.units(), *self.engines(box))
        if not box.live:
            box.note("systemd does not run here: the kiosk starts with the next boot")
            return
        if box.restart or not active(box, "squat-kiosk.service"):
            box.run("systemctl", "restart", *self.units())
            self._wait(box)
            for unit in self.engines(box):
                box.run("systemctl", "start", "--no-block", unit)
        for finding in network(network_address()):
            if finding.state is State.WRONG:
                box.note(f"{finding.text}: {finding.advice}")
        if self.options.screen and not installed(box, "chromium"):
            box.note("the screen is dark until there is a Chromium: docs/install.md")

    @staticmethod
    def _wait(box: Box) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if answers():
                return
            time.sleep(1)
        raise InstallError(
            f"the kiosk does not answer after {START_SECONDS} s: journalctl -u squat-kiosk"
        )

    def leftovers(self, box: Box) -> list[str]:
        """Return what is enabled, and the desktop that was switched off."""
        there = [f"stop {unit}" for unit in self._all(box)]
        return [*there, *(f"switch the desktop on ({d})" for d in box.remembered("desktop"))]

    @staticmethod
    def _all(box: Box) -> list[str]:
        there = [unit for unit in ALL_UNITS if box.path(UNITS / unit).exists()]
        wants = box.path(UNITS / "multi-user.target.wants").glob("squat-engine@*.service")
        return [*there, *sorted(path.name for path in wants)]

    def undo(self, box: Box) -> None:
        """Stop and disable it, and give the desktop back."""
        units = self._all(box)
        if units:
            box.run("systemctl", "disable", *units)
            if box.live:
                box.run("systemctl", "stop", *units)
        for desktop in box.remembered("desktop"):
            if not box.path(DISPLAY_MANAGER).exists():
                box.path(DISPLAY_MANAGER).symlink_to(desktop)


ALL_UNITS: Final = (
    "squat-screen.service", "squat-https.service", "squat-retention.timer",
    "squat-retention.service", "squat-kiosk.service",
)  # fmt: skip
"""In the order in which they are stopped."""


def has_gpu(box: Box) -> bool:
    """Tell whether there is a GPU that TensorRT may know."""
    return any(box.path(f"/dev/{name}").exists() for name in GPU_NODES)


def enabled(box: Box, unit: str) -> bool:
    """Tell whether a unit starts with the machine."""
    return box.ask("systemctl", "is-enabled", unit).stdout.strip() == "enabled"


def active(box: Box, unit: str) -> bool:
    """Tell whether a unit runs."""
    return box.ask("systemctl", "is-active", unit).stdout.strip() == "active"


def answers(port: int = PORT) -> bool:
    """Tell whether the kiosk says that clips can be scored."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
