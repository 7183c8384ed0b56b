"""The thesis's preprocessing and its properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.errors import FeatureError
from edge.joints import BODY_25, INDEX, MID_HIP, NECK, TEN
from edge.preprocessing import (
    MIN_FRAMES,
    PREPROCESSINGS,
    Features,
    head,
    normalise,
    positions,
    prepare,
    reference_frame,
    resample,
)
from edge.preprocessing import differences as steps
from edge.track import PoseTrack
from tests.edge.people import squat_track, track_of, with_ears

SAME_MOVEMENT = 0.0005
"""Torso lengths per frame by which features of one movement may differ between frame rates: the
fastest joint of this squat moves 0.047 per frame. Measured: 0.00015 at 24-60 Hz with jitter."""

NOISELESS = np.arange(0, 3.0, 1 / 30)


def differences(track: PoseTrack) -> Features:
    return steps(prepare(track))


def compare(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of two feature arrays over the frames both have."""
    length = min(len(one), len(other))
    # The last grid point may fall behind the last sample of a slower camera, and the filter
    # then ends earlier; three frames at the end are not compared.
    return float(np.abs(one[: length - 3] - other[: length - 3]).max())


def test_shape_and_order_are_those_of_the_thesis() -> None:
    features = differences(squat_track(NOISELESS))
    assert features.shape == (len(NOISELESS) - 1, 20)
    assert features.dtype == np.float32
    # Neck x, y first, then right shoulder: the neck sinks, so its y grows on the way down.
    assert [BODY_25[j] for j in TEN][:2] == ["Neck", "RShoulder"]
    assert features[20:40, 1].min() > 0.01
    assert np.abs(features[:, 0]).max() < 1e-6
    # The ankles, RAnkle at 6 and LAnkle at 9, stand still.
    assert np.abs(features[:, [12, 13, 18, 19]]).max() < 1e-6


def test_differences_are_what_a_hand_calculation_gives() -> None:
    # Hips sink by 0.3 torso lengths in one step at frame 10 of 20; sigma 1 spreads it.
    depth = (np.arange(20) >= 10).astype(float)
    track = track_of(np.arange(20) / 30, depth, scale=100.0)
    features = differences(track)
    column = 2 * list(TEN).index(MID_HIP) + 1
    assert features[:, column].sum() == pytest.approx(0.8, abs=1e-6)
    # The step lies between frames 9 and 10; its smoothed difference there is the Gaussian at 0.
    centre = np.exp(0) / np.exp(-0.5 * np.arange(-4, 5) ** 2).sum()
    assert features[9, column] == pytest.approx(0.8 * centre, rel=1e-5)


@given(
    place=hnp.arrays(np.float64, 2, elements=st.floats(-2000, 2000)),
    scale=st.floats(10, 1000),
    length=st.integers(MIN_FRAMES, 90),
)
def test_a_still_person_gives_zeros(place: np.ndarray, scale: float, length: int) -> None:
    track = track_of(np.arange(length) / 30, np.zeros(length), scale=scale, offset=tuple(place))
    assert not differences(track).any()


@given(
    shift=st.tuples(st.integers(-5000, 5000), st.integers(-5000, 5000)),
    power=st.integers(-6, 6),
)
def test_moving_and_scaling_changes_nothing_at_all(shift: tuple[int, int], power: int) -> None:
    track = squat_track(np.arange(0, 3, 1 / 24))
    # On a grid of 1/64 pixel, sums and products with powers of two are exact.
    grid = np.round(track.joints * 64) / 64
    one = differences(PoseTrack(track.times, grid, track.confidence))
    other = differences(PoseTrack(track.times, (grid + shift) * 2.0**power, track.confidence))
    assert np.array_equal(one, other)


@given(shift=st.floats(-1e4, 1e4), scale=st.floats(1e-3, 1e3))
def test_any_shift_and_scale_change_only_rounding(shift: float, scale: float) -> None:
    track = squat_track(np.arange(0, 3, 1 / 24))
    moved = PoseTrack(track.times, (track.joints + shift) * scale, track.confidence)
    assert np.allclose(differences(track), differences(moved), atol=1e-6)


