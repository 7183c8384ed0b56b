"""What the pages work with; the entry point builds it, and tests build it with fakes."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from flask import has_request_context

from edge.explanation import Typical
from edge.live import CameraFigures
from edge.pulse import Pulse
from edge.settings import KioskSettings, LockState
from kiosk_ui.coaching.labels import LabelStore
from kiosk_ui.coaching.passes import Passes
from kiosk_ui.metrics import Metrics
from kiosk_ui.people import sessions
from kiosk_ui.people.store import PeopleStore
from kiosk_ui.phones.framing import FramingHelp
from kiosk_ui.phones.secure import SecureDoor
from kiosk_ui.room import Room
from kiosk_ui.shares import Shares
from kiosk_ui.store import ScoreStore
from kiosk_ui.studies.store import StudyStore
from kiosk_ui.studies.visitor import participating
from kiosk_ui.uploads.partial import PartialUploads


class StationLike(Protocol):
    """What the screen needs of :class:`edge.station.Station`."""

    def start(self) -> bool:
        """Press Start; False where that is not possible now."""

    def cancel(self) -> None:
        """Return to idle."""

    def touched(self) -> None:
        """Hear that somebody looks at the result: it stays longer."""

    def snapshot(self) -> dict[str, Any]:
        """Return the state in plain types."""

    def wait(self, version: int, timeout: float) -> dict[str, Any]:
        """Return the state once its version differs, at the latest after ``timeout`` seconds."""


class CameraLike(Protocol):
    """What the pages need of :class:`edge.live.LiveCamera`."""

    message: str | None
    """Why no pictures come; None where they do."""

    def figures(self) -> CameraFigures:
        """Return how it does."""

    def jpeg(self, after: int, timeout: float) -> tuple[int, bytes]:
        """Return number and JPEG of a picture newer than ``after``; raises ``CameraError``."""


class SettingsLike(Protocol):
    """What the pages need of :class:`edge.settings.SettingsStore`."""

    def get(self) -> KioskSettings:
        """Return the settings as they are now."""

    def update(self, **changes: Any) -> KioskSettings:
        """Change some; raises ``pydantic.ValidationError`` and ``SettingsLockedError``."""

    @property
    def lock_state(self) -> LockState:
        """Whether the settings are locked."""

    def set_pin(self, pin: str | None) -> None:
        """Lock with a PIN, or free for everybody; raises ``SettingsLockedError``."""

    def unlock(self, pin: str) -> None:
        """Open for a while; raises ``WrongPinError`` and ``PinPauseError``."""

    def lock(self) -> None:
        """Lock at once, where there is a PIN."""


@dataclass
class Services:
    """Everything behind the pages.

        services = Services(store=ScoreStore(path), settings=SettingsStore(path / "settings.json"))
        app = create_app(WebConfig(), services)

    :param store: the scores.
    :param settings: the kiosk's settings.
    :param station: the kiosk's state machine; None while the models are being loaded.
    :param camera: the live camera; None while the models are being loaded.
    :param models: tells which networks run, on what runtime, and why.
    :param typical: typical correct repetitions to compare with; None where the model has none.
    :param ready: set as soon as clips can be scored.
    :param closing: set when the server is to stop: endless answers then end.
    :param instance: differs after each start, so that the screen notices a restart.
    :param people: who keeps a history.
    :param labels: what coaches say of results.
    :param studies: who takes part in a study.
    :param passes: which coaches are signed in.
    :param address: tells where phones reach the kiosk, such as ``http://192.168.0.17:8080``; None
        while there is no network.
    :param address_by_name: the same by name, such as ``http://squat.local:8080``; None while no
        name is announced.
    :param secure: HTTPS for phones; None where it cannot be set up.
    :param framing: framing help for phones; None while the models are being loaded.
    :param pulses: gives the threads that must go round.
    :param metrics: counts what happens.
    """

    store: ScoreStore
    settings: SettingsLike
    station: StationLike | None = None
    camera: CameraLike | None = None
    models: Callable[[], list[dict[str, Any]]] = list
    typical: Typical | None = None
    passes: Passes = field(default_factory=Passes)
    address: Callable[[], str | None] = lambda: None
    ready: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    instance: str = field(default_factory=lambda: secrets.token_hex(8))
    people: PeopleStore = field(init=False)
    labels: LabelStore = field(init=False)
    studies: StudyStore = field(init=False)
    address_by_name: Callable[[], str | None] = lambda: None
    secure: SecureDoor | None = None
    framing: FramingHelp | None = None
    pulses: Callable[[], Sequence[Pulse]] = list
    metrics: Metrics = field(default_factory=Metrics)
    room: Room = field(init=False)
    """Whether the disk has room for something new; the entry point sets its floor."""
    uploads: PartialUploads = field(init=False)
    """Uploads that arrive in pieces."""
    shares: Shares = field(init=False)
    """The codes with which a result is taken home."""

    def __post_init__(self) -> None:
        self._began = monotonic()
        self.room = Room(self.store.data_dir, 0)
        self.metrics.attach(self)
        self.uploads = PartialUploads(self.store)
        key = sessions.secret_key(self.store.data_dir / sessions.FILE)
        self.shares = Shares(key, self.store.videos.younger)
        self.people = PeopleStore(self.store)
        self.labels = LabelStore(self.store)
        self.studies = StudyStore(self.store)
        self.store.on_added = self._count

    def uptime(self) -> float:
        """Return the seconds since the start."""
        return monotonic() - self._began

    def _count(self, key: str) -> None:
        """Count what a participant of a study has sent, by whichever way it came in."""
        if has_request_context():
            self.studies.file(key, participating())
