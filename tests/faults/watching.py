"""What a running kiosk takes from its machine, and what one that has ended left behind."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from pathlib import Path

MB = 1_000_000


@dataclass(frozen=True)
class Use:
    """What a kiosk takes just now.

    :param memory: MB that the server has resident.
    :param anonymous: MB of it that no file backs: what a leak makes grow.
    :param child_memory: MB that its children have resident.
    :param descriptors: that the server has open.
    :param threads: of the server.
    :param children: processes that it has started.
    :param zombies: of these, that have ended and were not waited for.
    :param files: in its data folder.
    :param disk: MB that they take.
    """

    memory: float
    anonymous: float
    child_memory: float
    descriptors: int
    threads: int
    children: int
    zombies: int
    files: int
    disk: float

    @classmethod
    def names(cls) -> list[str]:
        """Return what is measured."""
        return [field.name for field in fields(cls)]

    def values(self) -> list[float]:
        """Return the measurements in the same order."""
        return list(astuple(self))


def use_of(pid: int, data_dir: Path) -> Use:
    """Measure a kiosk from outside."""
    own, family = _status(pid), descendants(pid)
    found = [_status(child) for child in family]
    sizes = [_size(path) for path in data_dir.rglob("*")]
    return Use(
        memory=_kilobytes(own, "VmRSS") / 1000,
        anonymous=_kilobytes(own, "RssAnon") / 1000,
        child_memory=sum(_kilobytes(status, "VmRSS") for status in found) / 1000,
        descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        threads=int(own.get("Threads", "0")),
        children=len(family),
        zombies=sum(status.get("State", "").startswith("Z") for status in found),
        files=sum(size is not None for size in sizes),
        disk=sum(size or 0 for size in sizes) / MB,
    )


def descendants(pid: int) -> list[int]:
    """Return all processes below one."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        try:
            tasks = list(Path(f"/proc/{waiting.pop()}/task").iterdir())
            children = [int(c) for t in tasks for c in (t / "children").read_text().split()]
        except OSError:  # it has just ended
            continue
        found += children
        waiting += children
    return found


def alive(pid: int) -> bool:
    """Tell whether a process is there and is no zombie."""
    return not _status(pid).get("State", "Z").startswith("Z")


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _kilobytes(status: dict[str, str], name: str) -> int:
    return int(status.get(name, "0").split()[0])


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:  # it was just deleted
        return None


def wrong_in(data_dir: Path) -> list[str]:
    """Return what is not as it must be in the folder of a kiosk with nothing left to do."""
    with closing(sqlite3.connect(data_dir / "scores.sqlite3")) as database:
        (checked,) = database.execute("PRAGMA integrity_check").fetchone()
        rows = database.execute("SELECT id, status, replay FROM scores").fetchall()
    wrong = [] if checked == "ok" else [f"the database: {checked}"]
    known = {key for key, _, _ in rows}
    for key, status, replay in rows:
        names = {path.name for path in (data_dir / "scores" / key).glob("*")}
        if status not in ("done", "failed"):
            wrong.append(f"{key} is still {status}")
        if status == "done" and not {"clip.mp4", "track.npz"} <= names:
            wrong.append(f"{key} is done and has only {sorted(names)}")
        if replay == "ready" and "replay.mp4" not in names:
            wrong.append(f"{key} has no replay")
        if replay == "pending":
            wrong.append(f"{key} waits for its replay for ever")
        if names - {"clip.mp4", "track.npz", "replay.mp4", "motion-1.json"}:
            wrong.append(f"{key} ({status}) has {sorted(names)}")
    for folder in (data_dir / "scores").iterdir():
        if folder.name not in known:
            wrong.append(f"{folder.name} belongs to no score")
    wrong += [f"{path.name} is still on its way in" for path in (data_dir / "incoming").iterdir()]
    return wrong
