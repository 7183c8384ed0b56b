"""gpiozero on the 40-pin header of a Jetson Orin Nano or Orin NX, over the kernel's GPIO chips.

Installed, it is one of gpiozero's own pin factories: ``GPIOZERO_PIN_FACTORY=jetson``. It drives
outputs and reads inputs; PWM, edges and pulls are the business of other parts of a Jetson (pulls:
of its pinmux) and raise gpiozero's own exceptions. A pin must be a GPIO in the pinmux already:
docs/wiring.md.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, Final

from gpiozero.exc import (
    PinFixedPull,
    PinInvalidFunction,
    PinInvalidPin,
    PinInvalidPull,
    PinSetInput,
)
from gpiozero.pins import PinInfo
from gpiozero.pins.pi import PiFactory, PiPin

from edge.errors import PinError

COMPATIBLE: Final = Path("/proc/device-tree/compatible")
"""The names of the board, each ended by a zero."""

DEVICES: Final = Path("/dev")

MODULE: Final = "p3767"
"""NVIDIA's number of the modules Orin Nano and Orin NX; the lines below are theirs alone."""

HEADER: Final = 0xA02082
"""A revision of gpiozero's with a 40-pin header: only the names of its pins are used."""

CONSUMER: Final = "squat-kiosk"

LINES: Final[dict[int, str]] = {
    7: "PAC.06", 11: "PR.04", 12: "PH.07", 13: "PY.00", 15: "PN.01", 16: "PY.04", 18: "PY.03",
    19: "PZ.05", 21: "PZ.04", 22: "PY.01", 23: "PZ.03", 24: "PZ.06", 26: "PZ.07", 29: "PQ.05",
    31: "PQ.06", 32: "PG.06", 33: "PH.00", 35: "PI.02", 36: "PR.05", 37: "PY.02", 38: "PI.01",
    40: "PI.00",
}  # fmt: skip
"""The kernel's names of the lines behind the pins of the header."""


class JetsonFactory(PiFactory):  # type: ignore[misc]
    """Makes pins for gpiozero's devices.

        Device.pin_factory = JetsonFactory()
        led = LED("BOARD29", pin_factory=JetsonFactory())

    :param lines: names of the kernel's lines by pin of the header; None: those of this board.
    :param gpiod: the module, or what stands for it.
    :param devices: folder of the GPIO chips.
    :raises PinError: this board's lines are not known, gpiod is missing, or there is no chip.
    """

    def __init__(
        self,
        lines: Mapping[int, str] | None = None,
        *,
        gpiod: Any = None,
        devices: Path = DEVICES,
    ) -> None:
        super().__init__()
        if lines is None and MODULE not in board():
            raise PinError("only the header of a Jetson Orin Nano or Orin NX is known")
        self.lines = LINES if lines is None else lines
        self.gpiod = _gpiod() if gpiod is None else gpiod
        self.chips = sorted(devices.glob("gpiochip*"))
        if not self.chips:
            raise PinError(f"there is no {devices}/gpiochip*: this machine has no GPIO")
        self.pin_class = JetsonPin

    def _get_revision(self) -> int:
        return HEADER

    def ticks(self) -> float:
        """Return the time in seconds."""
        return monotonic()

    def ticks_diff(self, later: float, earlier: float) -> float:
        """Return the seconds between two times."""
        return later - earlier

    def find(self, line: str) -> str:
        """Return the path of the chip that has a line.

        :raises PinError: none has, or the chips may not be opened.
        """
        refused: OSError | None = None
        for path in self.chips:
            try:
                with self.gpiod.Chip(str(path)) as chip:
                    chip.line_offset_from_id(line)
                return str(path)
            except OSError as error:
                if error.errno in (errno.EACCES, errno.EPERM):
                    refused = error
        if refused is not None:
            raise PinError(
                f"{self.chips[0].parent}/gpiochip* may not be opened: add the kiosk's user to the "
                "group gpio"
            ) from refused
        raise PinError(f"no GPIO chip has a line {line}")


