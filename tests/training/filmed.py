"""Synthetic movements as a pose model would see them, without drawing a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.errors import FeatureError
from edge.exercise import Exercise
from edge.joints import MID_HIP, NECK, SWAP
from edge.judging import RuleJudge
from edge.repetitions import find_repetitions, with_margin
from edge.track import PoseTrack
from training.synthetic.body import sample_body
from training.synthetic.camera import Camera, project
from training.synthetic.rig import Posture, Rig
from training.synthetic.skeleton import FloatArray

# Torso lengths. On the rendered clips the pose model's median error is 0.01-0.08 for the joints
# that are used; most of it is a bias that lasts, a little is tremble.
BIAS, TREMBLE = 0.03, 0.006
# Metres by which a joint is farther away than that of the other side when it is hidden.
HIDDEN = 0.1
RATE = 30.0


def people(count: int) -> list[Rig]:
    """Return random people."""
    rng = np.random.default_rng(11)
    return [Rig(sample_body(rng)) for _ in range(count)]


def filmed(
    rig: Rig, posture: Posture, times: FloatArray, camera: Camera, rng: np.random.Generator
) -> PoseTrack:
    """Return the joints in the picture with errors like the pose model's."""
    places = rig.joints(rig.solve(posture))
    joints = project(places, camera)
    torso = float(np.median(np.hypot(*(joints[:, NECK] - joints[:, MID_HIP]).T)))
    joints = joints + rng.normal(0, BIAS * torso, joints.shape[1:])
    joints += rng.normal(0, TREMBLE * torso, joints.shape)
    # The pose model trusts itself less with what the near side of the body hides.
    away = np.linalg.norm(places - camera.place, axis=-1)
    confidence = np.where(away - away[:, list(SWAP)] > HIDDEN, 0.4, 1.0)
    return PoseTrack(times, joints, confidence)


def judged(exercise: Exercise, track: PoseTrack) -> list[tuple[float, str]]:
    """Return the score of each repetition and its likeliest fault; NaN for what is not judged."""
    judge = RuleJudge(exercise)
    answers = []
    for repetition in find_repetitions(track, exercise):
        try:
            judgement = judge.judge(with_margin(track, repetition), repetition)
        except FeatureError:
            answers.append((float("nan"), ""))
            continue
        worst = max(judgement.parts, key=lambda name: judgement.parts[name])
        answers.append((judgement.score, worst))
    return answers


def rates(results: Sequence[tuple[str, list[tuple[float, str]]]], count: int) -> dict[str, float]:
    """Return the shares of exact counts, right verdicts, and faults named as they are.

    :param results: for each movement the fault it has ("" for none) and what was judged.
    :param count: how many repetitions each has.
    """
    exact = [len(reps) == count for _, reps in results]
    good = [np.mean([s for s, _ in reps] or [0]) >= 0.5 for fault, reps in results if not fault]
    bad = [np.mean([s for s, _ in reps] or [1]) < 0.5 for fault, reps in results if fault]
    named = [
        sum(name == fault for _, name in reps) > len(reps) / 2 for fault, reps in results if fault
    ]
    left_out = [np.isnan(s) for _, reps in results for s, _ in reps]
    shares = {"not_judged": left_out, "exact": exact, "good": good, "bad": bad, "named": named}
    return {name: float(np.mean(share)) for name, share in shares.items()}
