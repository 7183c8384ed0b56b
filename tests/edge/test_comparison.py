"""A good repetition in somebody's own proportions."""

from __future__ import annotations

import numpy as np
import pytest

from edge.bundle import DEFAULT_BUNDLE
from edge.classifier import TYPICAL
from edge.comparison import good_repetition
from edge.exercise import Repetition
from edge.exercises import load
from edge.explanation import Typical
from edge.joints import BODY_25, BONES, INDEX, MID_HIP
from edge.judging import View
from edge.measuring import measure
from edge.repetitions import find_repetitions
from edge.track import FloatArray, PoseTrack
from tests.clips import KnownClip

FRONT = View(0.0, 1.3)


@pytest.fixture(scope="module")
def typical() -> Typical:
    return Typical.load(DEFAULT_BUNDLE / TYPICAL)


def track_of(name: str) -> PoseTrack:
    clip = KnownClip.load(name)
    joints = clip.joints[:, clip.subject]
    return PoseTrack(clip.times, joints, np.isfinite(joints).all(axis=2).astype(float))


@pytest.fixture(scope="module", params=["demo_bad", "demo_good"])
def person(request: pytest.FixtureRequest) -> PoseTrack:
    return track_of(request.param)


def lengths(joints: FloatArray) -> dict[tuple[str, str], FloatArray]:
    return {
        (a, b): np.hypot(*(joints[:, INDEX[a]] - joints[:, INDEX[b]]).T)
        for a, b in BONES
        if np.isfinite(joints[:, [INDEX[a], INDEX[b]]]).all()
    }


def test_it_has_the_persons_bones(person: PoseTrack, typical: Typical) -> None:
    repetition = find_repetitions(person)[0]
    good = good_repetition(person, repetition, typical, FRONT)
    assert good
    stands = good.times < repetition.start
    own = lengths(person.between(repetition.start - 0.2, repetition.start).joints)
    for bone, length in lengths(good.joints).items():
        mine = float(own[bone].mean())
        # Standing, every bone is as long as the person's; nearer feet change a leg by little.
        assert length[stands].mean() == pytest.approx(mine, rel=0.08, abs=2.0), bone
        # Seen from the front a bone turns away and looks shorter: it never grows.
        assert length.max() <= 1.08 * mine + 2.0, bone


def test_its_feet_stand_on_the_persons_floor(person: PoseTrack, typical: Typical) -> None:
    for repetition in find_repetitions(person):
        good = good_repetition(person, repetition, typical, FRONT)
        assert good
        own = person.between(repetition.start - 0.2, repetition.start).joints.mean(axis=0)
        for name in ("RAnkle", "LAnkle"):
            place = good.joints[:, INDEX[name]]
            assert np.ptp(place, axis=0).max() < 1e-6
            assert place[0, 1] == pytest.approx(own[INDEX[name], 1], abs=6.0)
        assert good.joints[0, MID_HIP] == pytest.approx(own[MID_HIP], abs=4.0)


def test_it_is_good_by_our_own_aims(person: PoseTrack, typical: Typical) -> None:
    squat = load("squat")
    repetition = find_repetitions(person)[0]
    good = good_repetition(person, repetition, typical, FRONT)
    assert good
    measured = measure(squat, good, repetition, 0.0)
    for fault in squat.faults:
        found = measured[fault.quantity]
        assert found and fault.excess(found.value) <= 0, fault.name


def test_it_keeps_the_persons_pace(person: PoseTrack, typical: Typical) -> None:
    repetition = find_repetitions(person)[1]
    good = good_repetition(person, repetition, typical, FRONT)
    assert good
    lowest = good.times[good.joints[:, MID_HIP, 1].argmax()]
    assert lowest == pytest.approx(repetition.turn, abs=0.1)


def test_arms_go_along_and_what_is_not_drawn_is_left_out(
    person: PoseTrack, typical: Typical
) -> None:
    good = good_repetition(person, find_repetitions(person)[0], typical)
    assert good
    lacking = {BODY_25[joint] for joint in np.flatnonzero(good.confidence[0] == 0)}
    assert lacking == {"REye", "LEye", "LSmallToe", "RSmallToe"}


@pytest.mark.parametrize("yaw", [-40.0, 30.0])
def test_it_is_seen_from_the_same_side(typical: Typical, yaw: float) -> None:
    person = track_of("demo_good")
    good = good_repetition(person, find_repetitions(person)[0], typical, View(yaw, 1.3))
    front = good_repetition(person, find_repetitions(person)[0], typical, FRONT)
    assert good and front
    across = [
        joints.joints[:, INDEX["Neck"], 0] - joints.joints[:, MID_HIP, 0]
        for joints in (good, front)
    ]
    # Whoever leans forward and is turned leans to that side in the picture.
    assert np.abs(across[0]).max() > 3 * np.abs(across[1]).max()


def test_nobody_is_compared_with_nothing(typical: Typical) -> None:
    nobody = track_of("demo_good")
    unseen = PoseTrack(nobody.times, nobody.joints, np.zeros_like(nobody.confidence))
    assert good_repetition(unseen, Repetition(1.0, 2.0, 3.0, 0.5), typical, FRONT) is None
