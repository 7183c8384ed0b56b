"""Filming: what a camera and a pose model would make of a movement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.joints import INDEX, SWAP, TEN
from edge.repetitions import find_repetitions
from edge.track import PoseTrack
from tests.training.made_up import take
from training.filming import INPUTS, SQUAT, Shot, features, film, judged_part
from training.synthetic.camera import Camera
from training.synthetic.pose_errors import default_bank


def filmed(shot: Shot, seed: int = 0, rate: float = 100.0) -> PoseTrack:
    return film(take(rate=rate), shot, np.random.default_rng(seed), default_bank())


def inputs_of(shot: Shot, name: str = "differences", rate: float = 100.0) -> np.ndarray:
    together = features(judged_part(filmed(shot, rate=rate)))
    start = sum(width for n, width in list(INPUTS.items())[: list(INPUTS).index(name)])
    return together[:, start : start + INPUTS[name]]


def test_the_default_shot_leaves_nothing_to_chance() -> None:
    one, other = (filmed(Shot(), seed) for seed in (1, 2))
    np.testing.assert_array_equal(one.joints, other.joints)


def test_a_random_shot_is_the_same_from_the_same_seed() -> None:
    tracks = []
    for seed in (3, 3, 4):
        rng = np.random.default_rng(seed)
        tracks.append(film(take(), Shot.random(rng), rng, default_bank()))
    np.testing.assert_array_equal(tracks[0].joints, tracks[1].joints)
    assert (
        tracks[0].joints.shape != tracks[2].joints.shape
        or (np.nan_to_num(tracks[0].joints) != np.nan_to_num(tracks[2].joints)).any()
    )


def test_somebody_who_faces_the_camera_has_their_left_at_larger_x_and_their_head_up() -> None:
    first = filmed(Shot()).joints[0]
    assert first[INDEX["LShoulder"], 0] > first[INDEX["RShoulder"], 0]
    assert first[INDEX["Nose"], 1] < first[INDEX["MidHip"], 1] < first[INDEX["LAnkle"], 1]


def test_a_mirrored_shot_swaps_left_and_right() -> None:
    # Neither foot is nearer to the middle then, so that both stand in the same place.
    plain, mirrored = (filmed(Shot(camera=Camera(), mirror=m)) for m in (False, True))
    middle = 320.0
    swapped = plain.joints[:, list(SWAP)]
    swapped[..., 0] = 2 * middle - swapped[..., 0]
    apart = swapped - mirrored.joints
    apart -= np.nanmean(apart, axis=(0, 1))
    assert np.nanmax(np.abs(apart)) < 1.5
    assert np.isnan(mirrored.joints[:, INDEX["RWrist"]]).all()


def test_a_faster_recording_gives_the_same_input() -> None:
    slow, fast = (inputs_of(Shot(), rate=rate) for rate in (50, 200))
    assert slow.shape == fast.shape
    assert np.abs(slow - fast).max() < 2e-3


def test_tempo_makes_the_input_longer() -> None:
    plain, slow = (inputs_of(Shot(tempo=tempo)) for tempo in (1.0, 1.4))
    assert len(slow) / len(plain) == pytest.approx(1.4, abs=0.1)


def test_a_cut_shortens_both_ends() -> None:
    track = filmed(Shot())
    (found,) = find_repetitions(track, SQUAT)
    whole, cut = judged_part(track), judged_part(track, (0.2, 0.5))
    assert whole.times[0] < found.start and whole.times[-1] > found.end
    down, up = found.turn - found.start, found.end - found.turn
    assert cut.times[0] == pytest.approx(found.start + 0.2 * down, abs=0.04)
    assert cut.times[-1] == pytest.approx(found.end - 0.5 * up, abs=0.04)


def test_another_estimators_neck_is_higher() -> None:
    plain, moved = (filmed(Shot(neck=n)).joints[0] for n in (0.0, 0.1))
    neck, hips = INDEX["Neck"], INDEX["MidHip"]
    torso = plain[hips, 1] - plain[neck, 1]
    assert plain[neck, 1] - moved[neck, 1] == pytest.approx(0.1 * torso)


def test_a_headless_source_knows_the_ten_only() -> None:
    known = inputs_of(Shot(), "head")
    assert known[:, 4].min() == 1 and np.abs(known[:, 1]).max() > 0.1
    track = filmed(Shot(headless=True))
    others = np.setdiff1d(np.arange(25), TEN)
    assert np.isnan(track.joints[:, others]).all() and not track.confidence[:, others].any()
    assert not inputs_of(Shot(headless=True), "head").any()
    np.testing.assert_array_equal(inputs_of(Shot(headless=True)), inputs_of(Shot()))


def test_errors_of_the_pose_model_move_joints_a_little() -> None:
    exact, noisy = (filmed(Shot(errors=e)) for e in (False, True))
    apart = np.linalg.norm(noisy.joints - exact.joints, axis=2)[:, list(TEN)]
    torso = np.linalg.norm(exact.joints[0, INDEX["Neck"]] - exact.joints[0, INDEX["MidHip"]])
    assert 0.005 < np.nanmedian(apart) / torso < 0.3
    assert noisy.confidence[:, list(TEN)].max() <= 1


def test_flat_takes_are_not_put_before_a_camera() -> None:
    flat = replace(take(), joints=take().joints[..., [0, 2]] * [1, -1])
    rng = np.random.default_rng(0)
    near, far = (
        film(flat, Shot(camera=Camera(distance=distance)), rng, None) for distance in (2.0, 4.0)
    )
    np.testing.assert_array_equal(near.joints, far.joints)


def test_random_shots_give_tracks_in_order_with_all_frame_rates() -> None:
    rates, seen = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        track = film(take(), Shot.random(rng), rng, default_bank())  # PoseTrack checks the times
        rates.append(1 / np.median(np.diff(track.times)))
        seen.append(track.confidence[:, list(TEN)].max(axis=0) > 0)
    assert min(rates) < 24 and max(rates) > 31
    assert np.mean(seen) > 0.97  # feet may be below the picture of a near camera
