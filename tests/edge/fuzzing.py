"""Damaged videos against the real decoder's child: what comes of each, counted.

    .venv/bin/python -m tests.edge.fuzzing --files 4000 --first 0 --seconds 560

Each file is known by its number: ``--first 1234 --files 1`` tries one again, and ``--keep`` writes
those that ended badly into a folder.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, process_time

import click
import cv2
import numpy as np

from edge.errors import SourceError
from edge.frames.child import GIVEN_UP
from edge.frames.sandbox import SandboxedVideo
from edge.frames.stills import MOST_BYTES, SandboxedStills
from tests.edge.mutations import Corpus, make_corpus, mutation

PATIENCE = 10.0
"""Seconds of processor time for files of half a second."""

PIECE = 700
"""Bytes of a piece, where a file is sent as a recording is."""


@dataclass
class Counts:
    """What came of many files.

    ``ends`` counts frames, errors in words, timeouts and crashes of the child; ``bad`` holds the
    numbers of the files that ended in the last two. ``slowest`` holds the seconds of a file and
    which it was.
    """

    ends: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    bad: dict[int, str] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, -1)


def pieces_of(data: bytes) -> Iterator[bytes]:
    """Give a file as a phone sends it while it films."""
    for at in range(0, len(data), PIECE):
        yield data[at : at + PIECE]


def try_one(corpus: Corpus, number: int, folder: Path) -> tuple[str, str, str]:
    """Decode one damaged file; every fourth arrives in pieces.

    :returns: how it was damaged, how it ended (frames, error, timeout, crash), and the words.
    """
    kind, _name, data = mutation(corpus, number)
    path = folder / f"fuzz-{number}.bin"
    path.write_bytes(data)
    video = None
    last = -1.0
    try:
        source = pieces_of(data) if number % 4 == 3 else path
        with SandboxedVideo(source, patience=PATIENCE) as video:
            for frame in video:
                if frame.picture.ndim != 3 or frame.time < last:
                    raise AssertionError("a frame that is none")
                last = frame.time
        return kind, "frames", ""
    except SourceError as error:
        words = str(error)
        end = {GIVEN_UP: "crash", "reading the video takes too long": "timeout"}.get(words, "error")
        code = "" if video is None else f" (exit code {video._child._process.returncode})"
        return kind, end, words + (code if end == "crash" else "")
    finally:
        path.unlink()


def fuzz(numbers: range, *, seconds: float = 1e9, threads: int = 2) -> Counts:
    """Try files until they are through or the time is over."""
    counts, lock, end = Counts(), threading.Lock(), monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "corpus"
        made.mkdir()
        corpus = make_corpus(made)

        def attempt(number: int) -> None:
            if monotonic() > end:
                return
            began = monotonic()
            kind, how, words = try_one(corpus, number, Path(folder))
            with lock:
                counts.slowest = max(counts.slowest, (monotonic() - began, number))
                counts.ends[how] += 1
                counts.kinds[kind] += 1
                if how == "error":
                    counts.errors["".join("#" if c.isdigit() else c for c in words)[:70]] += 1
                elif how != "frames":
                    counts.bad[number] = f"{how}: {kind}: {words}"

        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(attempt, numbers):
                pass
        left = [path.name for path in Path(folder).iterdir() if path != made]
        if left:
            raise AssertionError(f"left behind: {left}")
    return counts


def fuzz_stills(numbers: range) -> Counter[str]:
    """Try damaged JPEGs; returns how they ended, and how many children it took."""
    picture = np.full((64, 96, 3), 90, np.uint8)
    picture[20:40] = (10, 200, 90)
    whole = bytes(cv2.imencode(".jpg", picture)[1])
    corpus = {"a.jpg": whole, "b.jpg": bytes(cv2.imencode(".jpg", picture[:7, :9])[1])}
    ends: Counter[str] = Counter()
    children = set()
    stills = SandboxedStills()
    try:
        for number in numbers:
            data = (b"\xff\xd8\xff" + mutation(corpus, number)[2][3:])[:MOST_BYTES]
            try:
                stills.decode(data)
                ends["picture"] += 1
            except SourceError as error:
                ends[str(error)] += 1
            if stills._child is not None:
                children.add(stills._child.pid)
    finally:
        stills.close()
    ends["children"] = len(children)
    return ends


def open_descriptors() -> int:
    """Return how many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def child_processes() -> list[int]:
    """Return the processes that this one has started and not waited for."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            found += map(int, (task / "children").read_text().split())
    return found


@click.command()
@click.option("--files", default=1000, show_default=True, help="How many.")
@click.option("--first", default=0, show_default=True, help="The first one's number.")
@click.option("--seconds", default=1e9, help="Stop after so long.")
@click.option("--keep", default=None, type=click.Path(path_type=Path), help="Folder for bad ones.")
def main(files: int, first: int, seconds: float, keep: Path | None) -> None:
    """Try damaged videos and say what came of them; exit code 1 where a child crashed or hung."""
    began, descriptors = monotonic(), open_descriptors()
    counts = fuzz(range(first, first + files), seconds=seconds)
    for title, counter in (("ends", counts.ends), ("errors", counts.errors)):
        click.echo(f"{title}: {sum(counter.values())}")
        for what, count in counter.most_common():
            click.echo(f"  {count:6} {what}")
    click.echo(
        f"{monotonic() - began:.0f} s, {process_time():.0f} s of the parent's processor time; "
        f"descriptors {descriptors} before, {open_descriptors()} after; "
        f"children left: {child_processes()}; "
        f"the slowest, number {counts.slowest[1]}, took {counts.slowest[0]:.1f} s"
    )
    for number, what in counts.bad.items():
        click.echo(f"BAD {number}: {what}")
    if keep and counts.bad:
        keep.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            corpus = make_corpus(Path(folder))
            for number in counts.bad:
                (keep / f"{number}.bin").write_bytes(mutation(corpus, number)[2])
    sys.exit(1 if counts.bad else 0)


if __name__ == "__main__":
    main()
