"""``python -m edge.camera_cli``: how high the camera hangs and how it is tilted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import click

from edge.camera_setup import (
    GOOD_HEIGHT,
    LARGEST_ERROR,
    CameraPlace,
    Lens,
    Standing,
    locate_camera,
)
from edge.errors import KioskError
from edge.frames import Frame
from edge.frames.camera import DEMO_CLIPS
from edge.frames.camera_opening import camera_opener
from edge.people import LastMoment, eyes_and_ankles, middle, track_of_nearest
from edge.pose import PoseStream
from edge.pose.blazepose import BlazePose
from edge.positioning import unmet_conditions

STILL_SECONDS: Final = 1.5
"""For so long the maintainer stands still at each place; the joints are averaged over it."""

FURTHER: Final = 0.85
"""The second place counts once the person appears smaller than this share of the first."""

LOOK_SECONDS: Final = 0.1

MATTERS: Final = ("nobody", "not_alone", "hidden", "too_close", "moving")
"""What must not be so: the rest does not change where the eyes and ankles are seen."""


def stand(frames: Iterator[Frame], stream: PoseStream, smaller_than: float) -> Standing:
    """Return where eyes and ankles are once somebody stands still, small enough in the picture.

    :param frames: of the camera.
    :param smaller_than: eyes to ankles in pixels.
    """
    moment, told, next_look = LastMoment(STILL_SECONDS), "", 0.0
    for frame in frames:
        if frame.time < next_look:
            continue
        next_look = frame.time + LOOK_SECONDS
        moment.push(frame.time, stream.estimate(frame))
        sights = moment.sights
        height, width = frame.picture.shape[:2]
        unmet = [c for c in unmet_conditions(sights, (width, height)) if c in MATTERS]
        track = track_of_nearest(sights)
        rows = eyes_and_ankles(middle(track)) if len(track) else None
        say = ", ".join(unmet).replace("_", " ") or "hold it"
        if rows and rows[1] - rows[0] > smaller_than:
            say = "go further back"
        elif rows and not unmet and frame.time - sights[0].time >= STILL_SECONDS:
            return Standing(*rows)
        if say != told:
            click.echo(f"  {say}")
            told = say
    raise KioskError("the pictures have ended")


def report(place: CameraPlace) -> str:
    """Return what the maintainer is told."""
    low, high = (round(100 * metres) for metres in GOOD_HEIGHT)
    if place.advice == "unknown":
        return (
            "The camera's height is unknown: it might be off by more than "
            f"{100 * LARGEST_ERROR:.0f} cm. Try again with the two places further apart."
        )
    lines = [
        f"height   {100 * place.height:.0f} cm, give or take {100 * place.height_error:.0f}",
        f"tilt     {abs(place.tilt):.1f} degrees {'up' if place.tilt > 0 else 'down'}, "
        f"give or take {place.tilt_error:.1f}",
        f"places   {place.near:.1f} m and {place.far:.1f} m away",
    ]
    if place.advice == "good":
        lines.append(f"That is within {low}-{high} cm.")
    else:
        word = {"raise": "below", "lower": "above"}[place.advice]
        lines.append(
            f"That is {word} {low}-{high} cm: {place.advice} the camera, "
            "or the same squat looks different from those the model has learnt from."
        )
    return "\n".join(lines)


@click.command()
@click.option("--camera", default="auto", show_default=True, help="As for scripts/run.")
@click.option(
    "--field-of-view",
    required=True,
    type=click.FloatRange(20, 120),
    help="Of the lens in degrees, from its data sheet.",
)
@click.option(
    "--across",
    default="diagonal",
    show_default=True,
    type=click.Choice(["diagonal", "horizontal", "vertical"]),
    help="Which way the data sheet states it.",
)
@click.option(
    "--body-height",
    required=True,
    type=click.FloatRange(120, 230),
    help="Yours in centimetres, barefoot.",
)
def main(
    camera: str,
    field_of_view: float,
    across: Literal["diagonal", "horizontal", "vertical"],
    body_height: float,
) -> None:
    """Find the camera's height: stand upright about 2.6 m away, then about 3.9 m.

    The kiosk must not be running meanwhile: it holds the camera.
    """
    try:
        stream = BlazePose().open_stream()
        with camera_opener(camera, DEMO_CLIPS / "good.mp4")() as source:
            frames = iter(source)
            height, width = next(frames).picture.shape[:2]
            lens = Lens.of(field_of_view, (width, height), across)
            click.echo("Stand upright about 2.6 m away.")
            near = stand(frames, stream, float("inf"))
            click.echo("Got it. Now about 3.9 m away.")
            far = stand(frames, stream, FURTHER * (near.ankles - near.eyes))
        click.echo(report(locate_camera([near, far], lens, body_height / 100)))
    except KioskError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
