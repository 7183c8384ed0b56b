"""From what was seen to an assessment, and the reasons why there is none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge.assessment import MESSAGES, Assessment, Reason, Verdict
from edge.exercise import Repetition
from edge.exercises import load
from edge.explanation import Explanation
from edge.joints import INDEX
from edge.judging import Judgement
from edge.session import ScoringSession
from edge.track import FloatArray, PoseTrack
from tests.edge.fakes import ConstantClassifier
from tests.edge.people import depth_at, poses_of, squat_track, track_of

TIMES = np.arange(0, 4, 1 / 30)
SQUAT = squat_track(TIMES)


def finish(
    *people: PoseTrack, score: float = 0.8, threshold: float = 0.5, times: FloatArray = TIMES
) -> Assessment:
    """Return the assessment of people given as poses."""
    session = ScoringSession(None, ConstantClassifier(score), threshold=threshold)
    by_person = [dict(zip(p.times, (pose for _, pose in poses_of(p)), strict=True)) for p in people]
    for time in times:
        session.push_poses(float(time), [p[time] for p in by_person if time in p])
    return session.finish()


def changed(track: PoseTrack, joint: str, confidence: float) -> PoseTrack:
    """Return the track with one joint seen less well."""
    values = track.confidence.copy()
    values[:, INDEX[joint]] = confidence
    return PoseTrack(track.times, track.joints, values)


@pytest.mark.parametrize(
    ("score", "threshold", "verdict"),
    [
        (0.8, 0.5, Verdict.GOOD), (0.4, 0.5, Verdict.BAD), (0.8, 0.9, Verdict.BAD),
        (0.5, 0.5, Verdict.GOOD), (0.0, 0.0, Verdict.GOOD),
    ],
)  # fmt: skip
def test_the_verdict_is_the_score_against_the_threshold(
    score: float, threshold: float, verdict: Verdict
) -> None:
    result = finish(squat_track(TIMES), score=score, threshold=threshold)
    assert result.verdict is verdict
    assert result.score == score
    assert result.reason is None
    assert len(result.repetitions) == 1
    assert result.frames.pushed == result.frames.subject == len(TIMES)
    assert 0 < result.frames.used < len(TIMES)
    assert result.joints[0] == "Neck"


class Alternating(ConstantClassifier):
    """Scores 0.2, then 0.8."""

    def __init__(self) -> None:
        super().__init__()
        self.values = iter((0.2, 0.8))

    def judge(self, part: PoseTrack, repetition: Repetition) -> Judgement:
        return Judgement(next(self.values))

    def explain(self, part: PoseTrack, repetition: Repetition, judgement: Judgement) -> Explanation:
        gains = {"left_knee": 0.3}
        return Explanation("left_knee", "LKnee", repetition.turn, 0.3, gains)


def test_the_score_of_a_clip_is_the_mean_of_its_repetitions() -> None:
    times = np.arange(0, 7, 1 / 30)
    track = track_of(times, depth_at(times) + depth_at(times, begin=4.0))
    session = ScoringSession(None, Alternating())
    for time, pose in poses_of(track):
        session.push_poses(time, [pose])
    assert session.repetitions == 2
    result = session.finish()
    assert [r.score for r in result.repetitions] == [0.2, 0.8]
    assert result.score == pytest.approx(0.5)
    # Explained is the repetition with the lower score.
    assert result.to_dict()["explanation"] == {
        "part": "left_knee",
        "joint": "LKnee",
        "moment": pytest.approx(result.repetitions[0].turn, abs=1e-3),
        "gain": 0.3,
    }


def test_nothing_is_explained_where_nothing_was_judged() -> None:
    assert finish(squat_track(TIMES)).explanation is None  # the judge cannot tell
    assert finish(track_of(TIMES, 0 * TIMES)).to_dict()["explanation"] is None


def side(track: PoseTrack) -> PoseTrack:
    joints = track.joints.copy()
    joints[..., 0] = 300 + (joints[..., 0] - 300) * 0.1
    return PoseTrack(track.times, joints, track.confidence)


def back(track: PoseTrack) -> PoseTrack:
    joints = track.joints.copy()
    joints[..., 0] = 640 - joints[..., 0]
    return PoseTrack(track.times, joints, track.confidence)


REASONS = {
    Reason.NO_PERSON: [],
    Reason.SEVERAL_PEOPLE: [
        SQUAT, track_of(TIMES, depth_at(TIMES), offset=(700.0, 400.0)),
    ],
    Reason.TURNED_AWAY: [side(SQUAT)],
    Reason.NO_REPETITION: [track_of(TIMES, np.zeros(len(TIMES)))],
    Reason.NOT_IN_VIEW: [changed(SQUAT, "RAnkle", 0.0)],
    Reason.TOO_FEW_FRAMES: [changed(SQUAT, "RAnkle", 0.1)],
}  # fmt: skip


@pytest.mark.parametrize(("rate", "judged"), [(3.0, False), (5.0, True)])
def test_a_machine_that_hardly_looks_gives_no_score(rate: float, judged: bool) -> None:
    """An overloaded one looked at 9 frames of 12 s, and told a score."""
    times = np.arange(0, 6, 1 / rate)
    slow = squat_track(times, begin=1.0, length=3.5)
    result = finish(slow, times=times)
    assert (result.score is not None) is judged
    assert judged or result.reason is Reason.TOO_FEW_FRAMES


@pytest.mark.parametrize("reason", REASONS)
def test_what_cannot_be_judged_says_why(reason: Reason) -> None:
    result = finish(*REASONS[reason])
    assert result.verdict is Verdict.NOT_JUDGED
    assert result.score is None
    assert result.reason is reason
    plain = result.to_dict()
    assert plain["reason"] == load().texts.reasons.get(reason.value, MESSAGES[reason]).en
    assert plain["reason_code"] == reason.value
    assert result.cue.kind == "reason"
    assert result.cue.en == plain["reason"]
    assert all(repetition.score is None for repetition in result.repetitions)


def test_three_quarters_are_turned_away_and_arms_overhead_are_not() -> None:
    joints = SQUAT.joints.copy()
    joints[..., 0] = 320 + (joints[..., 0] - 320) * 0.65  # turned by 50 degrees
    assert finish(PoseTrack(TIMES, joints, SQUAT.confidence)).reason is Reason.TURNED_AWAY
    joints = SQUAT.joints.copy()
    for name in ("RShoulder", "LShoulder"):
        joints[:, INDEX[name], 0] = 320 + (joints[:, INDEX[name], 0] - 320) * 0.55
    assert finish(PoseTrack(TIMES, joints, SQUAT.confidence)).verdict is Verdict.GOOD


def test_from_behind_is_turned_away_and_still_counted() -> None:
    result = finish(back(SQUAT))
    assert result.reason is Reason.TURNED_AWAY
    (repetition,) = result.repetitions
    assert repetition.score is None
    assert repetition.faults == ()
    assert repetition.quantities["left_knee_in"] is None  # this view cannot show it
    assert repetition.quantities["descent"] == pytest.approx(0.9, abs=0.1)
    assert result.frames.used == 0


def test_a_faulty_repetition_is_named_with_its_number_and_aim() -> None:
    shallow = track_of(TIMES, 0.6 * depth_at(TIMES))
    result = finish(shallow, score=0.2)
    assert result.verdict is Verdict.BAD
    assert (result.cue.kind, result.cue.name, result.cue.unit) == ("fault", "too_shallow", "%")
    assert result.cue.value == pytest.approx(100 * 0.6 * 0.8 / 1.75, abs=1.5)
    assert f"{result.cue.value:.0f} %" in result.cue.en
    assert result.cue.aim == (45.0, 80.0)
    fault = next(f for f in result.faults if f.name == "too_shallow")
    assert fault.moment == pytest.approx(1.5, abs=0.1)
    assert "too_shallow" in result.to_dict()["repetitions"][0]["faults"]


def test_a_fault_never_flips_the_verdict() -> None:
    shallow = track_of(TIMES, 0.6 * depth_at(TIMES))
    result = finish(shallow, score=0.9)
    assert result.verdict is Verdict.GOOD
    assert (result.cue.kind, result.cue.name) == ("tip", "too_shallow")


def test_without_a_nose_the_neck_cannot_be_seen() -> None:
    result = finish(changed(SQUAT, "Nose", 0.0))
    assert result.verdict is Verdict.GOOD
    necks = [fault for fault in result.faults if fault.part == "neck"]
    assert [fault.visible for fault in necks] == [False]


def test_the_assessment_is_plain_json() -> None:
    plain = finish(SQUAT, score=0.3).to_dict()
    assert json.loads(json.dumps(plain)) == plain


def test_seen_for_a_moment_only_is_nobody() -> None:
    assert finish(SQUAT.between(0, 0.5)).reason is Reason.NO_PERSON


def test_a_short_clip() -> None:
    times = np.arange(0, 0.6, 1 / 30)
    assert finish(squat_track(times), times=times).reason is Reason.TOO_SHORT
    assert finish(times=np.zeros(0)).reason is Reason.NO_PERSON


def test_a_repetition_hidden_for_most_of_its_time_is_not_scored() -> None:
    keep = (TIMES < 0.9) | (TIMES > 2.2)
    hidden = PoseTrack(SQUAT.times[keep], SQUAT.joints[keep], SQUAT.confidence[keep])
    assert finish(hidden).verdict is Verdict.NOT_JUDGED


def test_every_reason_has_words() -> None:
    assert set(MESSAGES) == set(Reason)
