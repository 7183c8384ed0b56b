"""gpiozero on a Jetson's header, over a fake of gpiod that injects what a kernel refuses."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero import LED, RGBLED, Button, Device
from gpiozero.exc import (
    GPIOPinInUse,
    PinFixedPull,
    PinInvalidFunction,
    PinInvalidPin,
    PinInvalidPull,
    PinPWMUnsupported,
    PinSetInput,
)

from edge.errors import PinError
from edge.pins import jetson
from edge.pins.jetson import LINES, JetsonFactory
from tests.clips import ROOT
from tests.edge.cue_fakes import Direction, FakeGpiod

ORIN_NANO = b"nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234\0"


@pytest.fixture
def devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with two chips, on a machine that says it is an Orin Nano."""
    for name in ("gpiochip0", "gpiochip1", "other"):
        (tmp_path / name).touch()
    (tmp_path / "compatible").write_bytes(ORIN_NANO)
    monkeypatch.setattr(jetson, "COMPATIBLE", tmp_path / "compatible")
    return tmp_path


@pytest.fixture
def gpiod() -> FakeGpiod:
    return FakeGpiod(*LINES.values())


@pytest.fixture
def factory(gpiod: FakeGpiod, devices: Path) -> Iterator[JetsonFactory]:
    made = JetsonFactory(gpiod=gpiod, devices=devices)
    yield made
    gpiod.refuse.clear()
    made.close()


def test_a_led_is_driven_through_its_line(factory: JetsonFactory, gpiod: FakeGpiod) -> None:
    with LED("BOARD29", pin_factory=factory) as led:
        led.on()
        assert led.is_lit
        led.off()
        assert gpiod.directions == {"PQ.05": Direction.OUTPUT}
        assert gpiod.levels["PQ.05"][-3:] == [0, 1, 0]


def test_the_names_of_a_pin_are_gpiozeros_own(factory: JetsonFactory) -> None:
    assert factory.pin("BOARD29") is factory.pin("GPIO5") is factory.pin(5) is factory.pin("J8:29")


def test_lines_are_let_go_low(factory: JetsonFactory, gpiod: FakeGpiod) -> None:
    led = RGBLED("BOARD29", "BOARD31", "BOARD33", pwm=False, pin_factory=factory)
    led.value = (1, 1, 1)
    assert gpiod.held == {"PQ.05", "PQ.06", "PH.00"}
    led.close()
    factory.close()
    assert gpiod.held == set()
    assert [levels[-1] for levels in gpiod.levels.values()] == [0, 0, 0]
    with LED("BOARD29", pin_factory=factory) as again:
        again.on()
        assert gpiod.levels["PQ.05"][-1] == 1


def test_an_input_is_read(factory: JetsonFactory, gpiod: FakeGpiod) -> None:
    pin = factory.pin("BOARD7")
    assert pin.state == 0
    assert (pin.function, pin.pull) == ("input", "floating")
    assert gpiod.directions == {"PAC.06": Direction.INPUT}
    with pytest.raises(PinSetInput):
        pin.state = 1
    pin.function = "output"
    pin.state = 1
    assert (pin.state, pin.function) == (1, "output")
    pin.input_with_pull("floating")
    assert pin.function == "input"


def test_what_the_header_cannot_do_is_said_with_gpiozeros_exceptions(
    factory: JetsonFactory,
) -> None:
    pin = factory.pin("BOARD29")
    with pytest.raises(PinFixedPull):
        pin.input_with_pull("up")
    with pytest.raises(PinInvalidPull):
        pin.pull = "sideways"
    with pytest.raises(PinInvalidFunction):
        pin.function = "spi"
    with pytest.raises(PinPWMUnsupported):
        pin.frequency = 100
    with pytest.raises(PinFixedPull):
        Button("BOARD31", pin_factory=factory)
    with pytest.raises(PinInvalidPin, match="pin 3 of the header is no GPIO"):
        factory.pin("BOARD3")  # I2C
    with pytest.raises(PinInvalidPin):
        factory.pin("BOARD1")  # 3.3 V
    assert factory.ticks_diff(factory.ticks(), factory.ticks()) <= 0


def test_one_pin_is_not_lent_twice(factory: JetsonFactory) -> None:
    with LED("BOARD29", pin_factory=factory), pytest.raises(GPIOPinInUse):
        LED("GPIO5", pin_factory=factory)


