"""OpenPose itself, as the maintainer built it on this device, in a child process that may end.

Nothing of OpenPose comes with this software: see docs/pyopenpose.md.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Final

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge.errors import PoseError
from edge.frames import Frame
from edge.openpose_json import pose_of
from edge.pose.pyopenpose_process import LICENCE, OpenPoseProcess
from edge.track import Pose

log = logging.getLogger(__name__)

NEEDED: Final = (
    "pose/body_25/pose_deploy.prototxt",
    "pose/body_25/pose_iter_584000.caffemodel",
)
"""What OpenPose reads of its folder ``models`` for BODY_25."""

PATIENCE: Final = 10.0
START_PATIENCE: Final = 120.0
"""Seconds until the first picture is answered: a GPU's libraries may take long the first time."""

STEADY: Final = 30
"""After so many answers, a second of the camera, a process has proved itself."""

LONGEST_PAUSE: Final = 60.0
"""Seconds between two starts of a process that ends again and again."""

OUTSIDE: Final = 1.0
"""Joints further outside the picture than this share of its longer side are nonsense."""

BEST: Final = 10.0
"""A score beyond this is nonsense; OpenPose's reach a little above 1."""


class PyOpenPose:
    """OpenPose with its network BODY_25 as a pose estimator; all streams share one process.

        with PyOpenPose(Path("/opt/openpose/models")) as estimator:
            people = estimator.open_stream().estimate(frame)

    A process that ends, hangs or talks nonsense costs the picture it was given, as a
    :class:`~edge.errors.PoseError`, and is replaced for the next one; the more often that happens
    in a row, the longer the pause before.

    :param model_folder: OpenPose's folder ``models``; None: it was not said where it is.
    :param net_resolution: width and height of the network's input in pixels, -1 for what fits.
    :param patience: seconds to wait for a picture's answer.
    :param start_patience: seconds to wait for OpenPose to start.
    :param clock: seconds that only grow, for the pauses.
    :raises PoseError: pyopenpose is not installed, the folder lacks BODY_25, or OpenPose does not
        start with it; the message says what to do.
    """

    name = "pyopenpose-body-25"

    def __init__(
        self,
        model_folder: Path | None,
        *,
        net_resolution: str = "-1x368",
        patience: float = PATIENCE,
        start_patience: float = START_PATIENCE,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        log.warning(LICENCE)
        # No other flag than those that were tried: one that OpenPose does not know ends it.
        self._flags = {
            "model_folder": f"{checked(model_folder)}/",
            "net_resolution": net_resolution,
            "render_pose": 0,
        }
        self._patience, self._start_patience = patience, start_patience
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._not_before = clock()
        self._why = ""
        self._process: OpenPoseProcess | None = self._started()
        self._closed = False

    def open_stream(self) -> PyOpenPoseStream:
        """Start a new sequence of frames; OpenPose looks at each frame by itself."""
        return PyOpenPoseStream(self)

    def look(self, frame: Frame) -> list[Pose]:
        """Return everybody in the picture.

        :raises PoseError: OpenPose failed; the next picture may go well.
        """
        with self._lock:
            process = self._process or self._replaced()
            try:
                return to_poses(process.ask(frame.picture, self._patience), frame)
            except PoseError as error:
                self._lose(process, error)
                raise

    def close(self) -> None:
        """End the process; a second time does nothing."""
        with self._lock:
            self._closed = True
            if self._process:
                self._process.close()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _started(self) -> OpenPoseProcess:
        return OpenPoseProcess(self._flags, self._start_patience)

    def _replaced(self) -> OpenPoseProcess:
        """Return a new process, unless it is too early for one."""
        if self._closed:
            raise PoseError("OpenPose was closed")
        wait = self._not_before - self._clock()
        if wait > 0:
            raise PoseError(f"OpenPose is started again in {wait:.0f} s: {self._why}")
        try:
            self._process = self._started()
        except PoseError as error:
            self._count(error)
            raise
        log.info("OpenPose runs again")
        return self._process

    def _lose(self, process: OpenPoseProcess, error: PoseError) -> None:
        process.close()
        self._process = None
        if process.answers >= STEADY:
            self._failures = 0
        self._count(error)

    def _count(self, error: PoseError) -> None:
        """Say how long the next process must wait: the first one not at all."""
        self._failures += 1
        exponent = min(self._failures - 2, 10)
        pause = 0.0 if exponent < 0 else min(2.0**exponent, LONGEST_PAUSE)
        self._not_before = self._clock() + pause
        self._why = str(error)
        log.warning("%s; it is replaced%s", error, f" in {pause:.0f} s" if pause else "")


class PyOpenPoseStream:
    """One sequence of frames; there is nothing to remember between them."""

    def __init__(self, estimator: PyOpenPose) -> None:
        self._estimator = estimator

    def estimate(self, frame: Frame) -> list[Pose]:
        """Return everybody in the picture."""
        return self._estimator.look(frame)


def checked(folder: Path | None) -> Path:
    """Return the absolute path of OpenPose's models.

    :raises PoseError: there is no such folder, or it lacks what BODY_25 needs.
    """
    if folder is None:
        raise PoseError(
            "pyopenpose is OpenPose as you have built it: name its folder models in "
            "KIOSK_OPENPOSE_MODELS (docs/pyopenpose.md), or choose --pose blazepose"
        )
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise PoseError(
            f"{folder} lacks {' and '.join(missing)}: KIOSK_OPENPOSE_MODELS must name OpenPose's "
            "folder models, with the weights of BODY_25 as OpenPose's own guide gets them"
        )
    return folder.absolute()


def to_poses(people: npt.NDArray[np.float32], frame: Frame) -> list[Pose]:
    """Return OpenPose's people as poses.

    :param people: [people, 25, 3] x, y, score.
    :raises PoseError: these are no joints in this picture.
    """
    height, width = frame.picture.shape[:2]
    margin = OUTSIDE * max(height, width)
    rows = people.astype(np.float64)
    # Whatever is no number fails every comparison.
    inside = (rows >= (-margin, -margin, 0)) & (rows <= (width + margin, height + margin, BEST))
    if not inside.all():
        raise PoseError("OpenPose's answer makes no sense: numbers that are no joints")
    return [pose_of(person) for person in rows if (person[:, 2] > 0).any()]
