"""A kiosk that is killed again and again while phones send to it and somebody squats before it.

    .venv/bin/python -m tests.faults.killing --kills 30 --seed 2

What was promised is remembered: a score by its 202 or by the last piece's answer, bytes by the
offset that the kiosk told, a set at the kiosk by the result on the screen. After each start all of
it is asked for.
"""

from __future__ import annotations

import http.client
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import click

from tests.faults.phones import BUSY, Phone
from tests.faults.screen import Screen
from tests.faults.staged import Stage
from tests.faults.videos import short_squat
from tests.faults.watching import alive, descendants, wrong_in
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.pieces import Stream
from tests.kiosk_ui.processes import ROOT, KioskProcess, kiosk_process
from tests.kiosk_ui.servers import free_port

CUT_OFF = (OSError, http.client.HTTPException)
"""What a phone sees of a kiosk that is being killed."""

PIECE = 12_000


@dataclass
class Promise:
    """What the kiosk owes somebody.

    :param video: what is sent; None: it was filmed by the kiosk itself.
    :param offset: so many bytes are safe; None: there is a score.
    """

    video: bytes | None = None
    offset: int | None = None


@dataclass
class Killing:
    """The kiosk, its data, and what it has promised.

    :param folder: an empty one, for data and stage.
    :param seed: of the moments and of what the phones do.
    """

    folder: Path
    seed: int
    promises: dict[str, Promise] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.port = free_port()
        self.stage = Stage(self.folder)
        self.stage.limits(countdown=0.2, insist=0.1, result=20.0)
        self.data = self.folder / "data"
        self.video = short_squat(self.folder / "squat.mp4").read_bytes()

    @contextmanager
    def kiosk(self) -> Iterator[KioskProcess]:
        """Run it, on the same port each time: that one must be free again at once."""
        with kiosk_process(self.data, port=self.port, program=self.stage.program) as running:
            yield running

    def kill(self, kiosk: KioskProcess) -> None:
        """SIGKILL it, and wait until nothing of it is left."""
        family = descendants(kiosk.process.pid)
        kiosk.process.send_signal(signal.SIGKILL)
        kiosk.process.wait(20)
        self.counts["kills of the server"] += 1
        self.counts["children at a kill"] += len(family)
        until(lambda: not any(alive(child) for child in family), 30)

    def kill_a_child(self, kiosk: KioskProcess) -> bool:
        """SIGKILL one of its children; False where there is none just now."""
        family = descendants(kiosk.process.pid)
        if not family:
            return False
        victim = self.random.choice(family)
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            self.counts["kills of children"] += 1
        until(lambda: victim not in descendants(kiosk.process.pid), 30)  # it was waited for
        return True

    def send(self, phone: Phone, chance: random.Random, stop: threading.Event) -> None:
        """Send one video in one of the three ways."""
        if chance.random() < 0.4:
            answer = phone.post(self.video)
            if answer.status == 202:
                self.promises[answer.headers["location"].rsplit("/", 1)[1]] = Promise()
            else:
                assert answer.status in BUSY, answer
            return
        known = chance.random() < 0.5
        sending = Stream(self.port, len(self.video) if known else None, headers=phone.headers)
        try:
            begun = sending.begin()
            if begun.status in BUSY:
                return
            assert begun.status == 201, begun
            self.promises[sending.key] = Promise(self.video, 0)
            while sending.offset < len(self.video) and not stop.wait(chance.random() * 0.3):
                self.append(sending)
        finally:
            sending.close()

    def append(self, sending: Stream) -> None:
        """Send the next piece, and remember what is promised of it."""
        piece = self.video[sending.offset : sending.offset + PIECE]
        last = sending.offset + len(piece) == len(self.video)
        answer = sending.append(piece, last=last)
        assert answer.status == 204, answer
        promised = None if last else answer.offset
        self.promises[sending.key] = Promise(self.video, promised)

    @contextmanager
    def traffic(self, senders: int = 2) -> Iterator[None]:
        """Let phones send until the block ends."""
        stop, failures = threading.Event(), []

        def use(number: int, chance: random.Random) -> None:
            phone = Phone(self.port, number)
            while not stop.wait(chance.random()):
                try:
                    self.send(phone, chance, stop)
                except CUT_OFF:
                    continue
                except AssertionError as error:
                    failures.append(error)

        seeds = [self.random.random() for _ in range(senders)]
        threads = [
            threading.Thread(target=use, args=(number, random.Random(seed)))
            for number, seed in enumerate(seeds)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
        if failures:
            raise failures[0]

    @contextmanager
    def squatting(self, kiosk: KioskProcess) -> Iterator[None]:
        """Let somebody do sets in front of the camera until the block ends."""
        stop = threading.Event()

        def use(screen: Screen) -> None:
            while not stop.is_set():
                try:
                    self.promises[screen.record()] = Promise()
                    self.counts["sets at the kiosk"] += 1
                except (*CUT_OFF, AssertionError):
                    return  # it was killed meanwhile

        with Screen(kiosk) as screen:
            screen.change(recording_seconds=3.0)
            thread = threading.Thread(target=use, args=(screen,), daemon=True)
            thread.start()
            try:
                yield
            finally:
                stop.set()

    def collect(self) -> None:
        """Ask for everything that was promised; send what is not whole yet to its end."""
        phone = Phone(self.port, 9)
        for key, promise in list(self.promises.items()):
            if promise.offset is not None:
                sending = Stream(self.port, path=f"/api/v1/uploads/{key}", headers=phone.headers)
                there = sending.look()
                assert there.status == 200, (key, promise.offset, there)
                assert there.offset >= promise.offset, (key, promise.offset, there)
                sending.offset = there.offset
                self.counts["uploads that went on"] += 1
                # Even where all bytes are there: the length may not have been told yet.
                self.append(sending)
                while sending.offset < len(self.video):
                    self.append(sending)
                sending.close()
            assert phone.ask("GET", f"/api/v1/scores/{key}").status == 200, f"{key} is lost"
            score = phone.verdict(key)
            said = score["assessment"]["verdict"] if score["assessment"] else score["error"]
            self.counts[f"{score['source']}: {said}"] += 1
            del self.promises[key]

    def lives(self, kills: int) -> None:
        """Start it and kill it until there were so many kills."""
        while self.counts["kills of the server"] + self.counts["kills of children"] < kills:
            with self.kiosk() as kiosk:
                if self.promises and self.random.random() < 0.3:  # while it takes up its work
                    time.sleep(self.random.random() * 5)
                    self.counts["of these while it started"] += 1
                    self.kill(kiosk)
                    continue
                kiosk.wait_until_ready()
                self.collect()
                with ExitStack() as stack:
                    squats = self.random.random() < 0.3
                    if squats:
                        stack.enter_context(self.squatting(kiosk))
                    stack.enter_context(self.traffic())
                    if squats:  # a set takes four seconds, and more while all those phones send
                        time.sleep(self.random.random() * 20)
                    for _ in range(3):
                        time.sleep(self.random.random() * 1.5)
                        self.kill_a_child(kiosk)
                    self.kill(kiosk)

    def end(self) -> list[str]:
        """Let it finish and sweep; return what is not as it must be."""
        with self.kiosk() as kiosk:
            kiosk.wait_until_ready()
            self.collect()
            with suppress(AssertionError):  # what is not drawn by then is told below
                until(lambda: not any("for ever" in line for line in wrong_in(self.data)), 120)
        long_ago = time.time() - 7200
        for path in (self.data / "scores").iterdir():
            os.utime(path, (long_ago, long_ago))
        subprocess.run(
            [sys.executable, "-m", "kiosk_ui.people.retention", "--data-dir", str(self.data)],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip
        return wrong_in(self.data)


@click.command()
@click.option("--kills", default=30, show_default=True, help="How many, of server and children.")
@click.option("--seed", default=1, show_default=True, help="Of the moments.")
def main(kills: int, seed: int) -> None:
    """Kill a kiosk again and again, and say what came of it; exit code 1: something is lost.

    Stopped before its end (Ctrl-C, SIGTERM) it says what came of it so far, with exit code 1.
    """
    began, wrong = time.monotonic(), ["it was stopped before its end"]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # or the kiosk would outlive us
    with tempfile.TemporaryDirectory() as folder:
        killing = Killing(Path(folder), seed)
        try:
            killing.lives(kills)
            wrong = killing.end()
        except AssertionError as error:
            wrong = [str(error)]
        finally:
            for what, count in sorted(killing.counts.items()):
                click.echo(f"{count:6} {what}")
            click.echo(f"{time.monotonic() - began:.0f} s; wrong: {wrong or 'nothing'}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