class JetsonPin(PiPin):  # type: ignore[misc]
    """One pin of the header; its line is asked for at the first use, and given back at the end.

    :param factory: that makes it.
    :param info: gpiozero's description of the pin.
    :raises gpiozero.PinInvalidPin: it has no line.
    """

    def __init__(self, factory: JetsonFactory, info: PinInfo) -> None:
        super().__init__(factory, info)
        self._line = factory.lines.get(info.number, "")
        if not self._line:
            raise PinInvalidPin(f"pin {info.number} of the header is no GPIO of this board")
        self._request: Any = None
        self._output = False
        self._bounce: float | None = None

    def close(self) -> None:
        """Let the line go, low: what it does from then on is up to the board."""
        if self._request is None:
            return
        request, self._request = self._request, None
        try:
            if self._output:
                request.set_value(self._line, self._level(False))
        finally:
            self._output = False
            request.release()

    def output_with_state(self, state: bool) -> None:
        """Make it an output that begins with this state."""
        self._configure("OUTPUT", output_value=self._level(state))

    def input_with_pull(self, pull: str) -> None:
        """Make it an input; only ``floating`` is possible."""
        self._set_pull(pull)
        self._configure("INPUT")

    def _configure(self, direction: str, **more: Any) -> None:
        gpiod = self.factory.gpiod
        settings = gpiod.LineSettings(direction=gpiod.line.Direction[direction], **more)
        config = {self._line: settings}
        if self._request is not None:
            self._ask(lambda: self._request.reconfigure_lines(config))
        else:
            path = self.factory.find(self._line)
            self._request = self._ask(
                lambda: gpiod.request_lines(path, consumer=CONSUMER, config=config)
            )
        self._output = direction == "OUTPUT"

    def _ask(self, what: Callable[[], Any]) -> Any:
        """Do something with the line; :raises PinError: in words what the kernel said."""
        try:
            return what()
        except OSError as error:
            if error.errno == errno.EBUSY:
                why = "another program, or the kernel itself, uses it (gpioinfo names it)"
            elif error.errno in (errno.EACCES, errno.EPERM):
                why = "not allowed: add the kiosk's user to the group gpio"
            else:
                why = error.strerror or str(error)
            raise PinError(
                f"pin {self._info.number} of the header (line {self._line}): {why}"
            ) from error

    def _level(self, state: bool) -> Any:
        value = self.factory.gpiod.line.Value
        return value.ACTIVE if state else value.INACTIVE

    def _get_function(self) -> str:
        return "output" if self._output else "input"

    def _set_function(self, value: str) -> None:
        if value not in ("input", "output"):
            raise PinInvalidFunction(f"pin {self!r} cannot be {value!r}")
        self._configure(value.upper())

    def _get_state(self) -> int:
        if self._request is None:
            self._configure("INPUT")
        return int(self._ask(lambda: self._request.get_value(self._line)) == self._level(True))

    def _set_state(self, value: float) -> None:
        if not self._output:
            raise PinSetInput(f"cannot set the state of input pin {self!r}")
        self._ask(lambda: self._request.set_value(self._line, self._level(bool(value))))

    def _get_pull(self) -> str:
        return "floating"

    def _set_pull(self, value: str) -> None:
        if value not in ("floating", "up", "down"):
            raise PinInvalidPull(f"there is no pull {value!r}")
        if value != "floating":
            raise PinFixedPull(f"the pull of pin {self!r} is set by the board's pinmux")


def board() -> str:
    """Return the names of this board, or nothing where it says none."""
    try:
        return COMPATIBLE.read_bytes().replace(b"\0", b" ").decode("ascii", "replace")
    except OSError:
        return ""


def is_jetson() -> bool:
    """Tell whether this is a Jetson of any kind."""
    return "nvidia,tegra" in board()


def _gpiod() -> Any:
    try:
        import gpiod  # noqa: PLC0415 - only on a Jetson
    except ImportError as error:
        raise PinError("the Python package gpiod is missing") from error
    return gpiod