@pytest.mark.parametrize(
    ("what", "code", "message"),
    [
        ("request", errno.EBUSY, r"pin 29 .*\(line PQ\.05\): another program, or the kernel"),
        ("request", errno.EACCES, "pin 29 .*: not allowed: add the kiosk's user to the group gpio"),
        ("request", errno.EIO, "pin 29 .*: Input/output error"),
        ("set", errno.ENODEV, "pin 29 .*: No such device"),
        ("open", errno.EACCES, r"gpiochip\* may not be opened: add the kiosk's user"),
        ("open", errno.ENOENT, r"no GPIO chip has a line PQ\.05"),
    ],
)
def test_what_the_kernel_refuses_is_said_in_words(
    what: str, code: int, message: str, factory: JetsonFactory, gpiod: FakeGpiod
) -> None:
    gpiod.refuse[what] = code
    with pytest.raises(PinError, match=message) as caught:
        LED("BOARD29", pin_factory=factory)
    assert isinstance(caught.value, OSError)


def test_a_line_that_another_program_holds(factory: JetsonFactory, gpiod: FakeGpiod) -> None:
    gpiod.held.add("PQ.05")
    with pytest.raises(PinError, match="another program"):
        LED("BOARD29", pin_factory=factory)
    gpiod.held.clear()
    with LED("BOARD29", pin_factory=factory) as led:
        led.on()


def test_no_chip(devices: Path, gpiod: FakeGpiod) -> None:
    for chip in devices.glob("gpiochip*"):
        chip.unlink()
    with pytest.raises(PinError, match="this machine has no GPIO"):
        JetsonFactory(gpiod=gpiod, devices=devices)


@pytest.mark.parametrize("names", [b"raspberrypi,4-model-b\0", b"nvidia,p3701\0nvidia,tegra234\0"])
def test_another_board_is_left_alone(names: bytes, devices: Path, gpiod: FakeGpiod) -> None:
    (devices / "compatible").write_bytes(names)
    with pytest.raises(PinError, match="only the header of a Jetson Orin"):
        JetsonFactory(gpiod=gpiod, devices=devices)
    other = JetsonFactory({29: "PR.00"}, gpiod=FakeGpiod("PR.00"), devices=devices)
    with LED("BOARD29", pin_factory=other) as led:
        led.on()


def test_a_machine_that_does_not_say_what_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(jetson, "COMPATIBLE", tmp_path / "none")
    assert jetson.board() == ""
    assert not jetson.is_jetson()


def test_the_real_gpiod_says_that_a_file_is_no_chip(devices: Path) -> None:
    pytest.importorskip("gpiod", reason="gpiod is not installed")
    factory = JetsonFactory(devices=devices)
    with pytest.raises(PinError, match=r"no GPIO chip has a line PQ\.05"):
        LED("BOARD29", pin_factory=factory)


def test_every_line_is_a_gpio_of_gpiozeros_header_too(factory: JetsonFactory) -> None:
    for number in LINES:
        assert factory.pin(f"BOARD{number}").info.number == number
    assert len(set(LINES.values())) == len(LINES)


def test_gpiozero_finds_it_once_it_is_installed(tmp_path: Path) -> None:
    """What ``pip install`` writes is written here; the entry point is read from pyproject.toml."""
    found = re.search(
        r"^\[project\.entry-points\.gpiozero_pin_factories\]\n(?P<line>jetson = .*)$",
        (ROOT / "pyproject.toml").read_text(),
        re.M,
    )
    assert found
    info = tmp_path / "squat_kiosk-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: squat-kiosk\nVersion: 0.1.0\n")
    line = found["line"].replace('"', "")
    (info / "entry_points.txt").write_text(f"[gpiozero_pin_factories]\n{line}\n")
    code = (
        "import gpiozero\n"
        "from edge.errors import PinError\n"
        "try:\n    gpiozero.Device.ensure_pin_factory()\n"
        "except PinError as error:\n    print(error)"
    )
    environment = {
        **os.environ, "GPIOZERO_PIN_FACTORY": "jetson", "PYTHONPATH": f"{tmp_path}:{ROOT}",
    }  # fmt: skip
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout == "only the header of a Jetson Orin Nano or Orin NX is known\n"
    assert Device.pin_factory is None or not isinstance(Device.pin_factory, JetsonFactory)
