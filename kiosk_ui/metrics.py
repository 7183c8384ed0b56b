"""What is counted while the kiosk runs, and its form for Prometheus.

Counters are here; what `edge` and the machine know of themselves is read when somebody looks.
Labels never hold who, what or which score: only what the program itself can say, so that their
number is bounded.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, Final, Literal

from flask import Flask, Response, g, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import generate_latest

from edge.assessment import Assessment
from edge.durations import Durations
from edge.session import ScoringSession
from kiosk_ui.operation.exposition import FiguresCollector
from kiosk_ui.operation.parts import Verdicts
from kiosk_ui.scores import Source

if TYPE_CHECKING:
    from kiosk_ui.services import Services

disable_created_metrics()  # type: ignore[no-untyped-call] # nobody reads a second series of each

access = logging.getLogger("kiosk_ui.access")

SOURCES: Final = {Source.KIOSK: "kiosk", Source.UPLOAD: "phone"}

PHONE_BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Sizes by which the waits of phones are counted, in seconds."""

REASONS: Final = frozenset({
    "busy", "client_full", "disk_full", "form_invalid", "header_invalid", "length_wrong",
    "metadata_invalid", "mirrored_invalid", "offset_wrong", "other_origin", "piece_type",
    "queue_full", "threshold_invalid", "too_large", "too_often", "tus_version", "upload_unknown",
    "video_empty", "video_missing", "wrong_host",
})  # fmt: skip
"""Why a video or a piece of one is refused; everything else is ``other``."""

TAKES_VIDEOS: Final = ("public.phone_upload", "public.api.create_score", "public.tus.")
"""How the names of the routes begin on which videos come in."""

UNREAD: Final = "(refused unread)"
"""Stands for the route where a request was refused by its headers."""

NO_ROUTE: Final = "(none)"


class Metrics:
    """Counts what happens in this process, and gives it to Prometheus.

        metrics = Metrics()
        metrics.judged(Source.KIOSK, session, assessment)
        metrics.text()

    May be called from any thread.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.pose: Durations | None = None
        """Of the pose model, once there is one."""
        self.waits: dict[str, Durations] = {"phone": Durations(PHONE_BOUNDS)}
        """From the last picture to the verdict, by source; the station brings the kiosk's."""
        self.tidied: datetime | None = None
        """When what is too old was last deleted."""
        self._lock = threading.Lock()
        self._since = datetime.now().astimezone()
        self._today = _nothing()
        self._failed = 0
        self._verdicts = self._counter("verdicts", "Clips that were judged.", "source", "verdict")
        self._failures = self._counter("scores_failed", "Videos that cannot be scored.", "source")
        self._frames = self._counter(
            "frames", "Pictures of judged clips: scored, skipped by policy, dropped by accident.",
            "source", "fate",
        )  # fmt: skip
        self._refused = self._counter(
            "uploads_refused", "Videos or pieces that were not taken.", "reason"
        )
        self._requests = self._counter(
            "http_requests", "Answered requests.", "face", "route", "status"
        )
        for source in SOURCES.values():  # a series that is there from the start has a rate
            for verdict in ("good", "bad", "not_judged"):
                self._verdicts.labels(source, verdict)
            self._failures.labels(source)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"kiosk_{name}", about, labels, registry=self.registry)

    def attach(self, services: Services) -> None:
        """Let the figures of a kiosk be read as well, whenever somebody looks."""
        self.registry.register(FiguresCollector(services))

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self.registry)

    def judged(
        self,
        source: Source,
        session: ScoringSession,
        assessment: Assessment,
        wait: float | None = None,
    ) -> None:
        """Count a clip that was judged.

        :param wait: seconds from its last byte to the verdict, of a phone's.
        """
        name, verdict = SOURCES[source], assessment.verdict.value
        self._verdicts.labels(name, verdict).inc()
        for fate, count in (
            ("scored", assessment.frames.pushed), ("skipped", session.skipped),
            ("dropped", session.dropped),
        ):  # fmt: skip
            self._frames.labels(name, fate).inc(count)
        if wait is not None:
            self.waits[name].add(max(0.0, wait))
        with self._lock:
            self._turn_the_day()
            self._today[name][verdict] += 1

    def failed(self, source: Source) -> None:
        """Count a video that could not be scored."""
        self._failures.labels(SOURCES[source]).inc()
        with self._lock:
            self._turn_the_day()
            self._failed += 1

    def refused(self, reason: str) -> None:
        """Count a video that was not taken, by the code that its sender was told."""
        self._refused.labels(reason if reason in REASONS else "other").inc()

    def answered(self, face: str, route: str, status: int) -> None:
        """Count a request.

        :param route: the rule by which it was found, never its path.
        """
        self._requests.labels(face, route, str(status)).inc()

    def refused_unread(self, status: int, code: str) -> None:
        """Count a request that was refused by its headers: a video too many or too large."""
        self.answered("network", UNREAD, status)
        self.refused(code)

    def today(self) -> Verdicts:
        """Return what was judged since midnight, or since the start if that was later."""
        with self._lock:
            self._turn_the_day()
            counts = {source: dict(verdicts) for source, verdicts in self._today.items()}
            return Verdicts(since=self._since, counts=counts, failed=self._failed)

    def tidied_now(self) -> None:
        """Note that what is too old was deleted."""
        self.tidied = datetime.now().astimezone()

    def _turn_the_day(self) -> None:
        now = datetime.now().astimezone()
        if now.date() != self._since.date():
            self._since = now.replace(hour=0, minute=0, second=0, microsecond=0)
            self._today, self._failed = _nothing(), 0


def install(app: Flask, metrics: Metrics, face: Literal["device", "network"]) -> None:
    """Count what an app answers.

    :param face: which one it is.
    """

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else NO_ROUTE
        metrics.answered(face, route, response.status_code)
        if (
            response.status_code >= 400
            and request.method in ("POST", "PATCH")
            and (request.endpoint or "").startswith(TAKES_VIDEOS)
        ):
            metrics.refused(g.get("problem", ""))
        if not access.disabled:
            took = round(1000 * (perf_counter() - g.get("began", perf_counter())), 1)
            method = request.method if request.url_rule else "-"
            access.info(
                "%s %s %s %d %.1f ms", face, method, route, response.status_code, took,
                extra={"face": face, "route": route, "status": response.status_code, "ms": took},
            )  # fmt: skip
        return response


def _nothing() -> dict[str, dict[str, int]]:
    return {
        source: {"good": 0, "bad": 0, "not_judged": 0} for source in SOURCES.values()
    }  # fmt: skip


def series(metrics: Metrics) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the name and labels of everything that is told now."""
    for family in metrics.registry.collect():
        for sample in family.samples:
            yield sample.name, dict(sample.labels)