@pytest.mark.parametrize("rate", [24.0, 25.0, 50.0, 60.0])
def test_the_frame_rate_does_not_matter(rate: float) -> None:
    at_30 = differences(squat_track(np.arange(0, 3, 1 / 30)))
    other = differences(squat_track(np.arange(0, 3, 1 / rate)))
    assert compare(at_30, other) < SAME_MOVEMENT


@given(seed=st.integers(0, 2**32 - 1))
def test_jitter_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    even = np.arange(0, 3, 1 / 30)
    jittered = np.concatenate([[0.0], even[1:] + rng.uniform(-0.01, 0.01, len(even) - 1)])
    assert compare(differences(squat_track(even)), differences(squat_track(jittered))) < (
        SAME_MOVEMENT
    )


def test_a_slower_movement_does_matter() -> None:
    fast = differences(squat_track(np.arange(0, 3, 1 / 30), length=1.5))
    slow = differences(squat_track(np.arange(0, 3, 1 / 30), length=2.2))
    assert compare(fast, slow) > 2 * SAME_MOVEMENT


@settings(max_examples=200)
@given(
    joints=hnp.arrays(
        np.float64, (12, 25, 2), elements=st.one_of(st.floats(-1e4, 1e4), st.just(np.nan))
    ),
    confidence=hnp.arrays(np.float64, (12, 25), elements=st.floats(0, 1)),
    gaps=hnp.arrays(np.float64, 12, elements=st.floats(0.001, 0.5)),
)
def test_the_output_is_finite_or_there_is_a_reason(
    joints: np.ndarray, confidence: np.ndarray, gaps: np.ndarray
) -> None:
    track = PoseTrack(np.cumsum(gaps), joints, confidence)
    try:
        features = differences(track)
    except FeatureError:
        return
    assert np.isfinite(features).all()


def test_a_torso_of_nearly_no_length_gives_numbers_all_the_same() -> None:
    track = squat_track(np.arange(0, 3, 1 / 30))
    joints = track.joints.copy()
    joints[:, MID_HIP], joints[:, NECK] = 0.0, [0.0, -1e-300]
    features = differences(PoseTrack(track.times, joints, track.confidence))
    assert np.isfinite(features).all()


def test_gaps_and_missing_joints_are_interpolated() -> None:
    whole = squat_track(np.arange(0, 3, 1 / 30))
    keep = np.ones(len(whole), bool)
    keep[[20, 21, 40]] = False
    confidence = whole.confidence.copy()
    confidence[50:53, INDEX["RKnee"]] = 0.1
    holed = PoseTrack(whole.times[keep], whole.joints[keep], confidence[keep])
    assert compare(differences(whole), differences(holed)) < SAME_MOVEMENT


def test_a_joint_that_was_never_seen_counts_as_still() -> None:
    track = squat_track(NOISELESS)
    joints = track.joints.copy()
    joints[:, INDEX["RKnee"]] = np.nan
    features = differences(PoseTrack(track.times, joints, np.isfinite(joints).all(2) * 1.0))
    knee = 2 * list(TEN).index(INDEX["RKnee"])
    assert not features[:, knee : knee + 2].any()
    assert features.any()


def test_the_reference_frame_is_the_most_upright_of_the_first() -> None:
    depth = np.array([0.3, 0.2, 0.05, 0.1, 0.5, 0.9, 0.0, 0.9, 0.9, 0.9, 0.9, 0.0])
    joints = track_of(np.arange(12) / 30, depth).joints
    assert reference_frame(joints) == 6
    normal = normalise(joints)
    assert normal[6, MID_HIP] == pytest.approx([0, 0])
    assert np.hypot(*(normal[6, NECK] - normal[6, MID_HIP])) == pytest.approx(1)


