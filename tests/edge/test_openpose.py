"""The OpenPose backend: pictures of any shape in, people in BODY_25 order out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from edge.errors import BundleError, NetworkError, PoseError
from edge.frames import Frame
from edge.joints import BODY_25, INDEX, L_HIP, MID_HIP, R_HIP
from edge.pose.openpose import LEAST, WIDEST, OpenPose, input_size
from edge.pose.openpose_layouts import BODY_25_LAYOUT, COCO_18
from edge.runtime import Array
from tests.edge.openpose_maps import DrawnNetwork, draw, standing

SHAPES = [(480, 640), (854, 480), (540, 960), (240, 320), (1080, 1920), (301, 417)]


def picture_of(height: int, width: int) -> Frame:
    return Frame(np.full((height, width, 3), 90, np.uint8), 0.0)


@pytest.mark.parametrize(("height", "width"), SHAPES)
@pytest.mark.parametrize("high", [256, 368])
def test_joints_come_back_into_a_picture_of_any_shape(height: int, width: int, high: int) -> None:
    joints = standing(width * 0.45, height * 0.3, height * 0.2)
    wide, tall = input_size(width, height, high, WIDEST)
    cells = np.array([wide, tall]) / 8
    drawn = (joints + 0.5) * cells / [width, height] - 0.5
    network = DrawnNetwork(draw(COCO_18, [drawn], rows=tall // 8, columns=wide // 8))
    estimator = OpenPose(network, "COCO_18", height=high)
    (pose,) = estimator.open_stream().estimate(picture_of(height, width))
    assert network.seen[0].shape == (1, 3, tall, wide)
    error = np.hypot(*(pose.joints - joints).T)
    # A tenth of a cell, in pixels of the picture.
    assert np.nanmax(error) < 0.2 * height / (tall / 8)


@pytest.mark.parametrize(("height", "width"), [*SHAPES, (2, 2), (16, 900), (900, 16)])
def test_the_input_is_whole_cells_and_within_its_limits(height: int, width: int) -> None:
    wide, tall = input_size(width, height, 368, WIDEST)
    assert wide % 8 == tall % 8 == 0
    assert LEAST <= wide <= WIDEST
    assert LEAST <= tall <= 368
    if 0.4 < width / height < 1.8:
        assert wide / tall == pytest.approx(width / height, rel=0.03)


def test_coco_lacks_feet_and_gets_the_middle_of_the_hips() -> None:
    network = DrawnNetwork(draw(COCO_18, [standing(30.0, 12.0, 9.0)]))
    (pose,) = OpenPose(network, "COCO_18").estimate(picture_of(368, 496))
    lacking = {name for name, x in zip(BODY_25, pose.joints[:, 0], strict=True) if np.isnan(x)}
    assert lacking == {"LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel"}
    assert (pose.confidence > 0).sum() == 25 - 6
    assert pose.joints[MID_HIP] == pytest.approx(pose.joints[[L_HIP, R_HIP]].mean(axis=0))
    assert pose.confidence[MID_HIP] == pose.confidence[[L_HIP, R_HIP]].min()


def test_the_middle_of_the_hips_needs_both() -> None:
    joints = standing(30.0, 12.0, 9.0)
    joints[[INDEX["LHip"], INDEX["LKnee"], INDEX["LAnkle"]]] = np.nan
    (pose,) = OpenPose(DrawnNetwork(draw(COCO_18, [joints])), "COCO_18").estimate(
        picture_of(368, 496)
    )
    assert np.isnan(pose.joints[MID_HIP]).all()
    assert pose.confidence[MID_HIP] == 0


def test_body_25_has_all_joints_and_its_own_middle() -> None:
    joints = standing(30.0, 12.0, 9.0)
    joints[MID_HIP] += (0.0, 0.8)  # learnt, not calculated
    network = DrawnNetwork(draw(BODY_25_LAYOUT, [joints]))
    (pose,) = OpenPose(network, "BODY_25", preprocessing=("bgr_256_centred", 1)).estimate(
        picture_of(368, 496)
    )
    assert np.isfinite(pose.joints).all()
    assert pose.joints[MID_HIP] == pytest.approx((joints[MID_HIP] + 0.5) * 8 - 0.5, abs=1.5)


def test_the_input_is_made_as_the_manifest_says() -> None:
    picture = np.zeros((368, 496, 3), np.uint8)
    picture[:, :] = (10, 128, 255)  # blue, green, red
    maps = draw(COCO_18, [])
    raw, centred = DrawnNetwork(maps), DrawnNetwork(maps)
    OpenPose(raw, "COCO_18", preprocessing=("bgr_255", 1)).estimate(Frame(picture, 0.0))
    OpenPose(centred, "COCO_18", preprocessing=("bgr_256_centred", 1)).estimate(Frame(picture, 0.0))
    assert raw.seen[0].dtype == centred.seen[0].dtype == np.float32
    assert raw.seen[0][0, :, 5, 5] == pytest.approx([10, 128, 255])
    assert centred.seen[0][0, :, 5, 5] == pytest.approx([10 / 256 - 0.5, 0, 255 / 256 - 0.5])


def test_what_is_unknown_is_refused() -> None:
    network = DrawnNetwork(draw(COCO_18, []))
    with pytest.raises(BundleError, match="COCO_18, BODY_25"):
        OpenPose(network, "MPI_15")
    with pytest.raises(BundleError, match="update this software"):
        OpenPose(network, "COCO_18", preprocessing=("bgr_255", 2))
    with pytest.raises(PoseError, match="57"):
        OpenPose(DrawnNetwork(draw(BODY_25_LAYOUT, [])), "COCO_18").estimate(picture_of(48, 64))


def test_a_network_that_fails_is_an_error_of_the_pose_model() -> None:
    class Broken(DrawnNetwork):
        def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
            raise NetworkError("the GPU is lost")

    with pytest.raises(PoseError, match="GPU is lost"):
        OpenPose(Broken(draw(COCO_18, [])), "COCO_18").estimate(picture_of(48, 64))
