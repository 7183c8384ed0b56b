"""Standing shoulder presses of synthetic people: from style and faults to postures over time.

People face -y and stand around the origin, as for squats; the hands go from the shoulders to
straight overhead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import trimesh
from scipy import sparse
from scipy.spatial.transform import Rotation

from training.synthetic.body import SEGMENT, Body
from training.synthetic.clothes import Dressed
from training.synthetic.movement import Faults as StandingFaults
from training.synthetic.movement import Style as Standing
from training.synthetic.movement import squat
from training.synthetic.rig import SIDES, Posture, Rig, unit
from training.synthetic.skeleton import FloatArray
from training.synthetic.timing import Repetition, sway

# What a severity of 1 takes away or adds: length of the arms at the top (shares of it), seconds
# and length by which one arm lags, lean (radians), height of the hands at rest (arm lengths).
# Ours, set by looking at the pictures.
UNLOCKED = 0.30
LAG_SECONDS, LAG_LENGTH = 0.30, 0.28
SIDE_LEAN = np.deg2rad(20)
BACK_LEAN = np.deg2rad(26)
HIGH_REST = 0.42

# The girdle rises with the arms: about a third of the way up is the shoulder blade's (Inman,
# Saunders and Abbott 1944), of which the collar bone's own rise is the smaller part.
SHRUG = np.deg2rad(17)


@dataclass(frozen=True)
class Faults:
    """How wrong a press is; 0 is faultless and 1 as bad as one sees.

    :param unlocked: elbows stay bent at the top.
    :param uneven: the left arm lags behind (positive) or the right one, -1 to 1.
    :param side_lean: trunk leans to the person's left (positive) or right, -1 to 1.
    :param back_lean: trunk leans back.
    :param high: hands do not come down to the shoulders between repetitions.
    """

    unlocked: float = 0.0
    uneven: float = 0.0
    side_lean: float = 0.0
    back_lean: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Style:
    """How a person presses when nothing is wrong.

    :param reach: length of the arms at the top, shares of it; 0.99 leaves 16 degrees of bend.
    :param rest: hands above the shoulder joints at rest in arm lengths.
    :param aside: hands outside the shoulder joints at rest in arm lengths.
    :param together: hands outside the shoulder joints at the top in arm lengths.
    :param stance: distance of the ankles in widths between the shoulder joints.
    :param sway: strength of swaying, 1 is usual.
    :param variation: how much repetitions differ, 1 is usual.
    """

    reach: float = 0.985
    rest: float = 0.06
    aside: float = 0.32
    together: float = 0.14
    stance: float = 1.0
    sway: float = 1.0
    variation: float = 1.0


# Standard deviations of the hands' trembling in metres, more than of hands that hold nothing.
_TREMBLE = 0.006


def shoulder_press(  # noqa: PLR0917
    rig: Rig,
    style: Style,
    faults: Faults,
    repetitions: Sequence[Repetition],
    times: FloatArray,
    rng: np.random.Generator,
) -> Posture:
    """Return the posture of a person who presses, and holds the hands at the shoulders between.

        posture = shoulder_press(rig, Style(), Faults(uneven=0.8), reps, times, rng)

    :param rig: the poser of the body.
    :param style: how the person presses.
    :param faults: what is wrong with it.
    :param repetitions: when; none gives a person who holds the hands at the shoulders.
    :param times: moments [T] in seconds.
    :param rng: source of swaying and of the differences between repetitions.
    """
    stance = Standing(stance=style.stance, sway=style.sway)
    posture = squat(rig, stance, StandingFaults(), [], times, rng)
    count = max(1, len(repetitions))
    # How far the whole body is into a repetition, by the arm that does not lag.
    effort = np.sum([rep.depth(times) for rep in repetitions] or [np.zeros(len(times))], axis=0)
    reaches = style.reach - faults.unlocked * UNLOCKED + 0.006 * style.variation * rng.normal(
        0, 1, count
    )  # fmt: skip
    ups = []
    for _, sign in SIDES:
        late = max(0.0, sign * faults.uneven)
        shifted = times - late * LAG_SECONDS
        single = [rep.depth(shifted) for rep in repetitions] or [np.zeros(len(times))]
        tops = np.minimum(reaches, style.reach + 0.01) - late * LAG_LENGTH
        ups.append((np.sum(single, axis=0), np.tensordot(tops, np.stack(single), 1)))
    wrists = np.stack(
        [_wrist(rig, style, faults, sign, up, top)
         for (_, sign), (up, top) in zip(SIDES, ups, strict=True)], 1
    )  # fmt: skip
    wrists += style.sway * np.stack(
        [np.stack([sway(rng, times, _TREMBLE) for _ in range(3)], -1) for _ in SIDES], 1
    )
    posture = _leant(posture, rig, faults, effort)
    ways = np.array([[0.85 * sign, -0.45, -0.35] for _, sign in SIDES])
    fingers = np.array([[-0.15 * sign, -0.1, 1.0] for _, sign in SIDES])
    return replace(
        posture,
        wrists=wrists,
        elbow_way=np.broadcast_to(unit(ways), (len(times), 2, 3)).copy(),
        hand_way=np.broadcast_to(unit(fingers), (len(times), 2, 3)).copy(),
        shrug=SHRUG * np.stack([up for up, _ in ups], -1),
    )


def _wrist(  # noqa: PLR0917
    rig: Rig, style: Style, faults: Faults, sign: float, up: FloatArray, top: FloatArray
) -> FloatArray:
    """Return one wrist from its shoulder joint [T, 3].

    :param up: how far up the hand is [T], 0 to 1.
    :param top: ``up`` times the reach of the repetition, in arm lengths [T].
    """
    arm = rig.upper_arm + rig.forearm
    low = style.rest + faults.high * HIGH_REST
    # Half-way up the forearms are upright over elbows that point aside.
    bow = 0.2 * np.sin(np.pi * up)
    aside = style.aside * (1 - up) + style.together * up + bow
    # Dumbbells go up before the face and end above the shoulders.
    ahead = 0.20 * (1 - up) + 0.02
    high = np.sqrt(np.maximum(top**2 - (style.together * up) ** 2, 0))
    height = low * (1 - up) + high
    return np.asarray(arm * np.stack([sign * aside, -ahead, height], -1))


def _leant(posture: Posture, rig: Rig, faults: Faults, effort: FloatArray) -> Posture:
    """Return the posture with the trunk leaning as the hands go up; feet stay."""
    side = faults.side_lean * SIDE_LEAN * effort
    back = faults.back_lean * BACK_LEAN * effort

    def turn(share: float) -> Any:
        # The person's left is +x: leaning there turns the trunk's top from z to x.
        return Rotation.from_euler("xy", np.stack([-share * back, share * side], -1)).as_matrix()

    # The hips give way to the other side, as they do in anybody who does not fall over.
    trunk = float(rig.body.head("chest")[2] - rig.hip_centre[2])
    pelvis = posture.pelvis.copy()
    pelvis[:, 0] -= 0.45 * trunk * np.sin(side)
    pelvis[:, 1] -= 0.45 * trunk * np.sin(back)
    return replace(
        posture,
        pelvis=pelvis,
        pelvis_turn=turn(0.25) @ posture.pelvis_turn,
        chest_turn=turn(1.0) @ posture.chest_turn,
        head_turn=turn(0.5) @ posture.head_turn,
    )


def with_dumbbells(body: Body, dressed: Dressed) -> Dressed:
    """Return a dressed body that holds a dumbbell in each hand.

    :param body: the resting body.
    :param dressed: the same with its clothes.
    """
    vertices, faces = [dressed.vertices], [dressed.faces]
    weights, colours = [dressed.weights], [dressed.colours]
    total = len(dressed.vertices)
    for side, _ in SIDES:
        hand = body.head(f"hand.{side}")
        along = unit(hand - body.head(f"forearm.{side}"))
        # Across the palm, which faces the thigh at rest: a bar from front to back.
        bar = unit(np.array([0.0, 1, 0]) - along[1] * along)
        grip = hand + 0.075 * along
        for middle, radius, length in ((0.0, 0.014, 0.15), (0.085, 0.055, 0.06),
                                       (-0.085, 0.055, 0.06)):  # fmt: skip
            ends = np.stack(
                [grip + (middle - length / 2) * bar, grip + (middle + length / 2) * bar]
            )
            solid = trimesh.creation.cylinder(radius=radius, segment=ends, sections=18)
            points = np.asarray(solid.vertices)[np.asarray(solid.faces).ravel()]
            vertices.append(points)
            faces.append(np.arange(len(points)).reshape(-1, 3) + total)
            total += len(points)
            held = sparse.lil_array((len(points), len(SEGMENT)))
            held[:, [SEGMENT[f"hand.{side}"]]] = 1
            weights.append(sparse.csr_array(held))
            colours.append(np.full((len(points), 3), 0.17 if radius > 0.02 else 0.6))
    return Dressed(
        vertices=np.concatenate(vertices),
        faces=np.concatenate(faces),
        weights=sparse.csr_array(sparse.vstack(weights)),
        colours=np.concatenate(colours),
    )


def sample_style(rng: np.random.Generator) -> Style:
    """Return a way to press that a coach would accept."""
    return Style(
        reach=float(rng.uniform(0.975, 0.995)),
        rest=float(rng.uniform(0.0, 0.14)),
        aside=float(rng.uniform(0.2, 0.42)),
        together=float(rng.uniform(0.02, 0.25)),
        stance=float(rng.uniform(0.6, 1.4)),
        sway=float(rng.uniform(0.5, 1.8)),
        variation=float(rng.uniform(0.5, 1.3)),
    )
