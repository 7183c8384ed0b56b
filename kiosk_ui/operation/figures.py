"""How the kiosk is, in one look: ``/metrics``, the maintainer's page and the report show this."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

import sqlalchemy as sa

from edge import __version__
from edge.durations import Durations
from edge.errors import KioskError
from edge.frames.child import confinement
from kiosk_ui.backups import FILE, copies
from kiosk_ui.logs import RING
from kiosk_ui.operation.board import read_board
from kiosk_ui.operation.parts import (
    Camera,
    Database,
    Disk,
    Figures,
    Line,
    Machine,
    Model,
    Network,
    Queue,
    Thread,
    Times,
)
from kiosk_ui.scores import Status
from kiosk_ui.tables import SCORES

if TYPE_CHECKING:
    from kiosk_ui.services import CameraLike, Services

log = logging.getLogger(__name__)

ROOT: Final = Path(__file__).resolve().parents[2]
SHOWN_LINES: Final = 20

UNREADABLE: Final = (
    OSError, LookupError, TypeError, ValueError, RuntimeError, sa.exc.SQLAlchemyError, KioskError,
)  # fmt: skip
"""What may go wrong while a figure is read."""

T = TypeVar("T")


def gather(services: Services) -> Figures:
    """Look once; whatever cannot be read is left out, and never an error.

        gather(services).disk.free_mb

    :param services: of the running kiosk.
    """
    metrics = services.metrics
    camera, disk, database = camera_of(services.camera), disk_of(services), database_of(services)
    threads = tuple(
        Thread(name=p.name, age=round(p.age, 3), late=p.late) for p in services.pulses()
    )
    models = _or_none(lambda: [_model(told) for told in services.models()]) or []
    machine = _machine()
    queue = _or_none(lambda: _queue(services))
    station = "starting" if services.station is None else services.station.snapshot()["state"]
    told = RING.lines()[:SHOWN_LINES]
    loaded = services.ready.is_set()
    problems = [
        ("starting", not loaded),
        ("camera", loaded and camera.message is not None),
        ("picture", camera.picture not in (None, "ok")),
        ("thread", any(thread.late for thread in threads)),
        ("disk", not disk.enough),
        ("database", not database.ok or database.trouble is not None),
        ("engine", any(n.lost for m in models for n in m.networks)),
        ("bundle", any(m.failure for m in models)),
        ("hot", bool(machine.throttling)),
    ]
    return Figures(
        time=datetime.now(timezone.utc),
        version=version(),
        uptime=round(services.uptime(), 1),
        ready=loaded and disk.enough and database.ok,
        station=str(station),
        problems=tuple(code for code, there in problems if there),
        camera=camera,
        pose=times_of(metrics.pose),
        waits={source: times_of(waits) for source, waits in metrics.waits.items()},
        queue=queue,
        verdicts=metrics.today(),
        models=tuple(models),
        threads=threads,
        machine=machine,
        disk=disk,
        database=database,
        tidied=metrics.tidied,
        unconfined=confinement.refused,
        log_counts=dict(RING.counts),
        log=tuple(
            Line(time=one.time, level=one.level, logger=one.logger, message=one.message)
            for one in told
        ),
    )


def camera_of(camera: CameraLike | None) -> Camera:
    """Return what a camera says of itself.

    :param camera: None while the models are being loaded.
    """
    if camera is None:
        return Camera()
    told = camera.figures()
    return Camera(
        name=told.name, message=camera.message, frames=told.frames, dropped=told.dropped,
        rate=told.rate, reopened=told.reopened, picture=told.picture,
    )  # fmt: skip


def database_of(services: Services) -> Database:
    """Return how the database is."""
    try:
        with services.store.engine.connect() as connection:
            connection.execute(sa.select(SCORES.c.number).limit(1)).all()
    except sa.exc.SQLAlchemyError as error:
        log.debug("the database does not answer: %s", error)
        return Database(ok=False)
    folder = services.store.data_dir
    size = _or_none(lambda: (folder / FILE).stat().st_size / 1e6)
    copied = _or_none(lambda: copies(folder)[-1].stat().st_mtime)
    return Database(
        ok=True, megabytes=size, trouble=services.store.trouble,
        backup=None if copied is None else datetime.fromtimestamp(copied, timezone.utc),
    )  # fmt: skip


def disk_of(services: Services) -> Disk:
    """Return how much room there is."""
    room = services.room
    return Disk(free_mb=room.free / 1e6, floor_mb=room.floor / 1e6, enough=room())


def times_of(durations: Durations | None) -> Times:
    """Return what is shown of durations."""
    if durations is None or not durations.count:
        return Times()
    middle, high = durations.quantile(0.5), durations.quantile(0.95)
    return Times(
        count=durations.count,
        median=None if middle is None else round(1000 * middle, 1),
        p95=None if high is None else round(1000 * high, 1),
    )


def version() -> str:
    """Return the version of the program, with the name of the installed release if it has one."""
    installed = ROOT.parent.name == "releases" and ROOT.name != __version__
    return f"{__version__} ({ROOT.name})" if installed else __version__


def _queue(services: Services) -> Queue:
    waits = sa.select(sa.func.count(), sa.func.min(SCORES.c.created)).where(
        SCORES.c.status.in_([Status.QUEUED, Status.RUNNING])
    )
    with services.store.engine.connect() as connection:
        waiting, first = connection.execute(waits).one()
    oldest = 0.0 if first is None else time() - datetime.fromisoformat(first).timestamp()
    return Queue(
        waiting=waiting, oldest=max(0.0, round(oldest, 1)), arriving=services.uploads.arriving()
    )  # fmt: skip


def _machine() -> Machine:
    board = read_board()
    return Machine(
        temperatures=board.temperatures,
        throttling=board.throttling,
        memory_mb=_or_none(_memory_mb),
        descriptors=_or_none(lambda: len(os.listdir("/proc/self/fd"))),  # noqa: PTH208 - 10 x
    )


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def _model(status: dict[str, Any]) -> Model:
    networks = tuple(
        Network(name=name, runtime=told["runtime"], why=told.get("why") or "", lost=told["lost"])
        for name, told in (status.get("networks") or {}).items()
    )
    known = {name: status[name] or "" for name in ("bundle", "slot", "state", "why")
             if name in status}  # fmt: skip
    return Model(
        name=status["name"], failure=status.get("failure"), networks=networks, **known
    )  # fmt: skip


def _or_none(read: Callable[[], T]) -> T | None:
    """Return what could be read, or None: a look must not fail because a part of it does."""
    try:
        return read()
    except UNREADABLE as error:
        log.debug("a figure cannot be read: %s", error)
        return None
