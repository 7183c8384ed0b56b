"""Consented keypoints with a coach's labels, in the folder layout that ``training/`` reads.

labelled/recordings/manifest.csv, labelled/recordings/keypoints/*.npz: never the other way round,
and no video. What is withdrawn or deleted goes from there at once, and is named in ``removed.csv``.
"""

from __future__ import annotations

import csv
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import sqlalchemy as sa

from kiosk_ui.coaching.parts import PARTS
from kiosk_ui.people.store import now
from kiosk_ui.scores import Status
from kiosk_ui.store import CLIP, TRACK, ScoreStore
from kiosk_ui.tables import EXPORTED, KEPT, LABELS, PEOPLE, SCORES

FOLDER: Final = "labelled"
NAME: Final = "recordings"
"""What ``training.datasets`` calls a set of one's own."""

FORMAT: Final = 1
"""Of the files of keypoints; the test reads them with training's own reader."""

COLUMNS: Final = ("video", "person", "correct", *PARTS)


@dataclass(frozen=True, slots=True)
class Exported:
    """What was done.

    :param labelled: results in the folder now.
    :param added: of these, how many are new.
    :param removed: how many were taken out.
    :param other_pose_model: how many were left out, since an earlier pose model saw them.
    :param without_track: how many were left out, since their keypoints are not there.
    """

    labelled: int = 0
    added: int = 0
    removed: int = 0
    other_pose_model: int = 0
    without_track: int = 0


def export_folder(scores: ScoreStore) -> Path:
    """Return the folder that ``training/`` is given by ``--data``."""
    return scores.data_dir / FOLDER


def bring_in_step(scores: ScoreStore, *, add: bool) -> Exported:
    """Make the folder hold what may be in it, and nothing else.

        bring_in_step(store, add=True)

    :param scores: with their labels.
    :param add: False: only take out what may no longer be there.
    """
    home = export_folder(scores) / NAME
    if not add and not home.is_dir():
        return Exported()
    with _alone(home), scores.engine.begin() as connection:
        rows = connection.execute(_consented()).all()
        present = sa.select(EXPORTED.c.name).where(EXPORTED.c.removed.is_(None))
        before = set(connection.scalars(present))
        # All of one set must have been seen by one pose model.
        newest = rows[-1].assessment["pose_model"] if rows else None
        fitting = [row for row in rows if not add or row.assessment["pose_model"] == newest]
        keep = [
            row for row in fitting
            if _there(home, row, before) or (add and _write_keypoints(scores, home, row))
        ]  # fmt: skip
        names = {row.name for row in keep}
        for name in names - before:
            connection.execute(
                EXPORTED.insert().prefix_with("OR REPLACE").values(name=name, exported=now())
            )
        gone = EXPORTED.c.name.in_(before - names)
        connection.execute(EXPORTED.update().where(gone).values(removed=now()))
        _remove_others(home, names)
        _write_manifest(home, keep)
        _write_removed(home, connection)
    return Exported(
        labelled=len(keep),
        added=len(names - before),
        removed=len(before - names),
        other_pose_model=len(rows) - len(fitting),
        without_track=len(fitting) - len(keep) if add else 0,
    )


def keypoints_file(name: str) -> str:
    """Return the name of the file that ``training/`` looks for beside a manifest's video."""
    return f"{name}-{hashlib.sha256(_video(name).encode()).hexdigest()[:16]}.npz"


def _video(name: str) -> str:
    return f"{name}.mp4"


def _consented() -> Any:
    return (
        sa.select(LABELS.c.name, LABELS.c.correct, LABELS.c.parts, PEOPLE.c.alias,
                  SCORES.c.id, SCORES.c.assessment)
        .join(KEPT, KEPT.c.score == LABELS.c.score)
        .join(PEOPLE, PEOPLE.c.number == KEPT.c.person)
        .join(SCORES, SCORES.c.id == LABELS.c.score)
        .where(KEPT.c.consent.is_not(None), LABELS.c.correct.is_not(None))
        .where(SCORES.c.status == Status.DONE)
        .order_by(SCORES.c.number)
    )  # fmt: skip


def _there(home: Path, row: Any, before: set[str]) -> bool:
    return row.name in before and (home / "keypoints" / keypoints_file(row.name)).is_file()


def _write_keypoints(scores: ScoreStore, home: Path, row: Any) -> bool:
    """Write one file of keypoints; False where there is nothing to write."""
    track, clip = scores.path(row.id, TRACK), scores.path(row.id, CLIP)
    if not track.is_file():
        return False
    source = clip if clip.is_file() else track
    with np.load(track, allow_pickle=False) as arrays:
        joints, confidence = arrays["joints"], arrays["confidence"]
        times = arrays["times"]
    target = home / "keypoints" / keypoints_file(row.name)
    partial = target.with_name(f"{target.name}.partial")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            format=FORMAT,
            video_sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
            pose_model=row.assessment["pose_model"],
            choice="one",  # what has a score has one subject
            frames=row.assessment["frames"]["pushed"],
            times=times,
            joints=joints.astype(np.float32),
            confidence=confidence.astype(np.float32),
        )
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)
    return True


def _remove_others(home: Path, names: set[str]) -> None:
    wanted = {keypoints_file(name) for name in names}
    for path in (home / "keypoints").iterdir():
        if path.name not in wanted:
            path.unlink()


def _write_manifest(home: Path, rows: Sequence[Any]) -> None:
    lines = [
        [_video(row.name), row.alias, int(row.correct), *_cells(row.parts)] for row in rows
    ]  # fmt: skip
    _write_table(home / "manifest.csv", [list(COLUMNS), *lines])


def _cells(parts: dict[str, bool]) -> list[str]:
    return [str(int(parts[part])) if part in parts else "" for part in PARTS]


def _write_removed(home: Path, connection: sa.Connection) -> None:
    gone = sa.select(EXPORTED).where(EXPORTED.c.removed.is_not(None)).order_by(EXPORTED.c.removed)
    lines = [
        [_video(row.name), f"keypoints/{keypoints_file(row.name)}", row.removed]
        for row in connection.execute(gone)
    ]
    _write_table(home / "removed.csv", [["video", "keypoints", "removed"], *lines])


def _write_table(path: Path, lines: Sequence[Sequence[Any]]) -> None:
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Keep others out of the folder: the kiosk and the maintainer's script both write there."""
    (home / "keypoints").mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
