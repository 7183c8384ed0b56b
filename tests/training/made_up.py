"""Made-up people who squat, for the tests of what is done with recordings of them."""

from __future__ import annotations

import numpy as np

from training.corpus import JOINTS, LABELS
from training.datasets import TEN_NAMES, Clip
from training.examples import Examples, plain_examples
from training.takes import Take

# The ten, nose and ears of somebody 1.7 m tall; x left, y back, z up, the left foot further out.
STANDING = np.array(
    [
        [0, 0, 1.42], [-0.18, 0, 1.4], [0.18, 0, 1.4], [0, 0, 0.92], [-0.1, 0, 0.92],
        [-0.12, -0.03, 0.5], [-0.14, 0, 0.08], [0.1, 0, 0.92], [0.12, -0.03, 0.5],
        [0.16, 0, 0.08], [0, -0.12, 1.6], [-0.07, 0, 1.62], [0.07, 0, 1.62],
    ]
)  # fmt: skip
UPPER = [0, 1, 2, 3, 4, 7, 10, 11, 12]
KNEES = [5, 8]
LEFT_KNEE = TEN_NAMES.index("lknee")


def movement(rate: float = 100.0) -> tuple[np.ndarray, np.ndarray]:
    """Return times [T] and joints [T, 13, 3] of a squat of 2 s; the left knee moves out more."""
    times = np.arange(0, 2 + 0.5 / rate, 1 / rate)
    depth = (1 - np.cos(np.pi * times))[:, None] / 2
    joints = np.repeat(STANDING[None], len(times), axis=0)
    joints[:, UPPER, 2] -= 0.45 * depth
    joints[:, KNEES, 2] -= 0.1 * depth
    joints[:, KNEES, 1] -= 0.3 * depth
    joints[:, LEFT_KNEE, 0] += 0.1 * depth[:, 0]
    return times, joints


def take(person: str = "p1", *wrong: str, rate: float = 100.0, source: str = "made-up") -> Take:
    """Return a squat in which some of the labels are wrong and all others fine."""
    times, joints = movement(rate)
    labels = np.array([int(name in wrong) for name in LABELS])
    return Take(
        source=source,
        person=person,
        error=" + ".join(wrong) or "none",
        correct=int(not wrong),
        wrong=labels,
        severity=np.where(labels == 1, 0.5, -0.5),
        times=times,
        joints=joints,
        which=JOINTS,
        moments=(0.0, 1.0, 2.0),
    )


def clip(person: str = "p1", *, correct: bool = True, source: str = "made-up") -> Clip:
    """Return the same squat as a data set in three dimensions has it: x left, y up, z forward."""
    times, joints = movement()
    ten = joints[:, :10]
    turned = np.stack([ten[..., 0], ten[..., 2], -ten[..., 1]], axis=-1)
    return Clip(source, person, correct, "none" if correct else "knee", times, turned)


def examples(*people: str) -> Examples:
    """Return a correct and an incorrect squat of each person, filmed exactly."""
    return plain_examples(
        [one for person in people for one in (take(person), take(person, "left_knee"))]
    )


def toy(count: int, seed: int = 0) -> Examples:
    """Return short, noisy inputs of squats; every other one has its left knee falling in."""
    rng = np.random.default_rng(seed)
    (whole,) = plain_examples([take()]).inputs
    labels = np.arange(count) % 2
    wrong = np.zeros((count, len(LABELS)), np.int64)
    wrong[:, LABELS.index("left_knee")] = 1 - labels
    inputs = []
    for label in labels:
        frames = np.linspace(0, len(whole) - 1, int(rng.integers(14, 20))).astype(int)
        one = whole[frames] + rng.normal(0, 0.01, (len(frames), whole.shape[1]))
        one[:, [2 * LEFT_KNEE, 20 + 2 * LEFT_KNEE]] -= 0.2 * (1 - label)
        inputs.append(one.astype(np.float32))
    return Examples(
        inputs=inputs,
        labels=labels,
        wrong=wrong,
        severity=wrong - 0.5,
        view=np.tile([5.0, 1.2], (count, 1)),
        person=np.array([f"p{number // 4}" for number in range(count)]),
        error=np.where(labels == 1, "none", "left knee in"),
        source=np.array(["made-up"] * count),
    )
