"""What is enabled and started, and the way back to the version before."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import Final

from installing.box import CHECKOUT, PORT, UNITS, Box, InstallError
from installing.checks import State, network, network_address
from installing.release import RELEASES, point_to
from installing.services import (
    DISPLAY_MANAGER,
    active,
    enabled,
    has_gpu,
    placed,
)
from installing.steps import Step, installed

START_SECONDS: Final = 180


class Started(Step):
    """What is enabled, and runs."""

    title = "services"

    def units(self) -> list[str]:
        """Return the units that are enabled."""
        units = ["squat-kiosk.service", "squat-retention.timer", "squat-update.path"]
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
            self._start(box)
            for unit in self.engines(box):
                box.run("systemctl", "start", "--no-block", unit)
        for finding in network(network_address()):
            if finding.state is State.WRONG:
                box.note(f"{finding.text}: {finding.advice}")
        if self.options.screen and not installed(box, "chromium"):
            box.note("the screen is dark until there is a Chromium: docs/install.md")

    def _start(self, box: Box) -> None:
        """Start this version; where it does not get on, the one before."""
        try:
            self._restart(box, self.units())
        except InstallError as error:
            before = box.before
            if before is None or not box.path(RELEASES / before).is_dir():
                raise
            point_to(box, RELEASES / before)
            program = box.path(RELEASES / before)
            options = self.options
            for file in placed(box, screen=options.screen, https=options.https, program=program):
                box.write(file.target, file.text, file.mode)
            box.run("systemctl", "daemon-reload")
            # One that the version before does not know cannot run with it.
            known = [unit for unit in self.units() if (program / "systemd" / unit).is_file()]
            self._restart(box, known)
            raise InstallError(
                f"{error}\nThe version before, {before}, runs again. What the new one said: "
                "journalctl -u squat-kiosk"
            ) from error

    def _restart(self, box: Box, units: list[str]) -> None:
        says = "What it says: journalctl -u squat-kiosk"
        box.run("systemctl", "restart", *units, says=says)
        deadline = time.monotonic() + START_SECONDS
        while not answers():
            if time.monotonic() > deadline:
                raise InstallError(f"the kiosk does not answer after {START_SECONDS} s. {says}")
            time.sleep(1)

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
    "squat-update.path", "squat-update.service", "squat-screen.service", "squat-https.service",
    "squat-retention.timer", "squat-retention.service", "squat-kiosk.service",
)  # fmt: skip
"""In the order in which they are stopped."""


def answers(port: int = PORT) -> bool:
    """Tell whether the kiosk says that clips can be scored."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
