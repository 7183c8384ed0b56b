"""Temperatures and throttling, as the kernel tells them."""

from __future__ import annotations

from pathlib import Path

from kiosk_ui.operation.board import read_board


def make(sys: Path, name: str, **files: str) -> None:
    folder = sys / "class" / "thermal" / name
    folder.mkdir(parents=True)
    for file, text in files.items():
        (folder / file).write_text(text + "\n")


def test_a_jetsons_zones_and_alerts(tmp_path: Path) -> None:
    """Names as NVIDIA's documents give them; a zone that is off cannot be read."""
    for number, (kind, temp) in enumerate(
        [("cpu-thermal", "51312"), ("gpu-thermal", "49900"), ("tj-thermal", "52000")]
    ):
        make(tmp_path, f"thermal_zone{number}", type=kind, temp=temp)
    make(tmp_path, "thermal_zone3", type="cv0-thermal")
    (tmp_path / "class/thermal/thermal_zone3/temp").mkdir()  # an error when it is read
    make(tmp_path, "cooling_device0", type="pwm-fan", cur_state="2")
    make(tmp_path, "cooling_device1", type="cpu-throttle-alert", cur_state="1")
    make(tmp_path, "cooling_device2", type="gpu-throttle-alert", cur_state="0")
    board = read_board(tmp_path)
    assert board.temperatures == {
        "cpu-thermal": 51.312, "gpu-thermal": 49.9, "tj-thermal": 52.0,
    }  # fmt: skip
    assert board.throttling == ("cpu-throttle-alert",)


def test_a_pcs_zones_of_one_name_are_one_and_fans_slow_nothing_down(tmp_path: Path) -> None:
    make(tmp_path, "thermal_zone0", type="acpitz", temp="27800")
    make(tmp_path, "thermal_zone1", type="acpitz", temp="29800")
    make(tmp_path, "thermal_zone2", type="broken", temp="-274000")
    make(tmp_path, "cooling_device0", type="Processor", cur_state="0")
    make(tmp_path, "cooling_device1", type="Fan", cur_state="3")
    board = read_board(tmp_path)
    assert board.temperatures == {"acpitz": 29.8}
    assert board.throttling == ()


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    board = read_board(tmp_path)
    assert board.temperatures == {} and board.throttling is None


def test_many_zones_are_not_all_read(tmp_path: Path) -> None:
    for number in range(100):
        make(tmp_path, f"thermal_zone{number}", type=f"zone-{number}", temp="1000")
    assert len(read_board(tmp_path).temperatures) == 32


def test_this_machine_can_be_read() -> None:
    read_board()
