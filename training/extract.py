"""Turn the videos of a manifest into keypoints, on this machine or on a Dask cluster.

    python -m training.extract ../shared/data/recordings/manifest.csv --workers 4
    python -m training.extract manifest.csv --scheduler tcp://192.0.2.7:8786

It may be interrupted at any time: the next run does only what is still missing. Exit codes: 0
every video was read, 1 at least one was not (a table names them), 2 the command line or the
manifest is wrong, 3 there is no cluster to work on.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed
from tqdm import tqdm

from edge.pose.blazepose import BlazePose
from edge.subject import Choice
from training.datasets.clip import LOADS, DataError
from training.datasets.keypoints import About, Keypoints, file_sha256, keypoints_path
from training.datasets.manifest import Row, read_manifest
from training.datasets.recordings import KEYPOINTS
from training.extraction import Job, Outcome, extract

FAILED: Final = 1
NO_CLUSTER: Final = 3

CONNECT_SECONDS: Final = 30
"""How long to wait for the scheduler, and then for its first worker."""


def jobs(rows: Sequence[Row], home: Path, folder: Path) -> list[Job]:
    """Return a job for every video of a manifest.

    :param home: the manifest's folder.
    :param folder: of the keypoints.
    """
    return [
        Job(video, (home / video).absolute(), target, done_already(target))
        for row in rows
        for video in row.videos.values()
        for target in [keypoints_path(folder, video)]
    ]


def done_already(target: Path) -> str:
    """Return the SHA-256 of the video of which today's pose model made this file, or ""."""
    try:
        about = About.load(target)
    except DataError:
        return ""
    return about.video_sha256 if about.pose_model == BlazePose.name else ""


@contextmanager
def connected(scheduler: str | None, workers: int) -> Iterator[Client]:
    """Give a client of the cluster at an address, or of one made of this machine's processors.

        with connected("tcp://192.0.2.7:8786", workers=0) as client:
            ...

    :param scheduler: the address; None: a cluster of this machine's own, gone afterwards.
    :param workers: how many processes that one has, each with one thread.
    :raises OSError: nobody answers there, or there is no worker.
    """
    if scheduler:
        with Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
            yield client
        return
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def run(todo: Sequence[Job], client: Client, *, show: bool) -> Iterator[tuple[Job, Outcome]]:
    """Give each job with its outcome, as they come.

    :param show: whether to draw a progress bar.
    """
    futures = client.map(extract, todo, pure=False)
    job_of = {future.key: job for future, job in zip(futures, todo, strict=True)}
    waiting = as_completed(futures, loop=client.loop)
    del futures  # a result is let go once it is dealt with
    with tqdm(waiting, total=len(todo), unit="video", disable=not show) as bar:
        for future in bar:
            yield job_of[future.key], outcome_of(future)


def outcome_of(future: Future[Outcome]) -> Outcome:
    """Return a finished job's outcome; whatever befell its worker is one too."""
    if future.status == "cancelled":
        return Outcome(error="the cluster is gone: run this again")
    error = future.exception()
    if isinstance(error, KilledWorker):
        return Outcome(error="its worker ended without a word each time that it was tried")
    if error is not None:
        return Outcome(error=f"{type(error).__name__}: {error}")
    outcome: Outcome = future.result()
    return outcome


def keep(keypoints: Keypoints, target: Path) -> None:
    """Write the keypoints of one video.

    :raises click.ClickException: they cannot be written; no other video's could be either.
    """
    try:
        keypoints.save(target)
    except OSError as error:
        raise click.ClickException(
            f"{target} cannot be written: {error.strerror or error}"
        ) from error


def drop_stale(job: Job) -> None:
    """Remove the keypoints that another video of the same name gave: nobody may learn from them.

    :raises click.ClickException: they cannot be removed.
    """
    try:
        known = About.load(job.target).video_sha256
    except DataError:
        return  # nothing is there that could be read
    try:
        if file_sha256(job.path) == known:
            return  # what failed was not the video
    except OSError:
        pass  # the video itself can no longer be read
    try:
        job.target.unlink(missing_ok=True)
    except OSError as error:
        raise click.ClickException(
            f"{job.target} cannot be removed: {error.strerror or error}"
        ) from error


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows of text in columns."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def loads_table(rows: Sequence[Row], folder: Path) -> str:
    """Return how many squats and people there are with each load, and what was seen of them."""
    lines = []
    for load in LOADS:
        mine = [row for row in rows if row.load == load]
        seen = Counter(choice_in(keypoints_path(folder, row.video)) for row in mine)
        lines.append(
            (
                load,
                *(str(seen[choice]) for choice in (*Choice, None)),
                str(len({row.person for row in mine})),
            )
        )
    return table(("load", "one subject", "nobody", "several", "not read", "people"), lines)


def choice_in(path: Path) -> Choice | None:
    """Return how the choice of the subject went, or None where there are no keypoints."""
    try:
        return About.load(path).choice
    except DataError:
        return None


@click.command()
@click.argument("manifest", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=None,
              help="Folder of the keypoints [default: keypoints beside the manifest].")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS", default=None,
              help="Of a Dask cluster [default: this machine alone].")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1), default=os.cpu_count() or 1,
              show_default=True, help="Processes on this machine.")  # fmt: skip
def main(manifest: Path, out: Path | None, scheduler: str | None, workers: int) -> None:
    """Turn the videos of MANIFEST into keypoints."""
    try:
        rows = read_manifest(manifest, videos_needed=True)
    except DataError as error:
        raise click.UsageError(str(error)) from error
    folder = out or manifest.parent / KEYPOINTS
    todo = jobs(rows, manifest.parent, folder)
    done = Counter({"seen now": 0, "done before": 0, "failed": 0})
    failures: list[tuple[str, ...]] = []
    try:
        with connected(scheduler, workers) as client:
            for job, outcome in run(todo, client, show=sys.stderr.isatty()):
                if outcome.keypoints:
                    keep(outcome.keypoints, job.target)
                    done["seen now"] += 1
                elif outcome.error:
                    drop_stale(job)
                    failures.append((job.video, outcome.error))
                    done["failed"] += 1
                else:
                    done["done before"] += 1
    except OSError as error:  # nobody answers, no worker comes; TimeoutError is one too
        click.echo(f"error: no cluster: {error}", err=True)
        sys.exit(NO_CLUSTER)
    click.echo(", ".join(f"{count} {what}" for what, count in done.items()))
    click.echo("\n" + loads_table(rows, folder))
    if failures:
        click.echo("\n" + table(("video", "why it was not read"), sorted(failures)), err=True)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
