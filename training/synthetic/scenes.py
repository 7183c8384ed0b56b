"""The clips of synthetic people that the project ships, each made from a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from training.synthetic import push_up, shoulder_press
from training.synthetic.arm_signal import arm_signal
from training.synthetic.body import Phenotype
from training.synthetic.camera import Camera
from training.synthetic.clothes import HAIRS, SHIRTS, SHOES, SHORTS, SKINS, Outfit
from training.synthetic.gym import Gym, Mirror, bench, dumbbells, plates, rack
from training.synthetic.movement import Faults, Style
from training.synthetic.staging import Clip, Person
from training.synthetic.timing import Repetition, repetitions

ROOM = Gym(
    wall=1.9,
    pieces=(*rack(1.75, 1.3), *dumbbells(-1.55, 1.6), *plates(-2.75, 1.8)),
)
BLUE_ROOM = Gym(
    wall=2.1,
    wall_colour=(168, 178, 190),
    floor_colour=(120, 104, 84),
    stripe_colour=(150, 50, 60),
    pieces=(*rack(-1.7, 1.5), *bench(1.6, 1.1, (50, 60, 90)), *plates(2.3, 2.0)),
)
MIRROR_ROOM = Gym(
    wall=1.5,
    wall_colour=(200, 194, 180),
    floor_colour=(86, 90, 98),
    stripe_colour=(60, 110, 160),
    mirror=Mirror(left=-1.35, right=1.35, bottom=0.1, top=2.15),
    pieces=(*bench(2.0, 0.6), *plates(-2.1, 1.4)),
)

MAN = Phenotype(female=0.03, age=0.68, muscle=0.68, weight=0.5, proportions=0.6, stature=1.76)
WOMAN = Phenotype(female=0.97, age=0.66, muscle=0.6, weight=0.47, proportions=0.6, stature=1.66)
HEAVY_MAN = Phenotype(female=0.0, age=0.78, muscle=0.5, weight=0.74, proportions=0.45, stature=1.82)
TALL_WOMAN = Phenotype(
    female=1.0, age=0.72, muscle=0.55, weight=0.56, proportions=0.5, stature=1.73
)

BLUE = Outfit(skin=SKINS[2], hair=HAIRS[0], shirt=SHIRTS[0], shorts=SHORTS[0], shoes=SHOES[0])
RED = Outfit(
    skin=SKINS[1], hair=HAIRS[2], shirt=SHIRTS[1], shorts=SHORTS[0], shoes=SHOES[0],
    leg=1.78, tight=True, long_hair=True,
)  # fmt: skip
WHITE = Outfit(
    skin=SKINS[4], hair=HAIRS[0], shirt=SHIRTS[2], shorts=SHORTS[2], shoes=SHOES[2], leg=0.8
)
GREEN = Outfit(
    skin=SKINS[0], hair=HAIRS[5], shirt=SHIRTS[4], shorts=SHORTS[1], shoes=SHOES[3],
    sleeve=0.05, leg=1.8, tight=True, long_hair=True,
)  # fmt: skip
GREY = Outfit(
    skin=SKINS[3], hair=HAIRS[1], shirt=SHIRTS[8], shorts=SHORTS[4], shoes=SHOES[1], sleeve=1.9
)

TESTS = "tests/data/clips"


def _set(seed: int, **tempo: float) -> tuple[Repetition, ...]:
    return tuple(repetitions(np.random.default_rng(seed), 3, **tempo))


def _test_clip(name: str, seconds: float, people: list[Person], **settings: Any) -> Clip:
    return Clip(name, TESTS, f"{TESTS}/{name}", seconds, people, **settings)


def good() -> Clip:
    """Return the demo of three good squats."""
    person = Person(
        MAN, BLUE, Style(rise=-0.09, lean=0.6),
        reps=_set(1, first=1.6, descent=1.3, pause=0.3, ascent=1.1, rest=0.6),
    )  # fmt: skip
    return Clip("good", "edge/demo", f"{TESTS}/demo_good", 12, [person], seed=1, gym=ROOM)


def bad() -> Clip:
    """Return the demo of three bad squats: knees fall inwards, depth is missing."""
    person = Person(
        WOMAN, RED, Style(stance=1.35, toe_out=0.25, lean=0.6),
        Faults(left_knee=0.85, right_knee=0.8, shallow=0.42, forward_lean=0.45),
        reps=_set(2, first=1.6, descent=1.1, pause=0.2, ascent=1.0, rest=0.85),
    )  # fmt: skip
    return Clip("bad", "edge/demo", f"{TESTS}/demo_bad", 12, [person], seed=2, gym=ROOM)


def good_2() -> Clip:
    """Return good squats of another body, hands clasped, the camera 15 degrees aside."""
    person = Person(
        TALL_WOMAN, GREEN, Style(stance=1.3, toe_out=0.38, rise=-0.05, lean=0.62, arms="clasped"),
        reps=_set(3, first=1.1, descent=1.2, pause=0.2, ascent=1.0, rest=0.5),
    )  # fmt: skip
    camera = Camera(yaw=float(np.deg2rad(15)))
    return _test_clip("good_2", 10, [person], seed=3, camera=camera, gym=BLUE_ROOM)


def bad_2() -> Clip:
    """Return bad squats of a heavy man: bends far forwards, head drops, left knee falls in."""
    person = Person(
        HEAVY_MAN, WHITE, Style(stance=1.2, toe_out=0.3, lean=0.7, arms="side"),
        Faults(left_knee=0.75, right_knee=0.1, shallow=0.3, forward_lean=0.65, neck=0.6),
        reps=_set(4, first=1.1, descent=1.1, pause=0.2, ascent=1.1, rest=0.5),
    )  # fmt: skip
    return _test_clip("bad_2", 10, [person], seed=4, camera=Camera(distance=2.75), gym=BLUE_ROOM)


def walk_through() -> Clip:
    """Return a set of squats before which another person walks through the picture."""
    subject = Person(
        MAN,
        BLUE,
        Style(lean=0.62, rise=-0.05),
        reps=_set(5, first=1.2, descent=1.2, ascent=1.0, rest=0.6),
    )
    walker = Person(TALL_WOMAN, RED, path=((2.9, -1.0), (-3.2, -1.05)), leave=2.0, stays=False)
    camera = Camera(distance=2.9)
    return _test_clip("walk_through", 10, [subject, walker], seed=5, camera=camera, gym=ROOM)


def bystander_first() -> Clip:
    """Return a set of squats by one who comes second, while a nearer person only stands."""
    bystander = Person(HEAVY_MAN, GREY, Style(stance=0.9, sway=1.5), x=-0.85, y=-0.75, yaw=0.25)
    subject = Person(
        WOMAN, GREEN, Style(lean=0.62, rise=-0.05), x=0.35,
        reps=_set(6, first=4.7, descent=1.0, pause=0.15, ascent=0.85, rest=0.35),
        path=((2.7, 0.1), (0.35, 0.0)), leave=0.6,
    )  # fmt: skip
    return _test_clip(
        "bystander_first", 12, [bystander, subject], subject=1, seed=6,
        camera=Camera(distance=3.0), gym=ROOM,
    )  # fmt: skip


def mirror() -> Clip:
    """Return a set of squats before a mirror that shows the person's back."""
    person = Person(
        WOMAN, WHITE, Style(lean=0.6, rise=-0.05),
        reps=_set(7, first=1.0, descent=1.1, ascent=0.95, rest=0.5), x=0.3, y=0.25, yaw=-0.15,
    )  # fmt: skip
    camera = Camera(distance=2.6, yaw=float(np.deg2rad(-8)))
    return _test_clip("mirror", 9.5, [person], seed=7, camera=camera, gym=MIRROR_ROOM)


