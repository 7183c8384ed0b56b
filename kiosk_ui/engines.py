"""The networks that sessions take, and the thread that follows what is flashed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from edge.bundle import Bundle
from edge.classifier import Classifier
from edge.errors import KioskError
from edge.pose import PoseEstimator
from edge.pose.opening import open_pose
from edge.pose.scheduler import PoseScheduler
from edge.runtime import Network
from edge.runtime.opening import Opener, RuntimeChoice, open_network
from edge.settings import Settings
from trt_engines.kinds import load_classifier, load_pose
from trt_engines.live import LiveBundle
from trt_engines.slots import Slots

log = logging.getLogger(__name__)

EVERY: Final = 1.0
"""Seconds between two looks at the slots."""

OWN_RUNTIMES: Final = {
    "blazepose": "LiteRT", "openpose": "LiteRT", "pyopenpose": "OpenPose in a process of its own",
}  # fmt: skip
"""What runs a pose backend whose networks are in no bundle; BlazePose stands in for OpenPose."""


class Engines:
    """Holds the classifier and the pose model that are live, and replaces them while it runs.

        engines = Engines(settings)
        engines.load()
        engines.start()
        session = ScoringSession(engines.scheduler.open_stream(), engines.classifier)

    A session that runs keeps what it has taken.

    :param settings: what the maintainer fixed.
    :param replaced: called after something else has been loaded.
    """

    def __init__(self, settings: Settings, replaced: Callable[[], None] = lambda: None) -> None:
        self._settings = settings
        self._replaced = replaced
        self._wake = threading.Event()
        self._closing = False
        self._used = ExitStack()
        self._thread = threading.Thread(target=self._follow, name="engines", daemon=True)
        self.squat = LiveBundle[Classifier](
            self._slots("squat"), load=load_classifier, shipped=self._shipped, **self._options()
        )
        self.pose = LiveBundle[PoseEstimator](
            self._slots(settings.pose), load=load_pose, shipped=self._shipped_pose,
            **self._options(),
        )  # fmt: skip
        self.classifier: Classifier
        self.scheduler: PoseScheduler

    def load(self) -> None:
        """Load what is live; takes a second or two.

        :raises KioskError: not even what comes with the software can be used.
        """
        for live in (self.squat, self.pose):
            # Whoever flashes is told that this kiosk will prove it.
            self._used.enter_context(live.slots.locks.used())
        self.classifier = self.squat.take()
        self.scheduler = PoseScheduler(self.pose.take())

    def start(self) -> None:
        """Follow what is flashed, activated and rolled back from now on."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; a trial that runs goes on at the next start."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)
        for live in (self.squat, self.pose):
            live.ended()
        self._used.close()

    def status(self) -> list[dict[str, Any]]:
        """Return what runs, from which slot, on which runtime, and why."""
        pose = self.pose.status()
        if not pose["networks"]:
            runtime = OWN_RUNTIMES[self._settings.pose]
            pose["networks"] = {"all": {"runtime": runtime, "why": "its own", "lost": None}}
        return [self.squat.status(), pose]

    def _follow(self) -> None:
        while not self._closing:
            self._wake.wait(EVERY)
            self._wake.clear()
            if self._closing:
                return
            changed = False
            if self.squat.look() and self.squat.taken:
                self.classifier, changed = self.squat.taken.what, True
            if self.pose.look() and self.pose.taken:
                self.scheduler.estimator, changed = self.pose.taken.what, True
            if changed:
                self._replaced()

    def _slots(self, name: str) -> Slots:
        return Slots(self._settings.data_dir / "engines", name)

    def _options(self) -> dict[str, Any]:
        return {
            "open_network": self._open_network,
            "trust": self._settings.trust,
            "trial_seconds": self._settings.trial_minutes * 60,
            "needs_engines": self._settings.runtime != "onnx",
            "wake": self._wake,
        }

    def _open_network(self, bundle: Bundle, name: str, engines: Path | None) -> Network:
        threads = 1 if bundle.manifest.kind == "classifier" else self._settings.pose_threads
        # Whoever insists on TensorRT is refused when flashing; a kiosk on the wall runs on.
        runtime: RuntimeChoice = "onnx" if self._settings.runtime == "onnx" else "auto"
        return open_network(bundle, name, engines=engines, runtime=runtime, threads=threads)

    def _shipped(self, opener: Opener) -> tuple[Classifier, str]:
        bundle = Bundle.open(self._settings.bundle, self._settings.trust())
        return load_classifier(bundle, opener), bundle.label

    def _shipped_pose(self, opener: Opener) -> tuple[PoseEstimator, str]:
        settings = self._settings
        try:
            bundle = (
                Bundle.open(settings.pose_bundle, settings.trust())
                if settings.pose_bundle
                else None
            )
            estimator = open_pose(
                settings.pose, bundle=bundle, opener=opener, threads=settings.pose_threads,
                model_folder=settings.openpose_models,
            )  # fmt: skip
        except KioskError as error:
            # A slot never keeps a kiosk from starting. Where none was ever filled the kiosk was
            # not set up, and whoever does that is to be told.
            if settings.pose != "openpose" or not self.pose.slots.ever_filled:
                raise
            log.error("BlazePose runs instead of openpose: %s; %s", self.pose.why_shipped(), error)
            estimator = open_pose("blazepose", threads=settings.pose_threads)
            return estimator, estimator.name
        return estimator, bundle.label if bundle else estimator.name
