"""A stand-in for OpenPose's module: it behaves as OpenPose was seen to behave, faults included.

What it answers comes from the file that STANDIN_KEYPOINTS names, written by
tests/edge/openpose_answers.py: pictures, small and grey, and the people in each. STANDIN_FAULT is
``KIND@N``: what happens at the N-th picture that this process gets after its first, black one (0).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

FLAGS: dict[str, type] = {"model_folder": str, "net_resolution": str, "render_pose": int}
SMALL = (16, 12)
FAR = 6.0
"""Grey levels between two small pictures that do not show the same."""


def end(text: str, code: int) -> None:
    """End the process as gflags and OpenPose do: no exception, nothing is cleaned up."""
    sys.stderr.write(f"{text}\n")
    os._exit(code)


class Datum:
    """A picture, and what was found in it."""

    def __init__(self) -> None:
        self.poseKeypoints: Any = None
        self._picture: weakref.ref[npt.NDArray[np.uint8]] | None = None

    @property
    def cvInputData(self) -> npt.NDArray[np.uint8] | None:  # noqa: N802 - OpenPose's name
        return self._picture() if self._picture else None

    @cvInputData.setter
    def cvInputData(self, picture: npt.NDArray[np.uint8]) -> None:  # noqa: N802 - OpenPose's name
        if picture.dtype != np.uint8 or picture.ndim != 3:
            raise TypeError("cvInputData takes a picture")
        # OpenPose keeps no reference: whoever drops the array has its memory overwritten.
        self._picture = weakref.ref(picture)


class VectorDatum(list[Datum]):
    """OpenPose takes no plain list."""


class WrapperPython:
    """OpenPose, without OpenPose."""

    def __init__(self) -> None:
        sys.stdout.write("Starting OpenPose Python Wrapper...\n")
        self._flags: dict[str, Any] = {}
        self._count = -1
        kind, _, number = os.environ.get("STANDIN_FAULT", "none@0").partition("@")
        self._fault, self._at = kind, int(number)
        self._pictures, self._people = np.zeros((0, *SMALL[::-1])), np.zeros((0, 1, 25, 3))
        if path := os.environ.get("STANDIN_KEYPOINTS"):
            with np.load(path) as known:
                self._pictures, self._people = known["pictures"], known["people"]

    def configure(self, flags: dict[str, Any]) -> None:
        for name, value in flags.items():
            if name not in FLAGS:
                end(f"ERROR: unknown command line flag '{name}'", 1)
            if type(value) is not FLAGS[name]:
                end(f"ERROR: illegal value '{value}' specified for flag '{name}'", 1)
        self._flags = flags

    def start(self) -> None:
        if not self._flags:
            raise RuntimeError("configure was not called")

    def emplaceAndPop(self, data: VectorDatum) -> bool:  # noqa: N802 - OpenPose's name
        if not isinstance(data, VectorDatum):
            raise TypeError("emplaceAndPop takes a VectorDatum")
        if not Path(self._flags["model_folder"], "pose/body_25/pose_deploy.prototxt").is_file():
            sys.stderr.write("Error:\nPrototxt file not found\n")
            threading.Timer(0.1, os._exit, (0,)).start()
            return False
        self._count += 1
        if self._count == self._at:
            if self._fault == "refuse":
                return False
            self._fail()
        for datum in data:
            datum.poseKeypoints = self._look(datum.cvInputData)
            if self._count == self._at:
                datum.poseKeypoints = self._spoilt(datum.poseKeypoints)
        return True

    def _fail(self) -> None:
        """Do what leaves no answer."""
        if self._fault == "exit":
            end("Error:\nCuda check failed", 0)
        elif self._fault == "crash":
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGSEGV)
        elif self._fault == "raise":
            raise RuntimeError("out of memory")
        elif self._fault == "hang":
            # As in a driver: the interpreter's lock is held.
            ctypes.PyDLL(None).sleep(1000)
        elif self._fault == "close":
            os.closerange(3, 100)
            time.sleep(1000)

    def _look(self, picture: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.float32] | None:
        if picture is None:
            noise = np.random.default_rng().uniform(-1e6, 1e6, (2, 25, 3))
            return noise.astype(np.float32)
        if not picture.any() or not len(self._pictures):
            return None
        grey = cv2.cvtColor(
            cv2.resize(picture, SMALL, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY
        )
        apart = np.abs(self._pictures - grey.astype(float)).mean(axis=(1, 2))
        nearest = int(apart.argmin())
        if apart[nearest] > FAR:
            return None
        people = self._people[nearest]
        found = people[(people[:, :, 2] > 0).any(axis=1)]
        return found.astype(np.float32) if len(found) else None

    def _spoilt(self, people: Any) -> Any:
        """Return what is no answer."""
        spoilt: dict[str, Any] = {
            "shape": np.ones((1, 18, 3), np.float32),
            "flat": np.ones(75, np.float32),
            "type": np.ones((1, 25, 3), np.float64),
            "crowd": np.ones((5000, 25, 3), np.float32),
            "nan": np.full((1, 25, 3), np.nan, np.float32),
            "infinite": np.full((1, 25, 3), np.inf, np.float32),
            "negative": np.full((1, 25, 3), -1, np.float32),
            "far": np.full((1, 25, 3), 5e4, np.float32),
            "text": "nobody",
        }
        return spoilt.get(self._fault, people)
