"""Draw the project's clips of synthetic people: ``python -m training.synthetic.render_clips``."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import click
import numpy as np
from tqdm import tqdm

from training.synthetic.render import Renderer
from training.synthetic.scenes import CLIPS
from training.synthetic.staging import RATE, Clip


def write_video(clip: Clip, path: Path, *, crf: int) -> np.ndarray:
    """Draw a clip into an H.264 MP4 that browsers play, and return its joints in pixels.

    :param clip: what to draw.
    :param path: the file to write; its folder is made.
    :param crf: quality, 0 best to 51 worst.
    """
    scene = clip.scene()
    path.parent.mkdir(parents=True, exist_ok=True)
    count = len(clip.times)
    renderer = Renderer(scene)
    # Nobody may find half a clip under its name.
    part = path.with_suffix(".part")
    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE))
        stream.width, stream.height = scene.camera.width, scene.camera.height_px
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "slow", "threads": "1"}
        # BT.601 limited range is what players assume of a picture this small.
        stream.codec_context.colorspace = 5
        stream.codec_context.color_range = 1
        for index in tqdm(range(count), desc=clip.name, disable=None):
            frame = av.VideoFrame.from_ndarray(renderer.frame(index), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    part.replace(path)
    renderer.close()
    joints = scene.joints()
    return joints if len(joints) else np.full((count, 0, 25, 2), np.nan)


@click.command()
@click.argument("names", nargs=-1)
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Repository (or other folder) to write edge/demo and tests/data/clips in.",
)
@click.option("--crf", default=26, show_default=True, help="Quality: 0 best, 51 worst.")
def main(names: tuple[str, ...], root: Path, crf: int) -> None:
    """Draw the clips NAMES (all by default) and write their known joints beside them."""
    unknown = set(names) - set(CLIPS)
    if unknown:
        msg = f"no clip {', '.join(sorted(unknown))}; there are {', '.join(sorted(CLIPS))}"
        raise click.BadParameter(msg)
    for name in names or CLIPS:
        clip = CLIPS[name]()
        joints = write_video(clip, root / clip.folder / f"{clip.name}.mp4", crf=crf)
        sidecar = root / clip.sidecar
        sidecar.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            sidecar.with_suffix(".npz"),
            times=clip.times,
            joints=joints.astype(np.float32),
            subject=np.int64(clip.subject),
            meta=np.array(clip.meta()),
        )


if __name__ == "__main__":
    main()
