"""Draw squats of synthetic people and track them with the kiosk's own pose model.

    python -m training.rendered --clips 300 --seed 1 --out training/runs/rendered/errors

The pictures go from the renderer, through a camera's blur, noise and encoding, to the pose model
and are not kept. A second call goes on where the first one stopped. Needs OSMesa, so no TensorFlow
in the same process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click
import numpy as np
from tqdm import tqdm

from edge.frames import Frame
from edge.pose import PoseEstimator
from edge.pose.blazepose import BlazePose
from edge.pose.scheduler import PoseScheduler
from edge.subject import SubjectTracker
from edge.track import FloatArray
from training.rendered_clips import RenderedClip
from training.synthetic.camera import Camera, project
from training.synthetic.clips import Movement, sample_bodies, sample_movement
from training.synthetic.clothes import Outfit, dress, sample_outfit
from training.synthetic.filmed import filmed, sample_film
from training.synthetic.gym import sample_gym
from training.synthetic.render import Actor, Picture, Renderer, Scene
from training.synthetic.rig import Rig

TRIES: Final = 12
"""Cameras that are drawn, at most, until one has the whole body in the picture."""

STREAM: Final = 9_000_000
"""Keeps these people and movements apart from a corpus's (:mod:`training.corpus`) of one seed."""


def sample_view(rng: np.random.Generator, joints: FloatArray) -> Camera:
    """Return a camera anywhere it may hang, with the whole body in the picture nearly always.

        camera = sample_view(rng, movement.joints)

    :param rng: source of randomness.
    :param joints: BODY_25 joints [T, 25, 3] in metres.
    """
    for _ in range(TRIES):
        height, distance = rng.uniform(0.6, 2.0), rng.uniform(2.2, 4.5)
        # Aimed at the middle of a standing body, 0.9 m above the floor.
        aim = np.arctan2(0.9 - height, distance)
        camera = Camera(
            height=float(height),
            distance=float(distance),
            yaw=float(np.deg2rad(rng.uniform(-45, 45))),
            pitch=float(aim + np.deg2rad(rng.uniform(-3, 3))),
            roll=float(np.deg2rad(rng.uniform(-3, 3))),
            pan=float(np.deg2rad(rng.uniform(-4, 4))),
            fov=float(np.deg2rad(rng.uniform(45, 65))),
        )
        if in_picture(project(joints, camera), camera).all():
            break
    return camera


def in_picture(pixels: FloatArray, camera: Camera) -> FloatArray:
    """Return which points [...] of pixels [..., 2] are inside the picture."""
    return np.asarray(((pixels > 0) & (pixels < [camera.width, camera.height_px])).all(axis=-1))


def draw(
    movement: Movement, rig: Rig, outfit: Outfit, camera: Camera, rng: np.random.Generator
) -> Iterator[Picture]:
    """Yield the pictures [height, width, 3] of a movement, RGB uint8, in a random room.

    :param movement: what the person does.
    :param rig: the person.
    :param outfit: what the person wears.
    :param camera: where from.
    :param rng: of the room and its light.
    """
    actor = Actor(rig, dress(rig.body, outfit), rig.solve(movement.posture))
    scene = Scene(camera, sample_gym(rng), [actor], light=float(rng.uniform(0.7, 1.2)))
    renderer = Renderer(scene)
    try:
        yield from renderer.frames(len(movement.times))
    finally:
        renderer.close()


def follow(
    estimator: PoseEstimator, times: FloatArray, pictures: Iterator[Picture]
) -> tuple[str, FloatArray, FloatArray]:
    """Return how the choice of the subject went, and the subject's joints and confidences.

    :param estimator: the pose model.
    :param times: moments [T] in seconds.
    :param pictures: T pictures [height, width, 3], RGB uint8.
    :return: the choice, [T, 25, 2] pixels with NaN where the subject was not seen, and [T, 25].
    """
    stream = PoseScheduler(estimator).open_stream()
    subjects = SubjectTracker()
    for time, picture in zip(times, pictures, strict=True):
        frame = Frame(np.ascontiguousarray(picture[..., ::-1]), float(time))
        subjects.push(frame.time, stream.estimate(frame))
    choice, track = subjects.finish()
    joints, confidence = np.full((len(times), 25, 2), np.nan), np.zeros((len(times), 25))
    at = np.searchsorted(times, track.times)
    joints[at], confidence[at] = track.joints, track.confidence
    return choice.value, joints, confidence


