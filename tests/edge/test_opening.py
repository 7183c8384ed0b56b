"""The choice of the pose backend, and what is said where something of it is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.bundle import DEFAULT_BUNDLE, Bundle, Manifest
from edge.errors import BundleError, PoseError, RuntimeMissingError
from edge.pose.blazepose import BlazePose
from edge.pose.opening import BACKENDS, open_pose
from edge.pose.openpose import OpenPose
from edge.pose.openpose_layouts import BODY_25_LAYOUT, COCO_18
from edge.runtime import Network
from tests.edge.openpose_maps import DrawnNetwork, draw

SHA = "0" * 64


def bundle_of(backend: str, joints: str = "COCO_18", preprocessing: str = "bgr_255") -> Bundle:
    """Return a pose bundle whose files are never looked at."""
    manifest = {
        "format": 3, "kind": "pose", "name": backend, "version": "1.0.0", "min_software": "0.1.0",
        "backend": backend, "joints": joints, "files": {"net.onnx": {"sha256": SHA, "bytes": 1}},
        "networks": {
            "openpose": {
                "files": {"fp32": "net.onnx"},
                "inputs": [{
                    "name": "image", "shape": [1, 3, "H", "W"], "dtype": "float32",
                    "preprocessing": preprocessing, "preprocessing_version": 1,
                }],
                "outputs": [{"name": "maps", "shape": [1, 57, "h", "w"], "dtype": "float32"}],
                "axes": {
                    "H": {"least": 64, "best": 256, "most": 256},
                    "W": {"least": 64, "best": 344, "most": 456},
                },
            }
        },
    }  # fmt: skip
    return Bundle(Path("nowhere"), Manifest.parse(json.dumps(manifest).encode()), SHA)


def drawn(bundle: Bundle, network: str) -> Network:
    assert network == "openpose"
    layout = COCO_18 if bundle.manifest.joints == "COCO_18" else BODY_25_LAYOUT
    return DrawnNetwork(draw(layout, []))


def test_the_default_needs_nothing_but_the_environment() -> None:
    assert BACKENDS[0] == "blazepose"
    assert isinstance(open_pose("blazepose"), BlazePose)


@pytest.mark.parametrize(
    ("joints", "preprocessing"), [("COCO_18", "bgr_255"), ("BODY_25", "bgr_256_centred")]
)
def test_openpose_is_what_its_manifest_says(joints: str, preprocessing: str) -> None:
    estimator = open_pose(
        "openpose", bundle=bundle_of("openpose", joints, preprocessing), opener=drawn
    )
    assert isinstance(estimator, OpenPose)
    assert estimator.name == f"openpose-{joints.lower().replace('_', '-')}"


def test_openpose_without_a_bundle_says_how_to_get_one() -> None:
    with pytest.raises(PoseError, match=r"scripts/get_openpose .* scripts/flash_engine"):
        open_pose("openpose")


def test_a_bundle_for_another_backend_is_refused() -> None:
    with pytest.raises(BundleError, match="made for openpose, not for the pose backend blazepose"):
        open_pose("blazepose", bundle=bundle_of("openpose"), opener=drawn)
    with pytest.raises(BundleError, match="made for judging squat"):
        open_pose("openpose", bundle=Bundle.open(DEFAULT_BUNDLE))


def test_unknown_joints_and_preprocessings_are_refused() -> None:
    with pytest.raises(BundleError, match="BODY_135"):
        open_pose("openpose", bundle=bundle_of("openpose", "BODY_135"), opener=drawn)
    with pytest.raises(BundleError, match="update this software"):
        open_pose("openpose", bundle=bundle_of("openpose", "COCO_18", "rgb"), opener=drawn)


def test_pyopenpose_without_its_package_or_models_says_so(tmp_path: Path) -> None:
    with pytest.raises((RuntimeMissingError, PoseError), match=r"pyopenpose|KIOSK_OPENPOSE_MODELS"):
        open_pose("pyopenpose")
    with pytest.raises((RuntimeMissingError, PoseError), match=r"pyopenpose|lacks"):
        open_pose("pyopenpose", model_folder=tmp_path)
