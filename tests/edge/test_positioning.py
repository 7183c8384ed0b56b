"""The positioning gate on stick people whose place is known, and on rendered clips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest

from edge.joints import INDEX
from edge.positioning import (
    ARROWS,
    HOLD_SECONDS,
    SPEAK_AGAIN,
    TOO_CLOSE,
    WINDOW_SECONDS,
    Guidance,
    PositioningGate,
    box_of,
)
from edge.track import Pose, PoseTrack
from edge.words import GUIDANCE
from tests.clips import KnownClip
from tests.edge.people import poses_of, track_of
from tests.edge.seen import Look

SIZE = (640, 480)
TIMES = np.arange(0, 4, 0.1)


def standing(*, tall: float = 0.65, x: float = 0.5, feet: float = 0.9) -> PoseTrack:
    """Return somebody who stands there.

    :param tall: eyes to ankles as a share of the picture's height.
    :param x: middle of the body, as a share of the width.
    :param feet: ankles, as a share of the height.
    """
    torso = tall * SIZE[1] / 3.2
    return track_of(TIMES, np.zeros(len(TIMES)), scale=torso, offset=(x * SIZE[0], feet * SIZE[1]))


def changed(track: PoseTrack, change: Callable[[np.ndarray], None]) -> PoseTrack:
    joints = track.joints.copy()
    change(joints)
    return PoseTrack(track.times, joints, track.confidence)


def narrow(degrees: float) -> Callable[[np.ndarray], None]:
    def turn(joints: np.ndarray) -> None:
        middle = joints[:, [INDEX["MidHip"]], 0]
        joints[..., 0] = middle + (joints[..., 0] - middle) * np.cos(np.radians(degrees))

    return turn


def unseen(track: PoseTrack, *names: str) -> PoseTrack:
    confidence = track.confidence.copy()
    confidence[:, [INDEX[name] for name in names]] = 0.0
    return PoseTrack(track.times, track.joints, confidence)


def walk(through: Sequence[PoseTrack], gate: PositioningGate | None = None) -> list[Guidance]:
    """Show the gate some people at once; return what it says to each picture."""
    gate = gate or PositioningGate()
    tracks = [poses_of(track) for track in through]
    return [
        gate.push(float(time), [track[frame][1] for track in tracks], SIZE)
        for frame, time in enumerate(TIMES)
    ]


@pytest.mark.parametrize(
    ("track", "code"),
    [
        (standing(tall=0.9, feet=0.95), "too_close"),
        (standing(tall=0.7, feet=1.05), "too_close"),  # feet below the picture
        (standing(tall=0.8, feet=0.8), "too_close"),  # head above it
        (standing(tall=0.35), "too_far"),
        (standing(x=0.1), "step_left"),
        (standing(x=0.9), "step_right"),
        (changed(standing(), narrow(50)), "turned"),
        (changed(standing(), narrow(180)), "turned"),
        (unseen(standing(), "LAnkle", "RAnkle"), "hidden"),  # behind a bench
        (unseen(standing(), "LKnee"), "hidden"),
    ],
)  # fmt: skip
def test_each_condition(track: PoseTrack, code: str) -> None:
    said = walk([track])
    assert {guidance.unmet[0] for guidance in said} == {code}
    assert not any(guidance.armed for guidance in said)


def test_nobody_and_several() -> None:
    assert walk([])[-1].unmet == ("nobody",)
    assert not walk([])[-1].present
    beside = [standing(x=0.35), standing(x=0.65)]
    assert walk(beside)[-1].unmet == ("not_alone",)
    # A mirror image or somebody further back is half as tall.
    assert walk([standing(), standing(tall=0.35, x=0.2)])[-1].unmet == ()


def test_it_arms_after_a_second() -> None:
    said = walk([standing()])
    armed = [t for t, guidance in zip(TIMES, said, strict=True) if guidance.armed]
    assert HOLD_SECONDS <= armed[0] <= HOLD_SECONDS + WINDOW_SECONDS
    assert len(armed) == len(TIMES) - list(TIMES).index(armed[0])


def test_moving_starts_the_second_anew() -> None:
    sway = changed(standing(), lambda j: j.__setitem__(
        (..., 0), j[..., 0] + 40 * np.sin(2 * np.pi * TIMES)[:, None]))  # fmt: skip
    assert {guidance.unmet for guidance in walk([sway])[5:]} == {("moving",)}
    step = changed(standing(), lambda j: j.__setitem__(
        (..., 0), j[..., 0] + 40 * (TIMES > 0.85)[:, None]))  # fmt: skip
    armed = [t for t, guidance in zip(TIMES, walk([step]), strict=True) if guidance.armed]
    assert armed[0] >= 0.85 + HOLD_SECONDS


def test_a_tremble_at_a_limit_does_not_flicker() -> None:
    rng = np.random.default_rng(0)
    tall = TOO_CLOSE[0] * SIZE[1] / 3.2
    joints = np.concatenate([
        track_of(TIMES[[n]], np.zeros(1), scale=tall * (1 + rng.normal(0, 0.008)),
                 offset=(320.0, 460.0)).joints
        for n in range(len(TIMES))
    ])  # fmt: skip
    confidence = np.isfinite(joints).all(axis=2).astype(float)
    said = [g.unmet for g in walk([PoseTrack(TIMES, joints, confidence)])]
    changes = sum(one != other for one, other in pairwise(said))
    assert changes <= 1


def test_what_stays_unmet_is_spoken_now_and_again() -> None:
    gate = PositioningGate()
    pose = poses_of(standing(tall=0.9, feet=0.95))[0][1]
    spoken = [(t, gate.push(float(t), [pose], SIZE).spoken) for t in np.arange(0, 10, 0.1)]
    first = next(t for t, said in spoken if said)
    assert first == pytest.approx(2.0, abs=0.15)
    numbers = [said.number for _, said in spoken if said]
    assert numbers[0] == 1 and numbers[-1] == 2
    assert next(t for t, s in spoken if s and s.number == 2) - first == pytest.approx(SPEAK_AGAIN)
    assert {said.code for _, said in spoken if said} == {"too_close"}


def test_two_sentences_do_not_overlap() -> None:
    gate = PositioningGate()
    close, far = (poses_of(standing(tall=t, feet=0.95))[0][1] for t in (0.9, 0.3))
    times: dict[str, float] = {}
    for t in np.arange(0, 10, 0.1):
        said = gate.push(float(t), [close if t < 2.2 else far], SIZE).spoken
        if said:
            times.setdefault(said.code, float(t))
    assert times["too_far"] - times["too_close"] >= 3.0


def test_in_plain_types() -> None:
    gate = PositioningGate()
    pose = poses_of(standing(tall=0.9, feet=0.95))[0][1]
    for t in np.arange(0, 2.5, 0.1):
        said = gate.push(float(t), [pose], SIZE).to_dict()
    text = {"en": "Step back", "ko": "뒤로 가 주세요"}
    assert said["unmet"] == [{"code": "too_close", "arrow": "back", "text": text}]
    assert said["spoken"] == {"number": 1, "code": "too_close", "text": text}
    assert said["holding"] is False
    assert list(ARROWS) == list(GUIDANCE)


def test_the_box_lies_around_the_person() -> None:
    pose = poses_of(standing())[0][1]
    box = box_of(pose, SIZE)
    assert box is not None
    left, top, right, bottom = box
    assert left < 0.4 < 0.6 < right
    assert top < 0.25 and bottom > 0.9
    nothing = Pose(np.full((25, 2), np.nan), np.zeros(25))
    assert box_of(nothing, SIZE) is None


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("demo_good", ()),
        ("good_2", ()),  # turned by 15 degrees
        ("bad_2", ()),
        ("mirror", ()),
        ("far_person", ("too_far",)),
        ("side_view", ("hidden", "turned")),
        ("two_squatters", ("not_alone",)),
        ("empty_gym", ("nobody",)),
    ],
)
def test_rendered_people_who_stand(name: str, codes: tuple[str, ...], seen: Look) -> None:
    """The first second of each clip, in which people stand, through the real pose model."""
    gate, sight = PositioningGate(), seen(name)
    for time, people in sight.moments:
        if time <= 1.25:
            guidance = gate.push(time, people, sight.size)
    assert guidance.unmet == codes
    assert (guidance.holds is not None) == (codes == ())


@pytest.mark.parametrize("name", ["demo_good", "good_2", "bad_2", "walk_through"])
def test_the_gate_agrees_with_the_known_joints(name: str) -> None:
    """Who stands is let through; who squats is not."""
    clip = KnownClip.load(name)
    joints = clip.joints[:, clip.subject]
    confidence = np.isfinite(joints).all(axis=2).astype(float)
    gate, armed = PositioningGate(), []
    for time, j, c in zip(clip.times, joints, confidence, strict=True):
        armed.append(gate.push(float(time), [Pose(j, c)], SIZE).armed)
    turns = [repetition["bottom"] for repetition in clip.meta["repetitions"]]
    assert any(armed)
    for turn in turns:
        assert not armed[int(np.abs(clip.times - turn).argmin())]
