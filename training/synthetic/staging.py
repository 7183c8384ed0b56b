"""What a clip of synthetic people consists of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from training.synthetic.body import Body, Phenotype, body_model
from training.synthetic.camera import Camera
from training.synthetic.clothes import Outfit, dress
from training.synthetic.gym import Gym
from training.synthetic.movement import Faults, Style, squat
from training.synthetic.placing import joined, placed
from training.synthetic.render import Actor, Scene
from training.synthetic.rig import Posture, Rig
from training.synthetic.shoulder_press import with_dumbbells
from training.synthetic.skeleton import FloatArray
from training.synthetic.timing import Repetition, minimum_jerk
from training.synthetic.walking import walk

RATE = 30.0


@dataclass
class Person:
    """One person of a clip.

    :param phenotype: the body.
    :param outfit: the clothes.
    :param style: how the person moves or stands, in the terms of the movement's module.
    :param faults: what is wrong with it, in the same terms.
    :param reps: when the person does repetitions, if at all.
    :param x: where the person stands, metres to the left of the origin.
    :param y: the same, metres behind it.
    :param yaw: radians to the person's own left.
    :param path: corners [K, 2] of the floor to walk along first.
    :param leave: seconds at which the walk begins.
    :param stays: stops at x, y and turns to yaw after the walk, or else is gone by then.
    :param movement: the exercise: what makes style, faults and repetitions into a posture.
    :param dumbbells: holds one in each hand.
    """

    phenotype: Phenotype
    outfit: Outfit
    style: Any = field(default_factory=Style)
    faults: Any = field(default_factory=Faults)
    reps: tuple[Repetition, ...] = ()
    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0
    path: tuple[tuple[float, float], ...] = ()
    leave: float = 0.0
    stays: bool = True
    movement: Callable[..., Posture] = squat
    dumbbells: bool = False


@dataclass
class Clip:
    """A clip before it is drawn.

    :param name: file name without its ending.
    :param folder: where the video belongs, from the repository's root.
    :param sidecar: where the known joints belong, without ending.
    :param seconds: duration.
    :param people: who is in it; reflections follow in the same order.
    :param subject: which of them squats and is to be judged, -1 for none.
    :param seed: of everything random in it.
    :param camera: the camera.
    :param gym: the room.
    """

    name: str
    folder: str
    sidecar: str
    seconds: float
    people: list[Person]
    subject: int = 0
    seed: int = 0
    camera: Camera = field(default_factory=lambda: Camera(distance=2.6))
    gym: Gym = field(default_factory=Gym)

    @property
    def times(self) -> FloatArray:
        """Moments of the frames [T] in seconds."""
        return np.arange(round(self.seconds * RATE)) / RATE

    def scene(self) -> Scene:
        """Return the scene with all bodies dressed and moving."""
        actors = []
        for number, person in enumerate(self.people):
            body: Body = body_model().body(person.phenotype)
            rig = Rig(body)
            rng = np.random.default_rng((self.seed, number))
            posture = _posture(rig, person, self.times, rng)
            dressed = dress(body, person.outfit)
            if person.dumbbells:
                dressed = with_dumbbells(body, dressed)
            actors.append(Actor(rig, dressed, rig.solve(posture)))
        return Scene(self.camera, self.gym, actors)

    def meta(self) -> str:
        """Return the description of the clip as JSON."""
        people = [
            {
                "person": asdict(person.phenotype),
                "outfit": asdict(person.outfit),
                "exercise": person.movement.__name__,
                "movement": asdict(person.style),
                "faults": asdict(person.faults),
                "place": [person.x, person.y, person.yaw],
                "path": person.path,
                "repetitions": [_moments(rep) for rep in person.reps],
            }
            for person in self.people
        ]
        subject: dict[str, Any] = people[self.subject] if self.subject >= 0 else {}
        reps = subject.get("repetitions", [])
        return json.dumps(
            {
                "name": self.name,
                "rate": RATE,
                "seed": self.seed,
                "camera": asdict(self.camera),
                "mirror": None if self.gym.mirror is None else asdict(self.gym.mirror),
                "person": subject.get("person"),
                "movement": subject.get("movement"),
                "faults": subject.get("faults"),
                "repetition_count": len(reps),
                "repetitions": reps,
                "people": people,
            }
        )


def _moments(rep: Repetition) -> dict[str, float]:
    return {"start": rep.start, "bottom": rep.bottom, "end": rep.end}


def _posture(rig: Rig, person: Person, times: FloatArray, rng: np.random.Generator) -> Posture:
    still = person.movement(
        rig, person.style, person.faults, repetitions=person.reps, times=times, rng=rng
    )
    still = placed(still, person.x, person.y, person.yaw)
    if not person.path:
        return still
    if not person.stays:
        return walk(rig, person.path, times, leave=person.leave)[0]
    walking, arrival = walk(
        rig, person.path, times, leave=person.leave, stand=still, yaw_end=person.yaw
    )
    # The last half second of the walk fades into standing; the feet are there already.
    return joined(walking, still, minimum_jerk((times - arrival + 0.5) / 0.5))
