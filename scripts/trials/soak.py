"""Many sessions one after another in one kiosk: what it takes from its machine, and what grows.

    python scripts/trials/soak.py --sessions 1000 --csv soak.csv

Of eight sessions one is a set at the kiosk itself, before the demo clip, with a countdown and a
gate that are shorter than usual so that a set takes four seconds; seven are phones that send a
short squat, as a form, in pieces, or as a recording whose length is not known. Each phone reads its
page, card, drawing and clip and downloads the replay. Some keep the result in a history, which is
deleted later on; all others delete it while the next ones come. At the end a straight line is put
through the last half of what was measured: what only fills once has done so by then, and what
leaks grows on.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import click
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.faults.phones import Phone  # noqa: E402
from tests.faults.screen import Screen  # noqa: E402
from tests.faults.staged import Stage  # noqa: E402
from tests.faults.videos import short_squat  # noqa: E402
from tests.faults.watching import Use, use_of  # noqa: E402
from tests.kiosk_ui.processes import KioskProcess, kiosk_process  # noqa: E402

PHONES = 7
"""Sessions of phones for each set at the kiosk."""

KEPT = 20
"""So many results are there at once."""

WARM_UP = 0.5
"""Share of the sessions in which pools and caches fill."""


class Soak:
    """A kiosk that is used all day.

    :param kiosk: the running kiosk.
    :param screen: its screen.
    :param folder: its data.
    :param seed: of what the phones do.
    """

    def __init__(self, kiosk: KioskProcess, screen: Screen, folder: Path, seed: int) -> None:
        self.kiosk = kiosk
        self.screen = screen
        self.folder = folder
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.counts: Counter[str] = Counter()
        self.videos = [
            short_squat(folder / f"{name}.mp4", clip=name).read_bytes() for name in ("good", "bad")
        ]
        self.results: deque[str] = deque()
        self.keepers: deque[Phone] = deque()
        self.number = 0

    def set_at_the_kiosk(self) -> None:
        """Press Start, squat, and see the result."""
        key = self.screen.record()
        self._read(Phone(self.kiosk.port, 1), key)
        self.counts[f"kiosk: {self.kiosk.get(f'/api/v1/scores/{key}')[1]['status']}"] += 1
        self.results.append(key)

    def phone(self, number: int) -> None:
        """Send a squat from a phone, look at the result, and keep it or not."""
        phone = Phone(self.kiosk.port, number)
        video = self.random.choice(self.videos)
        way = number % 3
        key = phone.stream(video, 1 << 14, known=way == 1) if way else phone.insist(video)
        score = phone.verdict(key)
        verdict = (score["assessment"] or {}).get("verdict", score["error"])
        self.counts[f"{('form', 'pieces', 'recording')[way]}: {verdict}"] += 1
        self._read(phone, key)
        if number % 10 == 0 and phone.ask("POST", f"/me/keep/{key}").status == 303:
            self.keepers.append(phone)
            self.counts["kept"] += 1
        else:
            self.results.append(key)

    def sessions(self, pool: ThreadPoolExecutor) -> int:
        """Have eight sessions, and delete what is older; return how many there were."""
        self.set_at_the_kiosk()
        numbers = range(self.number, self.number + PHONES)
        self.number += PHONES
        for _ in pool.map(self.phone, numbers):
            pass
        while len(self.results) > KEPT:
            self._expect(Phone(self.kiosk.port), "POST", f"/scores/{self.results.popleft()}/delete")
        while len(self.keepers) > 3:
            self._expect(self.keepers.popleft(), "POST", "/me/delete")
        return 1 + PHONES

    def _read(self, phone: Phone, key: str) -> None:
        for part in ("", "/card"):
            self._expect(phone, "GET", f"/scores/{key}{part}", 200)
        for part in ("/clip.mp4", "/motion", "/replay.mp4"):
            self._expect(phone, "GET", f"/api/v1/scores/{key}{part}", 200)
        self._expect(phone, "GET", f"/api/v1/scores/{key}/replay.mp4", 206, Range="bytes=0-999")

    def _expect(
        self, phone: Phone, method: str, path: str, status: int = 303, **headers: str
    ) -> None:
        found = phone.ask(method, path, b"", **headers).status
        if found != status:
            self.counts[f"{method} {path.rsplit('/', 1)[1][:10]} {found}"] += 1


@dataclass(frozen=True)
class Growth:
    """What one measurement did after the warm-up.

    :param name: what was measured.
    :param first: its first value after the warm-up.
    :param last: its last value.
    :param slope: its growth in 1000 sessions, of a straight line.
    :param error: the standard error of that: a slope of less than two of them is none.
    """

    name: str
    first: float
    last: float
    slope: float
    error: float


def growths(rows: list[list[float]], names: list[str]) -> list[Growth]:
    """Return of each measurement what it did after the warm-up."""
    table = np.array(rows)
    table = table[table[:, 0] >= WARM_UP * table[-1, 0]]
    sessions = (table[:, 0] - table[:, 0].mean()) / 1000
    spread = (sessions**2).sum() or np.nan
    found = []
    for name, values in zip(names, table.T[2:], strict=True):
        slope = (sessions * values).sum() / spread
        off = values - values.mean() - slope * sessions
        error = np.sqrt((off**2).sum() / max(len(off) - 2, 1) / spread)
        found.append(Growth(name, values[0], values[-1], float(slope), float(error)))
    return found


@click.command()
@click.option("--sessions", default=1000, show_default=True, help="How many.")
@click.option("--every", default=40, show_default=True, help="Measure after so many.")
@click.option("--seed", default=1, show_default=True, help="Of what the phones do.")
@click.option("--csv", "table", type=click.Path(path_type=Path), help="Keep the measurements.")
def main(sessions: int, every: int, seed: int, table: Path | None) -> None:
    """Use one kiosk all day, and say what grew."""
    rows: list[list[float]] = []
    with tempfile.TemporaryDirectory() as made:
        data, stage = Path(made) / "data", Stage(Path(made))
        stage.limits(countdown=0.2, insist=0.1, result=20.0)
        environment = {"KIOSK_HISTORY": "1"}
        with (
            kiosk_process(data, environment=environment, program=stage.program) as kiosk,
            Screen(kiosk) as screen,
            ThreadPoolExecutor(3) as pool,
        ):
            kiosk.wait_until_ready()
            if screen.change(recording_seconds=3.0) != 200:
                raise click.ClickException("the settings were not taken")
            soak, began, done = Soak(kiosk, screen, Path(made), seed), monotonic(), 0
            with suppress(KeyboardInterrupt):  # what was measured by then is told all the same
                while done < sessions:
                    done += soak.sessions(pool)
                    if done % every == 0 or done >= sessions:
                        use = use_of(kiosk.process.pid, data)
                        rows.append([done, round(monotonic() - began, 1), *use.values()])
                        click.echo(" ".join(f"{value:g}" for value in rows[-1]))
                        if table:
                            write(table, rows)
        errors = [line for line in kiosk.log if "ERROR" in line or "Traceback" in line]
    if rows:
        report(rows, soak.counts, errors)
    sys.exit(1 if errors else 0)


def write(path: Path, rows: list[list[float]]) -> None:
    """Keep what was measured."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sessions", "seconds", *Use.names()])
        writer.writerows(rows)


def report(rows: list[list[float]], counts: Counter[str], errors: list[str]) -> None:
    """Say what grew."""
    click.echo(f"{rows[-1][0]:.0f} sessions in {rows[-1][1]:.0f} s")
    for what, count in sorted(counts.items()):
        click.echo(f"  {count:6} {what}")
    click.echo(f"{'':14} {'half way':>10} {'at the end':>10}   per 1000 sessions, of that half")
    for one in growths(rows, Use.names()):
        ends = f"{one.first:10.1f} {one.last:10.1f}"
        click.echo(f"{one.name:14} {ends}   {one.slope:+.1f} +- {one.error:.1f}")
    for line in errors[:20]:
        click.echo(f"ERROR: {line}")


if __name__ == "__main__":
    main()
