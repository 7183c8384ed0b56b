"""The scores: a small table in SQLite and one folder of files for each."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from kiosk_ui.database import forget, open_database
from kiosk_ui.scores import QueueFull, Replay, Score, Source, Status
from kiosk_ui.studies.withheld import covered
from kiosk_ui.tables import HELD, SCORES
from kiosk_ui.uploads.line import Line
from kiosk_ui.uptime import uptime
from kiosk_ui.videos import Videos, age_of, remove_folder, stamp
from trt_engines.durable import sync

UPLOAD, CLIP, REPLAY, TRACK = "upload.bin", "clip.mp4", "replay.mp4", "track.npz"
"""The files of a score."""
MIRRORED: Final = "mirrored.bin"
"""Instead of an upload, where left and right are exchanged in its pictures."""

_ACTIVE: Final = SCORES.c.status.in_([Status.QUEUED, Status.RUNNING])


class ScoreStore:
    """Keeps scores so that they outlive a restart.

        store = ScoreStore(Path("var"))
        key = store.add_upload(path, threshold=0.5, limit=20)
        store.get(key).status

    All methods may be called from any thread.

    :param data_dir: the folder that holds the table and the files; it is made if it is missing.
    :raises DatabaseTooNewError: a newer version of the program has written the table.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self._folder = self.data_dir / "scores"
        self.clip_seconds = 600.0
        """For how long the video and the joints of a result stay that nobody keeps."""
        self.incoming = self.data_dir / "incoming"
        """Where uploads and recordings are written before they become a score."""
        for folder in (self._folder, self.incoming):
            folder.mkdir(parents=True, exist_ok=True)
        self.engine = open_database(data_dir)
        """Of all tables, for what belongs to scores."""
        self.trouble: str | None = None
        """What is or was wrong with the table's file, for the maintainer."""
        self.videos = Videos(self.engine, self._folder)
        """How long videos stay."""
        self.on_added: Callable[[str], None] = lambda key: None
        """Is told the id of each new score, by whichever way it came in."""
        self._changed = threading.Condition()
        self._progress: dict[str, float] = {}
        self.line = Line()
        """Whose the waiting jobs are, and how long they take."""

    def close(self) -> None:
        """Close the table."""
        self.engine.dispose()

    def path(self, key: str, name: str) -> Path:
        """Return where a file of a score lies, whether it is there or not."""
        return self._folder / key / name

    def upload(self, key: str) -> Path:
        """Return where a score's upload lies; its name tells whether it is mirrored."""
        mirrored = self.path(key, MIRRORED)
        return mirrored if mirrored.is_file() else self.path(key, UPLOAD)

    def add_upload(
        self,
        video: Path,
        *,
        threshold: float,
        limit: int | None = None,
        key: str | None = None,
        status: Status = Status.QUEUED,
        client: str = "",
        seconds: float | None = None,
        mirrored: bool = False,
    ) -> str:
        """Take a complete file as a job and return its id.

        File and job are on the disk when this returns; if it fails, the file is where it was.

        :param limit: so many jobs may wait; None: this one is taken in any case.
        :param key: its id, where it has one already.
        :param status: ``running`` where somebody scores it already.
        :param client: who sent it; not kept.
        :param seconds: length of the video, as far as it is known; not kept.
        :param mirrored: whether left and right are exchanged in its pictures.
        :raises QueueFull: ``limit`` jobs wait already.
        """
        with self._changed:
            if limit is not None and self.waiting() >= limit:
                raise QueueFull("too many videos are waiting")
            key, name = key or new_key(), MIRRORED if mirrored else UPLOAD
            self.line.join(key, client=client, seconds=seconds)
            try:
                return self._add(video, name, Source.UPLOAD, status, key=key, threshold=threshold)
            except BaseException:
                self.line.leave(key)
                raise

    def add_recording(
        self, clip: Path | None, assessment: Mapping[str, Any], save: Callable[[Path], None]
    ) -> str:
        """Take a recording that is judged already and return its id.

        :param clip: the clean clip, which is moved; None where there is none.
        :param save: writes the track to the path it is given.
        """
        return self._add(
            clip, CLIP, Source.KIOSK, Status.DONE, threshold=assessment["threshold"],
            assessment=dict(assessment), save=save,
            replay=Replay.PENDING if clip else Replay.NONE,
        )  # fmt: skip

    def _add(
        self,
        file: Path | None,
        name: str,
        source: Source,
        status: Status,
        *,
        save: Callable[[Path], None] | None = None,
        key: str | None = None,
        **values: Any,
    ) -> str:
        key = key or new_key()
        folder = self._folder / key
        folder.mkdir(exist_ok=True)
        try:
            if file:
                shutil.move(file, folder / name)
                sync(folder / name)
            if save:
                save(folder / TRACK)
            sync(folder)
            sync(self._folder)
            now = datetime.now(timezone.utc).isoformat()
            row = {"status": status, "replay": Replay.NONE, "attempts": 0, **values}
            if status is Status.DONE:
                row.update(stamp())
            with self._changed, self.engine.begin() as connection:
                connection.execute(
                    SCORES.insert()
                    .values(id=key, created=now, source=source, status=status)
                    .values(**row)
                )
                self._changed.notify_all()
        except BaseException:
            if file and (folder / name).exists():
                shutil.move(folder / name, file)  # a finished recording is never lost
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.on_added(key)
        return key

    def get(self, key: str) -> Score | None:
        """Return a score, or None where there is none of that id.

        Where a study keeps its assessment from the participant, it is without one.
        """
        with self.engine.connect() as connection:
            found = sa.select(SCORES, HELD.label("held")).where(SCORES.c.id == key)
            row = connection.execute(found).one_or_none()
            if row is None:
                return None
            before: list[str] = []
            if row.status == Status.QUEUED:
                earlier = sa.and_(_ACTIVE, SCORES.c.number < row.number)
                before = list(connection.scalars(sa.select(SCORES.c.id).where(earlier)))
        return covered(self.engine, self._score(row, before))

    def _score(self, row: Any, before: Sequence[str]) -> Score:
        status = Status(row.status)
        progress = 1.0 if status is Status.DONE else self._progress.get(row.id, 0.0)
        wait = 0.0
        if status in (Status.QUEUED, Status.RUNNING):
            wait = sum(self._left(key) for key in (*before, row.id))
        left = None
        if status in (Status.DONE, Status.FAILED) and not row.held and not row.wiped:
            left = max(self.clip_seconds - age_of(row, uptime()), 0.0)
        return Score(
            row.id, datetime.fromisoformat(row.created), Source(row.source), status, row.attempts,
            row.threshold, row.assessment, row.error, Replay(row.replay), progress, len(before),
            wait, video_left=left, wiped=bool(row.wiped),
        )  # fmt: skip

    def _left(self, key: str) -> float:
        return self.line.left(key, self._progress.get(key, 0.0))

    def waiting(self, client: str | None = None) -> int:
        """Return how many jobs wait or run, of one client or of all."""
        keys = self._active()
        return len(keys) if client is None else self.line.of(client, keys)

    def first_wait(self) -> float:
        """Return about how many seconds pass until the first of the active jobs is done."""
        keys = self._active()
        return self._left(keys[0]) if keys else 0.0

    def _active(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(
                connection.scalars(sa.select(SCORES.c.id).where(_ACTIVE).order_by(SCORES.c.number))
            )

    def take(self, timeout: float) -> Score | None:
        """Mark the oldest queued job as running and return it; None if none comes in time.

        :param timeout: seconds to wait for one.
        """
        with self._changed:
            row = self._oldest()
            if row is None:
                self._changed.wait(timeout)
                row = self._oldest()
            if row is None:
                return None
            self.update(row.id, status=Status.RUNNING, attempts=row.attempts + 1)
            return self.get(row.id)

    def _oldest(self) -> Any:
        queued = sa.select(SCORES).where(SCORES.c.status == Status.QUEUED)
        with self.engine.connect() as connection:
            return connection.execute(queued.order_by(SCORES.c.number).limit(1)).one_or_none()

    def update(self, key: str, **values: Any) -> None:
        """Change columns of a score and wake those who wait for it.

        A replay that is ready only after its score's video was deleted is not there.
        """
        where = SCORES.c.id == key
        if "replay" in values:
            where = sa.and_(where, SCORES.c.wiped.is_(None))
        if values.get("status") in (Status.DONE, Status.FAILED):
            values.update(stamp())
        with self._changed:
            with self.engine.begin() as connection:
                connection.execute(SCORES.update().where(where).values(**values))
            if values.get("status") in (Status.DONE, Status.FAILED, Status.QUEUED):
                self._progress.pop(key, None)
            if values.get("status") in (Status.DONE, Status.FAILED):
                self.line.leave(key)
            self._changed.notify_all()

    def wake(self) -> None:
        """Let everybody who waits look again, for instance because the server is to stop."""
        with self._changed:
            self._changed.notify_all()

    def set_progress(self, key: str, progress: float) -> None:
        """Say how far a running job is, 0 to 1; it is not written to the disk."""
        self._progress[key] = min(max(progress, self._progress.get(key, 0.0)), 1.0)

    def wait_for(self, key: str, until: Callable[[Score], bool], timeout: float) -> Score | None:
        """Return a score as soon as ``until`` holds for it, at the latest after ``timeout`` s."""
        with self._changed:
            self._changed.wait_for(lambda: (s := self.get(key)) is None or until(s), timeout)
            return self.get(key)

    def resume(self, most_attempts: int, message: str) -> list[str]:
        """Queue again what ran when the kiosk stopped; return the ids whose replay is missing.

        A job that was begun ``most_attempts`` times fails with ``message``, and its video is
        removed: it may be what ended the kiosk. Of what is finished no video stays, even where the
        kiosk was ended just before it was removed.
        """
        running = SCORES.c.status == Status.RUNNING
        worn = sa.and_(running, SCORES.c.attempts >= most_attempts)
        pending = sa.select(SCORES.c.id).where(SCORES.c.replay == Replay.PENDING)
        with self._changed, self.engine.begin() as connection:
            for key in connection.scalars(sa.select(SCORES.c.id).where(worn)):
                self.remove_video(key)
            connection.execute(
                SCORES.update().where(worn).values(status=Status.FAILED, error=message, **stamp())
            )
            connection.execute(SCORES.update().where(running).values(status=Status.QUEUED))
            finished = SCORES.c.status.in_([Status.DONE, Status.FAILED])
            for key in connection.scalars(sa.select(SCORES.c.id).where(finished)):
                for name in (UPLOAD, MIRRORED):
                    self.path(key, name).unlink(missing_ok=True)
            return list(connection.scalars(pending.order_by(SCORES.c.number)))

    def clear_incoming(self) -> None:
        """Remove what was on its way in when the kiosk stopped; before anything new comes in."""
        shutil.rmtree(self.incoming)
        self.incoming.mkdir()

    def remove_video(self, key: str) -> None:
        """Remove the video of a score that failed, as far as it is there."""
        for name in (UPLOAD, MIRRORED, CLIP, f".{CLIP}.partial"):
            self.path(key, name).unlink(missing_ok=True)

    def delete(
        self, *keys: str, unless: sa.ColumnElement[bool] | None = None, asked: bool = True
    ) -> int:
        """Remove scores and their files, and return how many there were.

        :param unless: those of which this holds stay; looked at in the same moment.
        :param asked: whether somebody has asked for it; else their days are over.
        """
        found = []
        with self._changed, self.engine.begin() as connection:
            for key in keys:
                where = SCORES.c.id == key
                if unless is not None:
                    where = sa.and_(where, sa.not_(unless))
                if connection.execute(SCORES.delete().where(where)).rowcount:
                    found.append(key)
                self._progress.pop(key, None)
                self.line.leave(key)
            self._changed.notify_all()
        for key in found:
            remove_folder(self._folder / key)
        if found:
            self.forget(asked=asked)
        return len(found)

    def forget(self, *, asked: bool = True) -> None:
        """Let nothing of what was deleted from any table stay in the journal or in a copy."""
        forget(self.engine, self.data_dir, asked=asked)


def new_key() -> str:
    """Return an id that cannot be guessed."""
    return secrets.token_urlsafe(16)