def two_squatters() -> Clip:
    """Return two people of one size who squat side by side: nobody can tell who is meant."""
    tempo = {"first": 1.2, "descent": 1.15, "ascent": 1.0, "rest": 0.5}
    people = [
        Person(MAN, GREY, Style(lean=0.62, rise=-0.05), reps=_set(8, **tempo), x=-0.62),
        Person(
            MAN, BLUE, Style(lean=0.66, arms="clasped"), Faults(left_knee=0.5, right_knee=0.6),
            reps=_set(9, **tempo), x=0.62,
        ),
    ]  # fmt: skip
    return _test_clip(
        "two_squatters", 9.7, people, subject=-1, seed=8, camera=Camera(distance=3.0), gym=BLUE_ROOM
    )


def empty_gym() -> Clip:
    """Return a room with nobody in it."""
    return _test_clip("empty_gym", 3, [], subject=-1, seed=9, gym=ROOM)


def side_view() -> Clip:
    """Return a set of squats seen from the person's side."""
    person = Person(
        MAN, WHITE, Style(lean=0.66, rise=-0.05), yaw=float(np.deg2rad(85)),
        reps=_set(10, first=1.1, descent=1.15, ascent=1.0, rest=0.45),
    )  # fmt: skip
    return _test_clip("side_view", 9.7, [person], seed=10, gym=BLUE_ROOM)


