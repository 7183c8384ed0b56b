"""Examples: inputs of the networks with their labels, made once from takes and kept.

train = make_examples(takes, copies=4, seed=1, cache=Path("training/runs/films"))
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edge.errors import FeatureError
from training import filming
from training.corpus import LABELS
from training.filming import INPUTS, Features, Shot, features, film, judged_part
from training.synthetic.clips import sample_camera
from training.synthetic.pose_errors import PATH as POSE_ERRORS
from training.synthetic.pose_errors import default_bank
from training.takes import Take

LEFT_AND_RIGHT: Final = [0, 2, 1, 3, 4, 5, 6]
"""Order of the labels for somebody seen in a mirror: the knees change places."""

NECK: Final = LABELS.index("neck")

CHUNK: Final = 200
"""Takes that one process films at a time; part of what a seed means."""


@dataclass(frozen=True)
class Examples:
    """What a network learns from or is measured on; everything is N long.

    :param inputs: each [T, 45] float32, each with its own T: all of :data:`INPUTS` side by side.
    :param labels: [N] 1 is correct.
    :param wrong: [N, 7] 1 wrong, 0 fine, -1 unknown.
    :param severity: [N, 7] 0 at the limit; NaN where unknown.
    :param view: [N, 2] yaw in degrees and height in metres; NaN where unknown.
    :param person: [N] names.
    :param error: [N] the sources' words.
    :param source: [N] names of data sets.
    """

    inputs: list[Features]
    labels: npt.NDArray[np.int64]
    wrong: npt.NDArray[np.int64]
    severity: npt.NDArray[np.float64]
    view: npt.NDArray[np.float64]
    person: npt.NDArray[np.str_]
    error: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.inputs)

    def where(self, keep: npt.NDArray[np.bool_]) -> Examples:
        """Return those for which ``keep`` [N] is true."""
        return self.take(np.flatnonzero(keep))

    def take(self, chosen: npt.NDArray[np.int64]) -> Examples:
        """Return those of these indices."""
        arrays = {name: value[chosen] for name, value in self._arrays().items()}
        return Examples(inputs=[self.inputs[i] for i in chosen], **arrays)

    def __add__(self, other: Examples) -> Examples:
        """Return these and the others."""
        mine, theirs = self._arrays(), other._arrays()
        arrays = {name: np.concatenate([mine[name], theirs[name]]) for name in mine}
        return Examples(inputs=self.inputs + other.inputs, **arrays)

    def _arrays(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "inputs"}

    @property
    def head_seen(self) -> npt.NDArray[np.bool_]:
        """Return [N] whether nose and ears are known."""
        known = self.columns("head").stop - 1
        return np.array([bool(one[0, known]) for one in self.inputs])

    def columns(self, name: str) -> slice:
        """Return which columns of the inputs an input has."""
        start = 0
        for other, width in INPUTS.items():
            if other == name:
                return slice(start, start + width)
            start += width
        raise KeyError(name)

    def save(self, path: Path) -> None:
        """Write them to one file; nobody finds half of it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        length = np.array([len(one) for one in self.inputs])
        np.savez(part, inputs=np.concatenate(self.inputs), length=length, **self._arrays())
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Examples:
        """Read what :meth:`save` wrote."""
        with np.load(path) as archive:
            data = {name: archive[name] for name in archive.files}
        ends = np.cumsum(data.pop("length"))
        return cls(inputs=np.split(data.pop("inputs"), ends[:-1]), **data)


def plain_examples(takes: Sequence[Take]) -> Examples:
    """Film every take once, exactly: what a model is measured on."""
    return _filmed((0, list(takes)), copies=1, seed=None)


def make_examples(takes: Sequence[Take], copies: int, seed: int, cache: Path) -> Examples:
    """Film every take so many times, each time differently: what a model learns from.

    :param cache: folder in which they are kept under a hash of all that they were made from.
    """
    about = json.dumps([copies, seed, _digest(takes), filming_hash()])
    path = cache / f"{hashlib.sha256(about.encode()).hexdigest()[:16]}.npz"
    if not path.exists():
        chunks = [
            (number, list(takes[start : start + CHUNK]))
            for number, start in enumerate(range(0, len(takes), CHUNK))
        ]
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            filming = pool.map(partial(_filmed, copies=copies, seed=seed), chunks)
            parts = list(tqdm(filming, total=len(chunks), desc="filming", disable=None))
        together = parts[0]
        for part in parts[1:]:
            together = together + part
        together.save(path)
    return Examples.load(path)


def filming_hash() -> str:
    """Return a hash of what decides how takes are filmed: cameras, the shots, and the errors."""
    sources = inspect.getsource(filming) + inspect.getsource(sample_camera)
    return hashlib.sha256(sources.encode() + POSE_ERRORS.read_bytes()).hexdigest()[:16]


def _labels(take: Take, shot: Shot) -> tuple[int, npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the labels of a take as this shot shows it.

    Where the head is not known nobody can judge the neck: its label is unknown there, and a take
    in which only the neck is wrong is a correct one.
    """
    order = LEFT_AND_RIGHT if shot.mirror else list(range(len(LABELS)))
    wrong, severity = take.wrong[order], take.severity[order]
    correct = take.correct
    if shot.headless and wrong[NECK] >= 0:
        wrong[NECK], severity[NECK] = -1, np.nan
        if (wrong >= 0).sum() == len(LABELS) - 1:
            correct = int(wrong.max() <= 0)
    return correct, wrong, severity


def _digest(takes: Sequence[Take]) -> str:
    digest = hashlib.sha256()
    for take in takes:
        digest.update(take.joints.astype(np.float32).tobytes())
        about: list[Any] = [
            take.times,
            take.moments,
            take.which,
            take.severity,
            take.wrong,
            [take.correct],
        ]
        digest.update(np.concatenate(about).tobytes())
    return digest.hexdigest()


def _filmed(chunk: tuple[int, list[Take]], *, copies: int, seed: int | None) -> Examples:
    """Return examples of a chunk of takes; with a seed at random, without exactly."""
    number, takes = chunk
    rng = np.random.default_rng((seed or 0, number))
    bank = None if seed is None else default_bank()
    rows: list[dict[str, Any]] = []
    for take in takes:
        for _ in range(copies):
            shot = Shot() if seed is None else Shot.random(rng)
            flat = take.joints.shape[2] == 2
            if flat:
                shot = replace(shot, errors=False)  # they have their own
            try:
                inputs = features(judged_part(film(take, shot, rng, bank), shot.cut))
            except FeatureError:
                continue  # too short once cut; too few to matter
            yaw, height = np.rad2deg(shot.camera.yaw), shot.camera.height
            correct, wrong, severity = _labels(take, shot)
            rows.append(
                {
                    "inputs": inputs,
                    "labels": correct,
                    "wrong": wrong,
                    "severity": severity,
                    "view": [np.nan, np.nan] if flat else [yaw, height],
                    "person": take.person,
                    "error": take.error,
                    "source": take.source,
                }
            )
    films = [row.pop("inputs") for row in rows]
    return Examples(films, **{name: np.array([row[name] for row in rows]) for name in rows[0]})
