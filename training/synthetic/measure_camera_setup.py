"""Measure how well the camera's height is found, on rendered people through the pose model.

python -m training.synthetic.measure_camera_setup tests/data/camera_setup.json
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from tqdm import tqdm

from edge.frames import Frame
from edge.people import LastMoment, eyes_and_ankles, middle, track_of_nearest
from edge.pose.blazepose import BlazePose
from training.synthetic.camera import Camera
from training.synthetic.render import Renderer
from training.synthetic.scenes import far_person, good, mirror
from training.synthetic.staging import Clip

HEIGHTS: Final = (0.8, 1.1, 1.3, 1.5, 1.8)
TURNS: Final = (-3.0, 0.0, 3.0)
"""Degrees by which the camera looks past the middle of the nearer person, one for each person."""

PLACES: Final = (2.6, 3.9)
FRAMES: Final = 4


def rows_of(clip: Clip, model: BlazePose) -> tuple[float, float] | None:
    """Return the rows of eyes and ankles in a clip of somebody who stands, or None."""
    moment, stream = LastMoment(10.0), model.open_stream()
    renderer = Renderer(clip.scene())
    for number, picture in enumerate(renderer.frames(FRAMES)):
        frame = Frame(np.ascontiguousarray(picture[..., ::-1]), number / 30)
        moment.push(frame.time, stream.estimate(frame))
    renderer.close()
    return eyes_and_ankles(middle(track_of_nearest(moment.sights)))


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def main(path: Path) -> None:
    """Write what the pose model sees of rendered people at two places to PATH."""
    model, measured = BlazePose(), []
    people = [
        replace(make().people[0], reps=(), x=0.0, y=0.0, yaw=0.0)
        for make in (good, far_person, mirror)
    ]
    cases = [(*pair, height) for height in HEIGHTS for pair in zip(people, TURNS, strict=True)]
    for person, turn, height in tqdm(cases):
        tilt = round(float(np.degrees(np.arctan((0.9 - height) / PLACES[0]))) + turn, 1)
        rows: list[Any] = []
        for distance in PLACES:
            camera = Camera(height=height, distance=distance, pitch=float(np.radians(tilt)))
            clip = Clip("place", "", "", FRAMES / 30, [person], seed=1, camera=camera)
            rows.append(rows_of(clip, model))
        measured.append({
            "height": height, "tilt": tilt, "distances": PLACES, "field_of_view": 52.0,
            "size": [640, 480], "body": person.phenotype.stature, "rows": rows,
        })  # fmt: skip
    path.write_text(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
