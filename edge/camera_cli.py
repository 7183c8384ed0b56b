"""``python -m edge.camera_cli``: the camera's lens, how high it hangs and how it is tilted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import click
import numpy as np
from pydantic import ValidationError

from edge.camera_setup import (
    GOOD_HEIGHT,
    LARGEST_ERROR,
    CameraPlace,
    Lens,
    Standing,
    locate_camera,
)
from edge.errors import CameraError, CameraSetupError, KioskError
from edge.frames import Frame
from edge.frames.camera import Camera
from edge.frames.camera_demo import DemoCamera
from edge.frames.camera_opening import camera_opener
from edge.lens import FILE, LensCalibration
from edge.lens_board import find_board, printable
from edge.lens_measuring import ViewCollector, judge_lens
from edge.people import LastMoment, eyes_and_ankles, middle, track_of_nearest
from edge.pose import PoseStream
from edge.pose.blazepose import BlazePose
from edge.positioning import unmet_conditions
from edge.settings import Settings

STILL_SECONDS: Final = 1.5
"""For so long the maintainer stands still at each place; the joints are averaged over it."""

FURTHER: Final = 0.85
"""The second place counts once the person appears smaller than this share of the first."""

LOOK_SECONDS: Final = 0.1

BOARD_SECONDS: Final = 60.0
"""For so long nothing new may be shown of the board."""

MATTERS: Final = ("nobody", "not_alone", "hidden", "too_close", "moving")
"""What must not be so: the rest does not change where the eyes and ankles are seen."""


def stand(
    frames: Iterator[Frame],
    stream: PoseStream,
    smaller_than: float,
    bent: LensCalibration | None = None,
) -> Standing:
    """Return where eyes and ankles are once somebody stands still, small enough in the picture.

    :param frames: of the camera.
    :param smaller_than: eyes to ankles in pixels.
    :param bent: the lens, where its distortion is known.
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
        places = middle(bent.track(track) if bent else track) if len(track) else None
        rows = None if places is None else eyes_and_ankles(places)
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


def choose(context: click.Context, _: click.Parameter, camera: str | None) -> None:
    """Take another camera than the settings name."""
    if camera is not None:
        context.obj = context.obj.model_copy(update={"camera": camera})


camera_option = click.option(
    "--camera",
    expose_value=False,
    callback=choose,
    help="As for scripts/run [default: KIOSK_CAMERA].",
)


@click.group()
@click.pass_context
def main(context: click.Context) -> None:
    """Measure the camera's lens, and how high it hangs.

    The kiosk must not be running meanwhile: it holds the camera.
    """
    try:
        context.obj = Settings()
    except ValidationError as error:
        raise click.ClickException(str(error.errors()[0]["msg"])) from error


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
def board(file: Path) -> None:
    """Write the board for measuring the lens to FILE, an SVG page in A4: print it."""
    try:
        file.write_text(printable())
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"{file}: print it at 100 %, glue it onto something flat, then: "
               "scripts/calibrate_camera lens")  # fmt: skip


@main.command()
@camera_option
@click.pass_obj
def lens(settings: Settings) -> None:
    """Measure the lens: show the printed board, near and all over the picture, tilted."""
    try:
        with opened(settings) as source:
            collector = collect(source)
            found = judge_lens(collector.measure(source.name))
        found.keep(settings.data_dir / FILE)
    except KioskError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"focal length {found.focal[0]:.1f} x {found.focal[1]:.1f} pixels, corners within "
        f"{found.error:.2f} pixels over {found.views} views, straightened by up to "
        f"{most_moved(found):.0f} pixels.\nKept; the kiosk uses it from its next start on."
    )


@main.command()
@camera_option
@click.option(
    "--field-of-view",
    type=click.FloatRange(20, 120),
    help="Of the lens in degrees, from its data sheet; needed where the lens was not measured.",
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
@click.pass_obj
def height(
    settings: Settings,
    field_of_view: float | None,
    across: Literal["diagonal", "horizontal", "vertical"],
    body_height: float,
) -> None:
    """Find the camera's height: stand upright about 2.6 m away, then about 3.9 m."""
    try:
        stream = BlazePose().open_stream()
        with opened(settings) as source:
            frames = iter(source)
            rows, columns = next(frames).picture.shape[:2]
            known = LensCalibration.read(settings.data_dir / FILE)
            bent = known and known.fitting(source.name, (columns, rows))
            if bent is None and field_of_view is None:
                raise click.UsageError(
                    "the lens was not measured: say --field-of-view, or measure it first with "
                    "scripts/calibrate_camera lens"
                )
            seen = bent.pinhole if bent else Lens.of(field_of_view or 0, (columns, rows), across)
            click.echo("Stand upright about 2.6 m away.")
            near = stand(frames, stream, float("inf"), bent)
            click.echo("Got it. Now about 3.9 m away.")
            far = stand(frames, stream, FURTHER * (near.ankles - near.eyes), bent)
        click.echo(report(locate_camera([near, far], seen, body_height / 100)))
    except KioskError as error:
        raise click.ClickException(str(error)) from error


def opened(settings: Settings) -> Camera:
    """Open the camera that the settings name.

    :raises CameraError: there is none; the demo clip's cannot be measured.
    """
    camera = camera_opener(settings.camera, settings.demo_clip, settings.mode_of_camera)()
    if isinstance(camera, DemoCamera):
        camera.close()
        raise CameraError("there is no camera to be measured; plug it in, or name it by --camera")
    return camera


def collect(source: Camera) -> ViewCollector:
    """Return enough views of the board, telling meanwhile what to do.

    :raises CameraSetupError: the pictures end, or the board is not shown.
    """
    collector: ViewCollector | None = None
    began = next_look = 0.0
    told = ""
    click.echo("Hold the board before the camera, so that it fills a third of the picture.")
    for frame in source:
        rows, columns = frame.picture.shape[:2]
        if collector is None:
            collector, began = ViewCollector((columns, rows)), frame.time
        if frame.time < next_look:
            continue
        next_look = frame.time + LOOK_SECONDS
        if frame.time - began > BOARD_SECONDS:
            break
        seen = find_board(frame.picture)
        if collector.push(seen):
            began = frame.time
            say = f"{len(collector.views)} views. " + (
                f"Not yet seen: {', '.join(collector.missing)}." if collector.missing
                else "Tilt it another way."
            )  # fmt: skip
            if collector.done:
                click.echo(say)
                return collector
        elif seen is None:
            say = "The board is not seen: nearer, more light, flat."
        else:
            continue
        if say != told:
            click.echo(f"  {say}")
            told = say
    raise CameraSetupError("the board was not shown for a minute; nothing was changed")


def most_moved(found: LensCalibration) -> float:
    """Return by how many pixels the picture's edge is moved at most."""
    across, down = np.linspace(0, found.width - 1, 9), np.linspace(0, found.height - 1, 9)
    edge = np.array([
        *((x, y) for x in across for y in (0.0, found.height - 1)),
        *((x, y) for x in (0.0, found.width - 1) for y in down),
    ])  # fmt: skip
    return float(np.hypot(*(found.points(edge) - edge).T).max())


if __name__ == "__main__":
    main(prog_name="scripts/calibrate_camera")