def test_resampling_keeps_the_samples_of_a_30_hz_track() -> None:
    track = squat_track(NOISELESS)
    even = resample(track)
    moved = track.joints - track.joints[0, MID_HIP]
    assert np.allclose(even.times, track.times)
    assert np.allclose(even.joints, moved, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize(
    ("track", "message"),
    [
        (PoseTrack.empty(), "hips were never seen"),
        (squat_track(np.array([0.0, 1 / 30])), "too few"),
    ],
)
def test_what_cannot_be_judged_says_why(track: PoseTrack, message: str) -> None:
    with pytest.raises(FeatureError, match=message):
        differences(track)


@pytest.mark.parametrize("name", sorted({name for name, _ in PREPROCESSINGS}))
def test_several_clips_are_made_together_as_one_by_one(name: str) -> None:
    one = prepare(with_ears(squat_track(NOISELESS)))
    headless = one.copy()
    headless[:, INDEX["Nose"]] = np.nan
    make = PREPROCESSINGS[name, 1]
    clips = [one, headless, 2 * one]
    np.testing.assert_array_equal(make(np.stack(clips)), np.stack([make(clip) for clip in clips]))


def test_a_rate_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        resample(squat_track(NOISELESS), rate=0)


def test_positions_are_where_the_steps_lead() -> None:
    prepared = prepare(squat_track(NOISELESS))
    places = positions(prepared)
    assert places.shape == (len(NOISELESS) - 1, 20) and places.dtype == np.float32
    np.testing.assert_allclose(np.diff(places, axis=0), steps(prepared)[1:], atol=1e-6)
    hips = 2 * list(TEN).index(MID_HIP)
    assert places[0, hips : hips + 2] == pytest.approx([0, 0], abs=1e-6)
    assert places[0, 1] == pytest.approx(-1, abs=1e-6)  # the neck, one torso above
    assert places[:, hips + 1].max() == pytest.approx(0.8, abs=0.01)


def test_the_head_is_told_against_the_neck() -> None:
    rows = head(prepare(with_ears(squat_track(NOISELESS))))
    assert rows.shape == (len(NOISELESS) - 1, 5)
    # The nose is 0.45 torsos above the neck, the middle of the ears 2 pixels of 100 to the left.
    assert rows[0] == pytest.approx([0, -0.45, 0.02, -0.49, 1], abs=1e-5)


@pytest.mark.parametrize("missing", ["Nose", "LEar"])
def test_a_head_that_was_not_seen_is_absent_altogether(missing: str) -> None:
    track = with_ears(squat_track(NOISELESS))
    confidence = track.confidence.copy()
    confidence[:, INDEX[missing]] = 0
    rows = head(prepare(PoseTrack(track.times, track.joints, confidence)))
    assert rows.shape[1] == 5 and not rows.any()


def test_an_ear_that_is_rarely_seen_does_not_move_the_head() -> None:
    # OpenPose sees an ear that is turned away in some frames only; what is filled in between
    # made a good squat bad (score 0.40 instead of 0.99).
    track = with_ears(squat_track(NOISELESS))
    confidence, joints = track.confidence.copy(), track.joints.copy()
    rare = np.arange(len(track)) % 3 > 0
    confidence[rare, INDEX["REar"]] = 0.1
    joints[~rare, INDEX["REar"]] += 40.0
    assert not head(prepare(PoseTrack(track.times, joints, confidence))).any()
    often = PoseTrack(track.times, track.joints, np.where(rare[:, None], track.confidence, 1.0))
    assert head(prepare(often)).any()


def test_a_joint_that_was_never_seen_has_no_place() -> None:
    track = squat_track(NOISELESS)
    joints = track.joints.copy()
    joints[:, INDEX["RKnee"]] = np.nan
    places = positions(prepare(PoseTrack(track.times, joints, np.isfinite(joints).all(2) * 1.0)))
    knee = 2 * list(TEN).index(INDEX["RKnee"])
    assert not places[:, knee : knee + 2].any() and np.isfinite(places).all()


@pytest.mark.parametrize("name", sorted({name for name, _ in PREPROCESSINGS}))
def test_every_input_forgets_where_and_how_large_somebody_is(name: str) -> None:
    track = with_ears(squat_track(NOISELESS))
    moved = PoseTrack(track.times, track.joints * 2.5 + [31.0, -17.0], track.confidence)
    make = PREPROCESSINGS[name, 1]
    np.testing.assert_allclose(make(prepare(track)), make(prepare(moved)), atol=1e-6)
