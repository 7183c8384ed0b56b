"""What a look at the kiosk consists of, as plain values that survive JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of the figures; None where something is not known."""

    model_config = ConfigDict(frozen=True)


class Camera(Part):
    """The camera. ``frames``, ``dropped`` and ``reopened`` since the start, ``rate`` in Hz."""

    name: str = ""
    message: str | None = "the kiosk is starting"
    frames: int | None = None
    dropped: int | None = None
    rate: float | None = None
    reopened: int | None = None
    picture: str | None = None


class Times(Part):
    """How long something takes, in milliseconds, of the last ones; ``count`` since the start."""

    count: int = 0
    median: float | None = None
    p95: float | None = None


class Queue(Part):
    """Videos that wait to be scored, the oldest for ``oldest`` seconds; and those on their way."""

    waiting: int
    oldest: float
    arriving: int


class Verdicts(Part):
    """What was judged since ``since``: by source, then by verdict."""

    since: datetime
    counts: dict[str, dict[str, int]]
    failed: int


class Network(Part):
    """What runs a network; ``lost`` says why its engine no longer does."""

    name: str
    runtime: str
    why: str = ""
    lost: str | None = None


class Model(Part):
    """A bundle in use, and from which slot; ``failure`` is the last one."""

    name: str
    bundle: str = ""
    slot: str = ""
    state: str = ""
    why: str = ""
    failure: str | None = None
    networks: tuple[Network, ...] = ()


class Thread(Part):
    """A thread that must go round, and the seconds since it last did."""

    name: str
    age: float
    late: bool


class Machine(Part):
    """The machine: degrees Celsius by zone, what is slowed down, and what the kiosk takes of it."""

    temperatures: dict[str, float]
    throttling: tuple[str, ...] | None
    memory_mb: float | None
    descriptors: int | None


class Disk(Part):
    """Megabytes that are free, and that stay free."""

    free_mb: float
    floor_mb: float
    enough: bool


class Database(Part):
    """Whether the database answers, its size, its newest copy (which was found whole), and what is
    or was wrong with its file since the start."""

    ok: bool
    megabytes: float | None = None
    backup: datetime | None = None
    trouble: str | None = None


class Line(Part):
    """A line of the log, from WARNING on."""

    time: datetime
    level: str
    logger: str
    message: str


class Figures(Part):
    """All of it.

    :param ready: whether clips can be scored.
    :param problems: codes of what a maintainer should look at; see ``kiosk_ui.operation.words``.
    :param uptime: seconds since the start.
    :param tidied: when what is too old was last deleted.
    :param unconfined: the layers of the decoders' confinement that this system lacks, and why.
    """

    time: datetime
    version: str
    uptime: float
    ready: bool
    station: str
    problems: tuple[str, ...]
    camera: Camera
    pose: Times
    waits: dict[str, Times]
    queue: Queue | None
    verdicts: Verdicts
    models: tuple[Model, ...]
    threads: tuple[Thread, ...]
    machine: Machine
    disk: Disk
    database: Database
    tidied: datetime | None
    unconfined: dict[str, str] | None
    log_counts: dict[str, int]
    log: tuple[Line, ...]
