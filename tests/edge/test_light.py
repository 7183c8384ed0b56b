"""The light: patterns that differ in rhythm and colour, on gpiozero's mock pins."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from gpiozero import RGBLED, Device
from gpiozero.exc import PinSetInput
from gpiozero.pins.mock import MockFactory, MockPin, PinState

from edge.cues.event import CueEvent, Kind
from edge.cues.light import DARK, PATTERNS, Colour, Light, Pattern, open_light
from edge.pins import jetson
from tests.edge.cue_fakes import until

PINS = ("BOARD29", "BOARD31", "BOARD33")


class FailingPin(MockPin):  # type: ignore[misc]
    """A pin that raises while a test wants it to."""

    error: Exception | None = None

    def _set_state(self, value: bool) -> None:
        if FailingPin.error:
            raise FailingPin.error
        super()._set_state(value)


@pytest.fixture
def factory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    made = MockFactory(pin_class=FailingPin)
    monkeypatch.setattr(Device, "pin_factory", made)
    monkeypatch.setattr(FailingPin, "error", None)
    yield made
    FailingPin.error = None
    made.reset()


@pytest.fixture
def light(factory: MockFactory) -> Iterator[Light]:
    light = open_light(PINS)
    assert light is not None
    yield light
    light.close()


def colour(factory: MockFactory) -> Colour:
    red, green, blue = (int(factory.pin(name).state) for name in PINS)
    return red, green, blue


def rhythm(pattern: Pattern) -> tuple[tuple[bool, float], ...]:
    """Return when a pattern is lit and when dark, as somebody sees it who sees no colours."""
    return tuple((colour != DARK, seconds) for colour, seconds in pattern)


def test_every_moment_that_lasts_has_a_pattern() -> None:
    assert set(Kind) - set(PATTERNS) == {Kind.REPETITION, Kind.GUIDE}
    assert all(seconds >= 0.1 for pattern in PATTERNS.values() for _, seconds in pattern)


def test_patterns_differ_in_rhythm_for_those_who_see_no_colour() -> None:
    def described(pattern: Pattern) -> tuple[int, float, float]:
        """Return flashes in a period, its length, and the share of it that is lit."""
        seen, length = rhythm(pattern), sum(seconds for _, seconds in pattern)
        lit = [seconds for on, seconds in seen if on]
        return len(lit), length, sum(lit) / length

    for one, other in combinations(PATTERNS, 2):
        (n1, length1, lit1), (n2, length2, lit2) = map(described, (PATTERNS[one], PATTERNS[other]))
        longer = max(length1, length2) / min(length1, length2)
        assert n1 != n2 or longer >= 1.5 or abs(lit1 - lit2) >= 0.2, (one, other)


def test_the_verdicts_differ_in_colour_too() -> None:
    colours = [PATTERNS[kind][0][0] for kind in (Kind.GOOD, Kind.BAD, Kind.NOT_JUDGED)]
    assert len(set(colours)) == 3


def test_a_pattern_is_played_again_and_again(
    factory: MockFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PATTERNS, Kind.BAD, (((1, 1, 0), 0.1), (DARK, 0.05)))
    light = Light(RGBLED(*PINS, pwm=False))
    for name in PINS:
        factory.pin(name).clear_states()
    light.show(CueEvent(Kind.BAD))
    red, blue = factory.pin(PINS[0]), factory.pin(PINS[2])
    until(lambda: len(red.states) >= 8)
    light.close()
    states: list[PinState] = red.states[1:7]
    assert [bool(state.state) for state in states] == [True, False] * 3
    for state in states[1:]:
        expected = 0.05 if state.state else 0.1  # the state before it lasted
        assert expected - 0.01 <= state.timestamp < expected + 0.5
    assert not any(state.state for state in blue.states)


def test_the_newest_event_counts(light: Light, factory: MockFactory) -> None:
    light.show(CueEvent(Kind.ARMED))
    light.show(CueEvent(Kind.BEGIN))
    until(lambda: colour(factory) == (1, 0, 0))
    light.show(CueEvent(Kind.REPETITION, 1))  # has no pattern: the light stays as it is
    light.show(CueEvent(Kind.GOOD))
    until(lambda: colour(factory) == (0, 1, 0))


def test_it_goes_dark_at_the_end(factory: MockFactory) -> None:
    light = open_light(PINS)
    assert light is not None
    light.show(CueEvent(Kind.BEGIN))
    until(lambda: colour(factory) == (1, 0, 0))
    light.close()
    assert colour(factory) == DARK


def test_a_light_that_is_on_where_the_pin_is_low(factory: MockFactory) -> None:
    light = open_light(PINS, active_high=False)
    assert light is not None
    light.show(CueEvent(Kind.BEGIN))
    until(lambda: colour(factory) == (0, 1, 1))
    light.close()


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), PinSetInput("taken away")])
def test_a_pin_that_fails_is_one_line_and_is_tried_again(
    error: Exception, light: Light, factory: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    FailingPin.error = error
    for _ in range(2):
        light.show(CueEvent(Kind.BEGIN))
        until(lambda: light._pattern is None)
    assert [line for line in caplog.messages if line.startswith("no light: ")] == caplog.messages
    assert len(caplog.messages) == 1
    FailingPin.error = None
    light.show(CueEvent(Kind.GOOD))
    until(lambda: colour(factory) == (0, 1, 0))


def test_an_error_of_any_kind_ends_nothing(
    light: Light, factory: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    FailingPin.error = ZeroDivisionError()
    light.show(CueEvent(Kind.BEGIN))
    until(lambda: "no light" in caplog.text and light._pattern is None)
    FailingPin.error = None
    light.show(CueEvent(Kind.GOOD))
    until(lambda: colour(factory) == (0, 1, 0))


def test_closing_with_a_dead_pin(factory: MockFactory, caplog: pytest.LogCaptureFixture) -> None:
    light = open_light(PINS)
    assert light is not None
    FailingPin.error = OSError(5, "Input/output error")
    light.close()
    assert "Input/output error" in caplog.text


def test_pins_that_fail_from_the_start_are_one_line(
    factory: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    FailingPin.error = OSError(16, "Device or resource busy")
    assert open_light(PINS) is None
    assert open_light(("BOARD1", "BOARD31", "BOARD33")) is None  # 3.3 V
    assert open_light(("BOARD99", "BOARD31", "BOARD33")) is None
    assert len(caplog.messages) == 3
    assert all(line.startswith("no light: ") for line in caplog.messages)


def test_no_pins_no_light(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert open_light(()) is None
    assert caplog.messages == ["no light: no pins are set"]


def test_a_machine_without_pins_is_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "nothing-of-that-name")
    caplog.set_level("INFO")
    assert open_light(PINS) is None
    assert caplog.messages == [
        "no light: this machine has no GPIO pins, or none that gpiozero can drive"
    ]


def test_a_jetson_uses_its_own_pins(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    (tmp_path / "compatible").write_bytes(b"nvidia,p3737-0000+p3701-0000\0nvidia,tegra234\0")
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setattr(jetson, "COMPATIBLE", tmp_path / "compatible")
    assert jetson.is_jetson()
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")  # counts more
    light = open_light(PINS)
    assert light is not None
    light.close()
    monkeypatch.setattr(Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "jetson")  # found without being installed
    assert open_light(PINS) is None
    assert caplog.messages == [
        "no light: only the header of a Jetson Orin Nano or Orin NX is known"
    ]
