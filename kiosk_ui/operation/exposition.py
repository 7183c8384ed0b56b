"""The figures in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from edge.durations import Durations
from kiosk_ui.operation.figures import gather
from kiosk_ui.operation.parts import Figures

if TYPE_CHECKING:
    from kiosk_ui.services import Services

PICTURES = ("ok", "black", "dark", "frozen")
"""What can be said of the camera's picture."""


class FiguresCollector(Collector):
    """Looks at the kiosk whenever Prometheus asks.

        registry.register(FiguresCollector(services))

    :param services: of the kiosk.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def describe(self) -> list[Metric]:
        """Say nothing yet: while it is registered the kiosk is only being built."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give everything that is known now; what is not known is left out."""
        figures = gather(self._services)
        metrics = self._services.metrics
        yield _info("kiosk_build", "The version that runs.", [{"version": figures.version}])
        yield _gauge("kiosk_ready", "1: clips can be scored.", figures.ready)
        yield _gauge("kiosk_uptime_seconds", "Since the start.", figures.uptime)
        yield _histogram(
            "kiosk_pose_seconds", "The pose model, of one picture.", {} if metrics.pose is None
            else {"": metrics.pose},
        )  # fmt: skip
        yield _histogram(
            "kiosk_verdict_seconds",
            "From the last picture (kiosk) or byte (phone) of a clip to its verdict.",
            metrics.waits, "source",
        )  # fmt: skip
        yield from _camera(figures)
        yield from _work(figures)
        yield from _machine(figures)
        yield from _models(figures)


def _camera(figures: Figures) -> Iterator[Metric]:
    camera = figures.camera
    yield _gauge("kiosk_camera_up", "1: pictures are coming.", camera.message is None)
    yield _counter("kiosk_camera_frames", "Pictures that came.", camera.frames)
    yield _counter(
        "kiosk_camera_frames_dropped", "Pictures that nobody took in time.", camera.dropped
    )
    yield _gauge("kiosk_camera_rate_hertz", "Pictures a second.", camera.rate)
    yield _counter(
        "kiosk_camera_reopened", "How often the camera was opened again.", camera.reopened
    )
    picture = GaugeMetricFamily(
        "kiosk_camera_picture", "1: the picture is so.", labels=["state"]
    )  # fmt: skip
    if camera.picture is not None:
        for state in PICTURES:
            picture.add_metric([state], float(camera.picture == state))
    yield picture


def _work(figures: Figures) -> Iterator[Metric]:
    queue = figures.queue
    waiting, oldest, arriving = (
        (None, None, None) if queue is None else (queue.waiting, queue.oldest, queue.arriving)
    )
    yield _gauge("kiosk_queue_length", "Videos that wait or are scored.", waiting)
    yield _gauge("kiosk_queue_oldest_seconds", "Since the oldest of them came.", oldest)
    yield _gauge("kiosk_uploads_arriving", "Videos on their way in pieces.", arriving)
    ages = GaugeMetricFamily(
        "kiosk_thread_age_seconds", "Since a thread last went round.", labels=["thread"]
    )
    for thread in figures.threads:
        ages.add_metric([thread.name], thread.age)
    yield ages
    lacks = figures.unconfined
    yield _gauge(
        "kiosk_decoders_confined", "1: videos are read behind every layer of the confinement.",
        None if lacks is None else not lacks,
    )  # fmt: skip
    lines = CounterMetricFamily("kiosk_log_lines", "Lines of the log by level.", labels=["level"])
    for level, count in figures.log_counts.items():
        lines.add_metric([level.lower()], count)
    yield lines
    tidied = figures.tidied
    yield _gauge(
        "kiosk_retention_last_run_timestamp_seconds", "When what is too old was last deleted.",
        None if tidied is None else tidied.timestamp(),
    )  # fmt: skip


def _machine(figures: Figures) -> Iterator[Metric]:
    zones = GaugeMetricFamily(
        "kiosk_temperature_celsius", "By the kernel's names.", labels=["zone"]
    )  # fmt: skip
    for zone, celsius in figures.machine.temperatures.items():
        zones.add_metric([zone], celsius)
    yield zones
    throttling = figures.machine.throttling
    yield _gauge(
        "kiosk_throttled", "1: something is slowed down since it is hot.",
        None if throttling is None else bool(throttling),
    )  # fmt: skip
    disk, database = figures.disk, figures.database
    yield _gauge("kiosk_disk_free_bytes", "On the disk of the data.", disk.free_mb * 1e6)
    yield _gauge("kiosk_disk_floor_bytes", "What stays free.", disk.floor_mb * 1e6)
    yield _gauge("kiosk_disk_full", "1: nothing new is begun.", not disk.enough)
    yield _gauge("kiosk_database_up", "1: the database answers.", database.ok)
    size = None if database.megabytes is None else database.megabytes * 1e6
    yield _gauge("kiosk_database_bytes", "Its size.", size)
    copied = None if database.backup is None else database.backup.timestamp()
    yield _gauge(
        "kiosk_database_backup_timestamp_seconds", "When it was last found whole and copied.",
        copied,
    )  # fmt: skip


def _models(figures: Figures) -> Iterator[Metric]:
    yield _info(
        "kiosk_model", "The bundles in use, and from which slot.",
        [
            {"name": m.name, "bundle": m.bundle, "slot": m.slot, "state": m.state}
            for m in figures.models
        ],
    )  # fmt: skip
    networks = [(model, network) for model in figures.models for network in model.networks]
    yield _info(
        "kiosk_network", "What runs a network.",
        [{"model": m.name, "network": n.name, "runtime": n.runtime} for m, n in networks],
    )  # fmt: skip
    lost = GaugeMetricFamily(
        "kiosk_engine_lost", "1: its engine failed, and the spare one runs.",
        labels=["model", "network"],
    )  # fmt: skip
    for model, network in networks:
        lost.add_metric([model.name, network.name], float(network.lost is not None))
    yield lost


def _gauge(name: str, about: str, value: float | None) -> Metric:
    found = GaugeMetricFamily(name, about)
    if value is not None:
        found.add_metric([], float(value))
    return found


def _counter(name: str, about: str, value: int | None) -> Metric:
    found = CounterMetricFamily(name, about)
    if value is not None:
        found.add_metric([], value)
    return found


def _info(name: str, about: str, labels: list[dict[str, str]]) -> Metric:
    names = list(labels[0]) if labels else []
    found = GaugeMetricFamily(f"{name}_info", f"{about} Always 1.", labels=names)
    for one in labels:
        found.add_metric(list(one.values()), 1.0)
    return found


def _histogram(
    name: str, about: str, durations: dict[str, Durations], label: str | None = None
) -> Metric:
    found = HistogramMetricFamily(name, about, labels=[label] if label else [])
    for value, one in durations.items():
        counts = list(accumulate(one.counts))
        bounds = [*(str(float(bound)) for bound in one.bounds), "+Inf"]
        found.add_metric(
            [value] if label else [], list(zip(bounds, counts, strict=True)), sum_value=one.total
        )
    return found
