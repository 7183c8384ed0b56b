"""Poses and tracks refuse what they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.track import FloatArray, Pose, PoseTrack, once_per_track
from tests.edge.people import squat_track


def test_a_pose_has_25_joints() -> None:
    with pytest.raises(ValueError, match="25"):
        Pose(np.zeros((10, 2)), np.zeros(10))


@pytest.mark.parametrize(
    ("times", "joints", "confidence", "message"),
    [
        ([0.0, 1.0], (3, 25, 2), (2, 25), "joints of 2 times"),
        ([0.0, 1.0], (2, 25, 2), (2, 10), "confidences of 2 times"),
        ([0.0, 0.0], (2, 25, 2), (2, 25), "must increase"),
    ],
)
def test_a_track_is_consistent(
    times: list[float], joints: tuple[int, ...], confidence: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PoseTrack(np.array(times), np.zeros(joints), np.zeros(confidence))


def test_a_part_holds_both_its_ends() -> None:
    track = squat_track(np.arange(0, 1, 0.1))
    assert track.between(0.2, 0.5).times == pytest.approx([0.2, 0.3, 0.4, 0.5])
    assert len(PoseTrack.from_poses([])) == 0


def test_what_is_made_of_a_track_is_remembered_with_it() -> None:
    asked: list[tuple[int, float]] = []

    @once_per_track
    def scaled(track: PoseTrack, by: float) -> FloatArray:
        asked.append((len(track), by))
        return by * track.joints

    track, other = squat_track(np.arange(3) / 30), squat_track(np.arange(4) / 30)
    assert scaled(track, 2.0) is scaled(track, 2.0)
    scaled(track, 3.0)
    scaled(other, 2.0)
    assert asked == [(3, 2.0), (3, 3.0), (4, 2.0)]
    assert not replace(track, times=track.times + 1).remembered
