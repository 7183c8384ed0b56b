"""Which pose backend a kiosk uses, by its name; what one lacks is said with the way to get it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, get_args

from edge.bundle import Bundle
from edge.errors import BundleError, PoseError
from edge.pose import PoseEstimator
from edge.pose.blazepose import BlazePose
from edge.pose.openpose import OpenPose
from edge.runtime import Network
from edge.runtime.onnx import OnnxNetwork
from edge.runtime.opening import Opener

Backend = Literal["blazepose", "openpose", "pyopenpose"]

BACKENDS: Final[tuple[Backend, ...]] = get_args(Backend)
"""``blazepose`` needs nothing else; ``openpose`` a bundle; ``pyopenpose`` CMU's own build."""


def open_pose(
    backend: Backend,
    *,
    bundle: Bundle | None = None,
    opener: Opener | None = None,
    threads: int = 2,
    model_folder: Path | None = None,
) -> PoseEstimator:
    """Load a pose backend.

        estimator = open_pose("openpose", bundle=Bundle.open(folder))
        people = estimator.open_stream().estimate(frame)

    :param backend: its name.
    :param bundle: the networks; None: BlazePose's own files on LiteRT, and nothing for OpenPose.
    :param opener: opens the bundle's networks; None: on the processor.
    :param threads: processor threads.
    :param model_folder: OpenPose's ``models`` folder, for ``pyopenpose``.
    :raises PoseError: something is missing; the message says how to get it.
    :raises BundleError: the bundle is for another backend.
    """
    if bundle is not None and bundle.manifest.backend != backend:
        made_for = bundle.manifest.backend or f"judging {bundle.manifest.exercise}"
        raise BundleError(
            f"the bundle {bundle.label} is made for {made_for}, not for the pose backend {backend}"
        )
    opener = opener or processor(threads)
    if backend == "blazepose":
        if bundle is None:
            return BlazePose(threads=threads)
        return BlazePose.from_bundle(bundle, opener)
    if backend == "openpose":
        if bundle is None:
            raise PoseError(
                "there is no OpenPose network on this device: make its bundle with "
                "scripts/get_openpose on the maintainer's machine, then bring it here with "
                "scripts/flash_engine, or name its folder with --pose-bundle (docs/openpose.md)"
            )
        return OpenPose.from_bundle(bundle, opener)
    from edge.pose.pyopenpose import PyOpenPose  # noqa: PLC0415 - nobody else needs it

    return PyOpenPose(model_folder)


def backend_of(bundle: Bundle | None) -> Backend:
    """Return the pose backend that a bundle is made for; without one the default.

    :raises BundleError: it is made for none that this software has.
    """
    if bundle is None:
        return BACKENDS[0]
    for backend in BACKENDS:
        if bundle.manifest.backend == backend:
            return backend
    raise BundleError(f"the bundle {bundle.label} holds no networks of a pose backend")


def processor(threads: int) -> Opener:
    """Return what opens a bundle's networks on the processor."""

    def opener(bundle: Bundle, network: str) -> Network:
        return OnnxNetwork(bundle.network_path(network), threads=threads)

    return opener
