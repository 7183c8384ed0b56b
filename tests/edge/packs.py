"""What the tests of the exercise packs share: clips through the whole device, and known tracks."""

from __future__ import annotations

import numpy as np

from edge.assessment import Assessment
from edge.exercise import Exercise
from edge.frames.video import VideoFile
from edge.judging import RuleJudge
from edge.pose.blazepose import BlazePose
from edge.repetitions import LiveCounter
from edge.session import ScoringSession
from edge.track import FloatArray, PoseTrack
from tests.clips import KnownClip
from tests.edge.people import poses_of

RATE = 30.0


def assess(name: str, exercise: Exercise, model: BlazePose, *, every: int = 1) -> Assessment:
    """Return what the device says of a rendered clip.

    :param every: look at every so-manieth frame only.
    """
    session = ScoringSession(model.open_stream(), RuleJudge(exercise), exercise=exercise)
    with VideoFile(KnownClip.load(name).video) as video:
        for number, frame in enumerate(video):
            if number % every == 0:
                session.push(frame)
    return session.finish()


def known_track(name: str) -> PoseTrack:
    """Return the known joints of a clip's subject, all seen well."""
    clip = KnownClip.load(name)
    joints = clip.joints[:, clip.subject]
    return PoseTrack(clip.times, joints, np.ones(joints.shape[:2]))


def coming_from(first: FloatArray, track: PoseTrack, *, seconds: float = 2.0) -> PoseTrack:
    """Return a track before and after which the person moves to another posture.

    :param first: that posture, [25, 2] pixels.
    :param seconds: how long each way takes.
    """
    share = np.linspace(0, 1, round(seconds * RATE), endpoint=False)[:, None, None]
    before = (1 - share) * first + share * track.joints[0]
    after = (1 - share[::-1]) * first + share[::-1] * track.joints[-1]
    joints = np.concatenate([before, track.joints, after])
    return PoseTrack(np.arange(len(joints)) / RATE, joints, np.ones(joints.shape[:2]))


def counted_live(track: PoseTrack, exercise: Exercise) -> int:
    """Return how many repetitions are counted while the track runs."""
    counter = LiveCounter(exercise)
    for time, pose in poses_of(track):
        counter.push(time, pose)
    return counter.count
