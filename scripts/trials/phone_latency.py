"""From the end of a phone's recording to its verdict: how long, on this machine, over loopback.

Between two runs the replay is waited for, so that each run has the machine for itself.

"plain" is a phone without HTTPS: the whole file is sent once the recording has ended. "stream" is
a recording whose pieces are sent while it is made, in real time; its clock starts when the recorder
gives its last piece. "beside" is the same while somebody records at the kiosk itself.
"""

from __future__ import annotations

import http.client
import os
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, sleep

import click
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from edge.frames.camera import DEMO_CLIPS  # noqa: E402
from edge.frames.video import VideoFile  # noqa: E402
from tests.edge.videos import write_as_recorder  # noqa: E402
from tests.kiosk_ui.pieces import Stream  # noqa: E402
from tests.kiosk_ui.processes import KioskProcess, kiosk_process  # noqa: E402

TIMESLICE = 0.25
"""Seconds between two pieces of a recorder."""

PIECE = 1 << 20


def wait_for_verdict(port: int, key: str) -> str:
    """Ask for the card as the page does, until it is finished; return its state."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as wire:
        return follow_card(wire, key)


def wait_for_replay(port: int, key: str) -> None:
    """Return once the replay is rendered."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=90)) as wire:
        wire.request("GET", f"/api/v1/scores/{key}/replay.mp4")
        wire.getresponse().read()


def follow_card(wire: http.client.HTTPConnection, key: str) -> str:
    """Do what the page's script does."""
    while True:
        began = monotonic()
        wire.request("GET", f"/scores/{key}/card")
        card = wire.getresponse().read().decode()
        if "data-finished" in card:
            return card.split('data-state="')[1].split('"')[0]
        if monotonic() - began < 0.5:
            sleep(1.0)


def plain(port: int, video: bytes) -> tuple[float, str]:
    """Send a whole file; return the seconds from its beginning to the verdict, and that."""
    began = monotonic()
    stream = Stream(port, length=len(video))
    stream.begin()
    for at in range(0, len(video), PIECE):
        stream.append(video[at : at + PIECE])
    state, took = wait_for_verdict(port, stream.key), monotonic() - began
    wait_for_replay(port, stream.key)
    stream.close()
    return took, state


def stream(port: int, video: bytes, seconds: float) -> tuple[float, str]:
    """Send pieces as a recorder gives them; return the seconds from the last one to the verdict."""
    sending = Stream(port)
    sending.begin()
    count = round(seconds / TIMESLICE)
    began = monotonic()
    for number in range(count):
        sleep(max(0.0, began + (number + 1) * TIMESLICE - monotonic()))
        at, end = number * len(video) // count, (number + 1) * len(video) // count
        ended = monotonic()
        sending.append(video[at:end], last=number + 1 == count)
    state, took = wait_for_verdict(port, sending.key), monotonic() - ended
    wait_for_replay(port, sending.key)
    sending.close()
    return took, state


@contextmanager
def recording_at_the_kiosk(kiosk: KioskProcess) -> Iterator[None]:
    """Press Start again and again until the block ends."""
    over = threading.Event()

    def press() -> None:
        while not over.wait(0.5):
            request = urllib.request.Request(
                f"http://localhost:{kiosk.port}/kiosk/start", b"", {"X-Kiosk": "1"}, method="POST"
            )
            kiosk.send(request)

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@click.command(help=__doc__)
@click.argument("kinds", nargs=-1, type=click.Choice(["plain", "stream", "beside"]))
@click.option("--runs", default=20, show_default=True)
@click.option("--clip", default=DEMO_CLIPS / "good.mp4", type=click.Path(path_type=Path))
def main(kinds: tuple[str, ...], runs: int, clip: Path) -> None:
    """Start a kiosk with the demo camera and measure."""
    with VideoFile(clip) as video:
        seconds = video.duration or 0.0
    with tempfile.TemporaryDirectory() as folder, kiosk_process(Path(folder) / "kiosk") as kiosk:
        recorded = write_as_recorder(clip, Path(folder) / "recorded.webm").read_bytes()
        kiosk.wait_until_ready()
        measures: dict[str, Callable[[], tuple[float, str]]] = {
            "plain": lambda: plain(kiosk.port, clip.read_bytes()),
            "stream": lambda: stream(kiosk.port, recorded, seconds),
            "beside": lambda: stream(kiosk.port, recorded, seconds),
        }
        click.echo(f"{clip.name}, {seconds:.1f} s, {runs} runs, {os.cpu_count()} cores")
        click.echo("| way | median, s | 95th percentile, s | longest, s | verdicts | load |")
        click.echo("|---|---|---|---|---|---|")
        for kind in kinds or ("plain", "stream"):
            if kind == "beside":
                with recording_at_the_kiosk(kiosk):
                    found = [measures[kind]() for _ in range(runs)]
            else:
                found = [measures[kind]() for _ in range(runs)]
            took = [one for one, _ in found]
            verdicts = ", ".join(sorted({state for _, state in found}))
            click.echo(
                f"| {kind} | {median(took):.2f} | {np.percentile(took, 95):.2f} | {max(took):.2f} "
                f"| {verdicts} | {os.getloadavg()[0]:.1f} |"
            )


if __name__ == "__main__":
    main()
