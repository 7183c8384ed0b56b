"""What Linux tells of the machine: how hot it is, and whether it slows itself down for that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

SYS: Final = Path("/sys")
MOST: Final = 32
"""So many zones are read at most: a board has about ten, a server may have hundreds."""

SLOWING: Final = ("processor", "cpufreq", "devfreq", "thermal-cpufreq", "thermal-devfreq")
ALERTS: Final = ("-throttle-alert", "hot-surface-alert")
"""How the kernel's cooling devices begin or end that slow something down; the others are fans."""


@dataclass(frozen=True, slots=True)
class Board:
    """One look at the machine.

    :param temperatures: degrees Celsius by zone, such as ``cpu-thermal`` or ``tj-thermal``.
    :param throttling: what is slowed down just now, by the kernel's names; None where the kernel
        does not tell.
    """

    temperatures: dict[str, float]
    throttling: tuple[str, ...] | None


def read_board(sys: Path = SYS) -> Board:
    """Return how the machine is.

        read_board().temperatures      # {"cpu-thermal": 51.3, "gpu-thermal": 49.9}

    Two zones of one name, as PCs have them, are one: the hotter.

    :param sys: where the kernel's files are.
    """
    temperatures: dict[str, float] = {}
    for zone in sorted((sys / "class/thermal").glob("thermal_zone*"))[:MOST]:
        name, text = _line(zone / "type"), _line(zone / "temp")
        try:
            celsius = int(text) / 1000
        except ValueError:
            continue  # a zone that is switched off refuses to be read
        if name and -50 < celsius < 200:
            temperatures[name] = max(celsius, temperatures.get(name, celsius))
    return Board(temperatures, _throttling(sys))


def _throttling(sys: Path) -> tuple[str, ...] | None:
    told = False
    found: list[str] = []
    for device in sorted((sys / "class/thermal").glob("cooling_device*"))[: 4 * MOST]:
        name = _line(device / "type")
        if not (name.lower().startswith(SLOWING) or name.lower().endswith(ALERTS)):
            continue
        told = True
        if _line(device / "cur_state") not in ("", "0") and name not in found:
            found.append(name)
    return tuple(found) if told else None


def _line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
