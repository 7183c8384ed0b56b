"""Push-ups of synthetic people: from style and faults to postures over time.

People lie face down with the head towards -y, hands and toes planted on the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from training.synthetic.body import SEGMENT
from training.synthetic.rig import REACH, SIDES, Posture, Rig, unit
from training.synthetic.skeleton import FloatArray
from training.synthetic.timing import Repetition, sway

# What a severity of 1 adds (radians): the hips break the line from shoulders to ankles, elbows
# stay straighter at the bottom, the head hangs.  Ours, set by looking at the pictures.
SAG = np.deg2rad(34)
PIKE = np.deg2rad(42)
SHALLOW = np.deg2rad(52)
HEAD_DROP = np.deg2rad(52)

# How far the soles stand up from the floor: toes bend in a real shoe, ours is stiff.
FOOT_PITCH = np.deg2rad(66)
# The wrist's centre above the floor when the palm lies on it, in metres.
WRIST_HEIGHT = 0.045


@dataclass(frozen=True)
class Faults:
    """How wrong a push-up is; 0 is faultless and 1 as bad as one sees.

    :param sag: hips hang below the line from shoulders to ankles, more at the bottom.
    :param pike: hips stick up above it.
    :param shallow: elbows stay straighter.
    :param head: head hangs down.
    """

    sag: float = 0.0
    pike: float = 0.0
    shallow: float = 0.0
    head: float = 0.0


@dataclass(frozen=True)
class Style:
    """How a person does push-ups when nothing is wrong.

    :param elbow: angle inside the elbow at the bottom in radians; at 90 degrees the upper arm is
        about level with the floor, the end point of the "90-degree push-up" (The Cooper
        Institute, FitnessGram).
    :param flare: how far the elbows point outwards from the trunk in radians.
    :param hands: distance of the hands in widths between the shoulder joints.
    :param ahead: how far the shoulders are ahead of the hands at the top in metres.
    :param line: trunk above the line of the legs in radians; a little either way is good.
    :param gaze: how far the head is lifted from the line of the trunk in radians.
    :param feet: distance of the ankles in metres.
    :param sway: strength of trembling, 1 is usual.
    :param variation: how much repetitions differ, 1 is usual.
    """

    elbow: float = float(np.deg2rad(76))
    flare: float = float(np.deg2rad(42))
    hands: float = 1.25
    ahead: float = 0.0
    line: float = 0.0
    gaze: float = float(np.deg2rad(18))
    feet: float = 0.2
    sway: float = 1.0
    variation: float = 1.0


# Standard deviations of trembling (radians, metres); a plank on four points sways less than
# quiet standing.
_WOBBLE = {"line": 0.008, "roll": 0.006, "yaw": 0.004, "nod": 0.02, "side": 0.003}


def _turn(axis: str, angle: FloatArray) -> FloatArray:
    return np.asarray(Rotation.from_euler(axis, angle).as_matrix())


def _ankle_height(rig: Rig) -> float:
    """Return how high the ankles are when the tips of the shoes touch the floor, in metres."""
    body = rig.body
    foot = body.weights[:, [SEGMENT["foot.L"]]].toarray()[:, 0] > 0.5
    turned = (body.vertices[foot] - body.head("foot.L")) @ _turn("x", np.array(FOOT_PITCH)).T
    return float(0.007 - turned[:, 2].min())


class _Plank:
    """The posture of one person at given heights of the shoulders.

    The legs pivot about planted ankles; everything above follows from the angle of the legs.
    """

    def __init__(self, rig: Rig, style: Style, line: FloatArray, head: FloatArray,
                 wobble: dict[str, FloatArray]) -> None:  # fmt: skip
        self.rig, self.style, self.line, self.head, self.wobble = rig, style, line, head, wobble
        self.count = len(line)
        self.ankle = _ankle_height(rig)

    def posture(self, legs: FloatArray, wrists: FloatArray | None = None) -> Posture:
        """Return the posture at angles of the legs from the floor [T] in radians.

        :param wrists: wrists from the shoulder joints [T, 2, 3]; arms hang by default.
        """
        rig, count, wobble = self.rig, self.count, self.wobble
        length = REACH * (rig.thigh + rig.shin)
        pelvis = np.stack(
            [wobble["side"], -np.cos(legs) * length, self.ankle + np.sin(legs) * length], -1
        )
        # The lower back takes part of a bend in the line, the hips the rest.
        turns = [
            _turn("zyx", np.stack([wobble["yaw"], wobble["roll"], np.pi / 2 - angle], -1))
            for angle in (
                legs + 0.6 * self.line,
                legs + 1.15 * self.line,
                legs + 1.15 * self.line + self.head + wobble["nod"],
            )
        ]
        ankles = np.array([[sign * self.style.feet / 2, 0, self.ankle] for _, sign in SIDES])
        foot = np.stack([_turn("zx", np.array([-sign * rig.toe_out, FOOT_PITCH]))
                         for _, sign in SIDES])  # fmt: skip
        way = np.array([[0.05 * sign, 0, -1.0] for _, sign in SIDES])
        # Elbows go back to the feet, outwards by the flare, and never under the floor.
        flare = self.style.flare
        elbow = [[sign * np.sin(flare), np.cos(flare), 0.15] for _, sign in SIDES]
        if wrists is None:
            wrists = np.broadcast_to([0.0, 0.0, -0.4], (count, 2, 3))
        fingers = unit(np.array([[0.1 * sign, -1.0, 0.0] for _, sign in SIDES]))
        return Posture(
            pelvis=pelvis,
            pelvis_turn=turns[0],
            chest_turn=turns[1],
            head_turn=turns[2],
            ankles=np.broadcast_to(ankles, (count, 2, 3)).copy(),
            foot_turn=np.broadcast_to(foot, (count, 2, 3, 3)).copy(),
            knee_way=np.broadcast_to(way, (count, 2, 3)).copy(),
            wrists=np.array(wrists),
            elbow_way=np.broadcast_to(unit(np.array(elbow)), (count, 2, 3)).copy(),
            shrug=np.zeros((count, 2)),
            hand_way=np.broadcast_to(fingers, (count, 2, 3)).copy(),
        )

    def shoulders(self, legs: FloatArray) -> FloatArray:
        """Return the shoulder joints [T, 2, 3] at angles of the legs [T]."""
        places = self.rig.solve(self.posture(legs)).places
        return np.asarray(places[:, [SEGMENT[f"upperarm.{side}"] for side, _ in SIDES]])

    def legs_at(self, height: FloatArray) -> FloatArray:
        """Return the angles of the legs [T] at which the shoulders are so high [T] in metres."""
        legs = np.full(self.count, 0.25)
        slope = 1.3  # metres per radian: about the length from ankles to shoulders
        for _ in range(7):
            legs -= (self.shoulders(legs)[..., 2].mean(1) - height) / slope
        return legs


def push_up(  # noqa: PLR0917
    rig: Rig,
    style: Style,
    faults: Faults,
    repetitions: Sequence[Repetition],
    times: FloatArray,
    rng: np.random.Generator,
) -> Posture:
    """Return the posture of a person who does push-ups, and holds the plank between them.

        posture = push_up(rig, Style(), Faults(sag=0.8), reps, times, rng)

    :param rig: the poser of the body.
    :param style: how the person does them.
    :param faults: what is wrong with them.
    :param repetitions: when; none gives a plank.
    :param times: moments [T] in seconds.
    :param rng: source of trembling and of the differences between repetitions.
    """
    count = max(1, len(repetitions))
    depths = np.stack([rep.depth(times) for rep in repetitions] or [np.zeros(len(times))])
    depth = depths.sum(0)
    wobble = {name: style.sway * sway(rng, times, amplitude) for name, amplitude in _WOBBLE.items()}
    wide = rng.normal(0, 1, count) * style.variation
    elbows = style.elbow + faults.shallow * SHALLOW + np.deg2rad(4) * wide
    # Tired hips hang more the lower one is; piked ones are up all the time.
    bend = style.line + faults.sag * SAG * (0.45 + 0.55 * depth) - faults.pike * PIKE
    head = style.gaze - faults.head * HEAD_DROP * (0.6 + 0.4 * depth)
    plank = _Plank(rig, style, bend + wobble["line"], head, wobble)

    # The hands' place comes from the top: elbows nearly straight, shoulders above the hands.
    aside = (style.hands - 1) * rig.shoulder_width / 2
    upper, lower = rig.upper_arm, rig.forearm
    straight = 0.992 * (upper + lower)
    top = WRIST_HEIGHT + np.sqrt(straight**2 - aside**2 - style.ahead**2)
    ends = np.sqrt(upper**2 + lower**2 - 2 * upper * lower * np.cos(elbows))
    # Going down, the shoulders pass a little ahead of the hands.
    forward = style.ahead + 0.07
    bottoms = WRIST_HEIGHT + np.sqrt(np.maximum(ends**2 - aside**2 - forward**2, 0.15**2))
    height = top - np.tensordot(top - bottoms, depths, 1)

    # The plank's own place, free of trembling and faults' movement, tells where hands are put.
    still = _Plank(rig, style, bend[:1], head[:1], {name: np.zeros(1) for name in _WOBBLE})
    start = still.shoulders(still.legs_at(np.array([top])))[0]
    hands = np.array(
        [[start[i, 0] + sign * aside, start[i, 1] + style.ahead, WRIST_HEIGHT]
         for i, (_, sign) in enumerate(SIDES)]
    )  # fmt: skip
    legs = plank.legs_at(height)
    return plank.posture(legs, hands - plank.shoulders(legs))


def sample_style(rng: np.random.Generator) -> Style:
    """Return a way to do push-ups that a coach would accept."""
    return Style(
        elbow=float(np.deg2rad(rng.uniform(60, 86))),
        flare=float(np.deg2rad(rng.uniform(20, 60))),
        hands=float(rng.uniform(1.05, 1.5)),
        ahead=float(rng.uniform(-0.03, 0.05)),
        line=float(np.deg2rad(rng.uniform(-5, 4))),
        gaze=float(np.deg2rad(rng.uniform(8, 22))),
        feet=float(rng.uniform(0.1, 0.3)),
        sway=float(rng.uniform(0.5, 1.8)),
        variation=float(rng.uniform(0.5, 1.3)),
    )
