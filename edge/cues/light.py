"""Light: each event has a pattern of its own, told by its rhythm as well as by its colour."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from typing import Final

from gpiozero import RGBLED, Device
from gpiozero.exc import BadPinFactory, GPIOZeroError, GPIOZeroWarning

from edge.cues.event import CueEvent, CueOutput, Kind
from edge.pins.jetson import JetsonFactory, is_jetson

log = logging.getLogger(__name__)

Colour = tuple[int, int, int]
"""Red, green and blue, 0 or 1: most headers have pins that cannot be dimmed."""

Pattern = tuple[tuple[Colour, float], ...]
"""Colours, and for how many seconds each; from the beginning again after the last."""

DARK: Final = (0, 0, 0)
RED: Final = (1, 0, 0)
GREEN: Final = (0, 1, 0)
BLUE: Final = (0, 0, 1)
YELLOW: Final = (1, 1, 0)
WHITE: Final = (1, 1, 1)

PATTERNS: Final[dict[Kind, Pattern]] = {
    # A short flash every other second: the kiosk is awake.
    Kind.ARMED: ((BLUE, 0.2), (DARK, 1.8)),
    # Half on, half off, once for each second of the countdown.
    Kind.TICK: ((WHITE, 0.5), (DARK, 0.5)),
    # Steady: the camera records.
    Kind.BEGIN: ((RED, 1.0),),
    # Quick and regular: the kiosk is at work.
    Kind.END: ((BLUE, 0.15), (DARK, 0.15)),
    # Long and calm, with short gaps.
    Kind.GOOD: ((GREEN, 1.4), (DARK, 0.2)),
    # Twice short, then a pause.
    Kind.BAD: ((YELLOW, 0.2), (DARK, 0.2), (YELLOW, 0.2), (DARK, 0.9)),
    # Short and long, then a pause.
    Kind.NOT_JUDGED: ((WHITE, 0.2), (DARK, 0.2), (WHITE, 0.8), (DARK, 0.9)),
    # Three times short, then a pause.
    Kind.FAULT: ((RED, 0.1), (DARK, 0.1), (RED, 0.1), (DARK, 0.1), (RED, 0.1), (DARK, 0.7)),
}


class Light(CueOutput):
    """Plays patterns on a light of three colours, in a thread of its own.

        light = Light(RGBLED("BOARD29", "BOARD31", "BOARD33", pwm=False))
        light.show(CueEvent(Kind.ARMED))

    A pin that fails is logged once, and tried again at the next event.

    :param led: is switched off and closed with the light.
    """

    def __init__(self, led: RGBLED) -> None:
        self._led = led
        self._condition = threading.Condition()
        self._pattern: Pattern | None = None
        self._version = 0  # of the pattern: the same one again begins anew
        self._closing = False
        self._complaint: str | None = None
        self._thread = threading.Thread(target=self._run, name="light", daemon=True)
        self._thread.start()

    def show(self, event: CueEvent) -> None:
        """Begin the pattern of an event; one without a pattern changes nothing."""
        pattern = PATTERNS.get(event.kind)
        if pattern is None:
            return
        with self._condition:
            self._pattern = pattern
            self._version += 1
            self._condition.notify()

    def close(self) -> None:
        """Go dark and let the pins go."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join(timeout=2.0)
        try:
            self._led.off()
            self._led.close()
        except (GPIOZeroError, OSError) as error:
            log.warning("no light: %s", error)

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._pattern is not None or self._closing)
                if self._closing:
                    return
                pattern, version = self._pattern, self._version
            try:
                self._play(pattern or (), version)
            except (GPIOZeroError, OSError) as error:
                self._complain(str(error))
            except Exception:  # a driver may fail in any way; the kiosk goes on in the dark
                log.exception("no light")
            with self._condition:
                if self._version == version:  # it failed: wait for the next event
                    self._pattern = None

    def _play(self, pattern: Pattern, version: int) -> None:
        """Repeat a pattern until there is another."""
        while True:
            for colour, seconds in pattern:
                self._led.value = colour
                self._complaint = None
                with self._condition:
                    if self._condition.wait_for(
                        lambda: self._version != version or self._closing, seconds
                    ):
                        return

    def _complain(self, message: str) -> None:
        if self._complaint != message:
            self._complaint = message
            log.warning("no light: %s", message)


def open_light(pins: tuple[str, ...], *, active_high: bool = True) -> Light | None:
    """Open the light, or log why there is none and return None.

        light = open_light(("BOARD29", "BOARD31", "BOARD33"))

    On a Jetson :class:`~edge.pins.jetson.JetsonFactory` drives the pins; elsewhere gpiozero looks
    for a way itself. Its variable ``GPIOZERO_PIN_FACTORY`` counts more than both.

    :param pins: of the red, green and blue light, in any of gpiozero's ways; none: no light.
    :param active_high: whether the light is on where its pin is high.
    """
    if not pins:
        log.info("no light: no pins are set")
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GPIOZeroWarning)  # what it tried before it found a way
            chosen = os.environ.get("GPIOZERO_PIN_FACTORY", "jetson")
            if Device.pin_factory is None and chosen == "jetson" and is_jetson():
                Device.pin_factory = JetsonFactory()
            led = RGBLED(*pins, active_high=active_high, pwm=False)
    except BadPinFactory:
        log.info("no light: this machine has no GPIO pins, or none that gpiozero can drive")
        return None
    except (GPIOZeroError, OSError) as error:
        log.warning("no light: %s", error)
        return None
    log.info("light: pins %s", ", ".join(pins))
    return Light(led)