def far_person() -> Clip:
    """Return a set of squats by a person far away, seen from a high camera."""
    person = Person(
        TALL_WOMAN, BLUE, Style(lean=0.64, rise=-0.05),
        reps=_set(11, first=1.1, descent=1.15, ascent=1.0, rest=0.45),
    )  # fmt: skip
    camera = Camera(distance=5.6, height=1.9, pitch=-0.17)
    return _test_clip("far_person", 10, [person], seed=11, camera=camera, gym=ROOM)


def arm_raised() -> Clip:
    """Return somebody who raises an arm, stands, squats twice and stands again: no touch needed."""
    person = Person(
        MAN, BLUE, Style(rise=-0.09, lean=0.6), movement=arm_signal,
        reps=_set(1, first=9.6, descent=1.2, pause=0.2, ascent=1.0, rest=0.5)[:2],
    )  # fmt: skip
    return _test_clip("arm_raised", 18, [person], seed=1, gym=ROOM)


def push_up_good() -> Clip:
    """Return three good push-ups, seen from the person's right."""
    return _push_ups("push_up_good", 21, Person(MAN, BLUE, faults=push_up.Faults()))


def push_up_sag() -> Clip:
    """Return push-ups with hanging hips, seen from the person's left."""
    person = Person(WOMAN, RED, faults=push_up.Faults(sag=0.75))
    return _push_ups("push_up_sag", 22, person, yaw=-1, camera=Camera(height=1.1, pitch=-0.3))


def push_up_shallow() -> Clip:
    """Return push-ups that go half-way down, from a heavier man and a camera farther off."""
    person = Person(HEAVY_MAN, GREY, faults=push_up.Faults(shallow=0.8))
    return _push_ups("push_up_shallow", 23, person, camera=Camera(distance=2.9, pitch=-0.33))


def _push_ups(name: str, seed: int, person: Person, *, yaw: float = 1, **settings: Any) -> Clip:
    """Return a clip of push-ups across the picture.

    :param yaw: 1 shows the person's right side, -1 the left one.
    """
    person = replace(
        person,
        movement=push_up.push_up,
        style=push_up.Style(),
        reps=_set(seed, first=0.9, descent=1.0, pause=0.15, ascent=0.85, rest=0.4),
        # Toes are at the person's origin, the head more than a man's height from there.
        x=-0.75 * yaw,
        yaw=yaw * float(np.deg2rad(90)),
    )
    settings = {"camera": Camera(height=1.2, distance=2.6, pitch=-0.35)} | settings
    return _test_clip(name, 8.6, [person], seed=seed, gym=ROOM, **settings)


def press_good() -> Clip:
    """Return three good shoulder presses with dumbbells."""
    return _presses("press_good", 31, Person(MAN, GREY), shoulder_press.Faults())


def press_half() -> Clip:
    """Return presses that never straighten the arms, empty hands, the camera 10 degrees aside."""
    camera = Camera(distance=3.1, pitch=-0.06, yaw=float(np.deg2rad(-10)))
    person = Person(TALL_WOMAN, GREEN)
    faults = shoulder_press.Faults(unlocked=0.75)
    return _presses("press_half", 32, person, faults, gym=BLUE_ROOM, camera=camera)


def press_uneven() -> Clip:
    """Return presses with dumbbells in which the left arm lags behind."""
    return _presses("press_uneven", 33, Person(WOMAN, RED), shoulder_press.Faults(uneven=0.75))


def _presses(
    name: str, seed: int, person: Person, faults: shoulder_press.Faults, **settings: Any
) -> Clip:
    person = replace(
        person,
        movement=shoulder_press.shoulder_press,
        style=shoulder_press.Style(),
        faults=faults,
        reps=_set(seed, first=0.9, descent=0.95, pause=0.25, ascent=1.0, rest=0.4),
        dumbbells=name != "press_half",
    )
    settings = {"camera": Camera(distance=3.1, pitch=-0.06), "gym": ROOM} | settings
    return _test_clip(name, 8.8, [person], seed=seed, **settings)


_ALL = (
    good, bad, good_2, bad_2, walk_through, bystander_first, mirror, two_squatters, empty_gym,
    side_view, far_person, arm_raised, push_up_good, push_up_sag, push_up_shallow, press_good,
    press_half, press_uneven,
)  # fmt: skip
CLIPS: dict[str, Callable[[], Clip]] = {clip.__name__: clip for clip in _ALL}
