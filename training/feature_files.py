"""Inputs of the network from tracks: of people who were filmed and tracked by the pose model.

calibration = from_keypoints(Path("recordings/keypoints"), ["differences", "positions", "head"])
golden = golden_inputs(clip_tracks(), ["differences", "positions", "head"])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from edge.errors import FeatureError
from edge.joints import BODY_25, TEN
from edge.preprocessing import MIN_FRAMES, PREPROCESSINGS, prepare
from edge.repetitions import find_repetitions, with_margin
from edge.runtime import Array
from edge.track import FloatArray, PoseTrack
from training.datasets import DataError
from training.datasets.keypoints import Keypoints
from training.examples import Examples
from training.extraction import look
from training.filming import SQUAT

Inputs = dict[str, Array]
"""What the network is given at once: each [N, T, C] float32."""

ROOT: Final = Path(__file__).resolve().parents[1]
DEMO, CLIPS = ROOT / "edge" / "demo", ROOT / "tests" / "data" / "clips"

GOLDEN_CLIPS: Final = {
    "good": DEMO / "good.mp4",
    "bad": DEMO / "bad.mp4",
    "turned": CLIPS / "good_2.mp4",
    "bad-2": CLIPS / "bad_2.mp4",
    "far": CLIPS / "far_person.mp4",
    "mirror": CLIPS / "mirror.mp4",
    "side": CLIPS / "side_view.mp4",
}
"""The clips of the golden cases: the front, both sides, far and high."""

LONGEST: Final = 900
"""Steps at 30 Hz: a recording at the kiosk has at most 30 s."""

AT_ONCE, LENGTH = 9, 60
"""The case with several: as many as an explanation asks for at once, of 2 s each."""


def inputs_of(prepared: FloatArray, names: Sequence[str]) -> Inputs:
    """Return the inputs of these names for joints [N, k, 25, 2] or [k, 25, 2]."""
    several = prepared if prepared.ndim == 4 else prepared[None]
    return {name: PREPROCESSINGS[name, 1](several) for name in names}


def from_examples(examples: Examples, names: Sequence[str]) -> list[Inputs]:
    """Return the inputs of these names of examples, one by one."""
    where = {name: examples.columns(name) for name in names}
    return [
        {name: np.ascontiguousarray(one[None, :, columns]) for name, columns in where.items()}
        for one in examples.inputs
    ]


def from_keypoints(folder: Path, names: Sequence[str]) -> list[Inputs]:
    """Return the inputs of every repetition in the files that ``training.extract`` left.

    :raises DataError: there is no such file, or no repetition in them.
    """
    paths = sorted(folder.glob("*.npz"))
    tracks = (Keypoints.load(path).track for path in paths)
    found = [inputs_of(one, names) for track in tracks for one in prepared_repetitions(track)]
    if not found:
        raise DataError(
            f"there is no repetition in the keypoints in {folder}: run training.extract"
        )
    return found


def prepared_repetitions(track: PoseTrack) -> Iterator[FloatArray]:
    """Yield the prepared joints [k, 25, 2] of each repetition that was seen well enough."""
    for repetition in find_repetitions(track, SQUAT) if len(track) else []:
        try:
            yield prepare(with_margin(track, repetition))
        except FeatureError:
            continue


def clip_tracks(clips: Mapping[str, Path] = GOLDEN_CLIPS) -> dict[str, PoseTrack]:
    """Return what the pose model sees in clips: half a minute of work."""
    return {name: look(path, "").track for name, path in clips.items()}


def golden_inputs(tracks: Mapping[str, PoseTrack], names: Sequence[str]) -> dict[str, Inputs]:
    """Return the inputs of the golden cases by the names of the cases.

    Of every clip two repetitions, the first also without a head; of the first clip the shortest
    and the longest that there may be, and several at once; and several between the first two
    clips, so that some scores are close to the threshold.

    :param tracks: by the names of the clips.
    :raises DataError: no repetition is found in a clip.
    """
    found: dict[str, Inputs] = {}
    for name, track in tracks.items():
        several = list(prepared_repetitions(track))[:2]
        if not several:
            raise DataError(f"there is no repetition in the clip {name}")
        for number, prepared in enumerate(several, start=1):
            found[f"{name}-{number}"] = inputs_of(prepared, names)
        found[f"{name}-headless"] = inputs_of(headless(several[0]), names)
    whole = prepare(next(iter(tracks.values())))
    found["shortest"] = inputs_of(whole[:MIN_FRAMES], names)
    found["longest"] = inputs_of(stretched(whole, LONGEST + 1), names)
    starts = np.linspace(0, len(whole) - LENGTH - 1, AT_ONCE).astype(int)
    together = np.stack([whole[start : start + LENGTH + 1] for start in starts])
    found["several"] = inputs_of(together, names)
    found["between"] = inputs_of(between(*list(tracks.values())[:2]), names)
    return found


def between(one: PoseTrack, other: PoseTrack) -> FloatArray:
    """Return [9, 61, 25, 2] from the first repetition of one clip to that of another."""
    ends = [
        stretched(next(prepared_repetitions(track)), LENGTH + 1)[None] for track in (one, other)
    ]
    shares = np.linspace(0, 1, AT_ONCE)[:, None, None, None]
    return np.asarray(ends[0] * (1 - shares) + ends[1] * shares)


def headless(prepared: FloatArray) -> FloatArray:
    """Return the joints [k, 25, 2] as a source of ten joints has them."""
    ten = np.isin(np.arange(len(BODY_25)), TEN)
    return np.where(ten[:, None], prepared, np.nan)


def stretched(prepared: FloatArray, frames: int) -> FloatArray:
    """Return the joints [frames, 25, 2] of the same movement, slower."""
    at = np.linspace(0, len(prepared) - 1, frames)
    before = np.minimum(at.astype(int), len(prepared) - 2)
    share = (at - before)[:, None, None]
    return np.asarray(prepared[before] * (1 - share) + prepared[before + 1] * share)