def rendered_clip(
    index: int,
    bodies: Sequence[Rig],
    estimator: PoseEstimator,
    *,
    seed: int,
    rate: float = 15.0,
) -> RenderedClip:
    """Return one random squat as the pose model sees it.

        clip = rendered_clip(0, sample_bodies(rng, 3), BlazePose(), seed=1)

    :param index: number of the clip; with the seed it decides everything random.
    :param bodies: the people of this seed.
    :param estimator: the pose model.
    :param seed: of the set.
    :param rate: frames per second.
    """
    rng = np.random.default_rng((seed, STREAM, 1, index))
    movement = sample_movement(rng, bodies, rate=rate)
    outfit, camera = sample_outfit(rng), sample_view(rng, movement.joints)
    pictures = draw(movement, bodies[movement.body], outfit, camera, rng)
    film = sample_film(rng)
    choice, tracked, confidence = follow(
        estimator,
        movement.times,
        filmed(pictures, film, np.random.default_rng(rng.integers(2**32))),
    )
    return RenderedClip(
        person=f"rendered-{seed}-{movement.body:03d}",
        times=movement.times,
        known=project(movement.joints, camera),
        tracked=tracked,
        confidence=confidence,
        repetitions=movement.repetitions,
        camera=camera,
        measured=movement.measured,
        choice=choice,
        notes={
            "intent": movement.intent,
            "style": asdict(movement.style),
            "faults": asdict(movement.faults),
            "phenotype": asdict(bodies[movement.body].body.phenotype),
            "outfit": asdict(outfit),
            "film": asdict(film),
            "pose_model": estimator.name,
        },
    )


@cache
def cast(people: int, seed: int) -> list[Rig]:
    """Return the people of a set; each process makes them once."""
    return sample_bodies(np.random.default_rng((seed, STREAM, 0)), people)


@cache
def pose_model() -> PoseEstimator:
    """Return this process's pose model."""
    return BlazePose(threads=1)


def write_clip(index: int, *, people: int, seed: int, rate: float, out: Path) -> None:
    """Draw, track and write one clip, unless it is there already."""
    path = clip_path(out, index)
    if not path.exists():
        rendered_clip(index, cast(people, seed), pose_model(), seed=seed, rate=rate).save(path)


def clip_path(out: Path, index: int) -> Path:
    """Return where a clip is kept."""
    return out / f"clip_{index:05d}.npz"


@click.command()
@click.option("--clips", default=300, show_default=True, help="How many.")
@click.option("--people", default=60, show_default=True, help="Of how many people.")
@click.option("--seed", default=1, show_default=True, help="Other seeds are other people.")
@click.option("--rate", default=15.0, show_default=True, help="Frames per second.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder to write into; clips that it holds already are kept.",
)
@click.option("--workers", type=int, default=None, help="Processes; all cores by default.")
def main(  # noqa: PLR0917
    clips: int, people: int, seed: int, rate: float, out: Path, workers: int | None
) -> None:
    """Draw squats, track them, and write one .npz file for each."""
    out.mkdir(parents=True, exist_ok=True)
    missing = [index for index in range(clips) if not clip_path(out, index).exists()]
    task = partial(write_clip, people=people, seed=seed, rate=rate, out=out)
    # Started afresh: neither torch's threads nor OSMesa's drawing survive a fork.
    with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        drawing = pool.map(task, missing)
        for _ in tqdm(drawing, desc=out.name, unit="clip", total=len(missing), disable=None):
            pass


if __name__ == "__main__":
    main()
