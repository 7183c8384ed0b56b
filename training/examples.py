"""Examples: inputs of the network with their labels and the clips they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.preprocessing import FeatureError
from training.datasets import Clip
from training.filming import Features, Shot, features


@dataclass(frozen=True)
class Examples:
    """What the network learns from or is measured on; all lists are N long.

    :param inputs: each [T, 20] float32, each with its own T.
    :param labels: [N] 1 is correct.
    :param clips: the clip behind each input.
    """

    inputs: list[Features]
    labels: npt.NDArray[np.int64]
    clips: list[Clip]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.inputs)

    @classmethod
    def none(cls) -> Examples:
        """Return no examples, to add others to."""
        return cls([], np.zeros(0, dtype=np.int64), [])

    def sample(self, count: int, seed: int) -> Examples:
        """Return at most so many of them, chosen by chance."""
        order = np.random.default_rng(seed).permutation(len(self))[:count]
        return self._take(np.sort(order).tolist())

    def of_people(self, names: Sequence[str]) -> Examples:
        """Return the examples of these people only."""
        return self._where([clip.person in set(names) for clip in self.clips])

    def from_source(self, name: str) -> Examples:
        """Return the examples of one data set only."""
        return self._where([clip.source == name for clip in self.clips])

    def without_errors(self, names: Sequence[str]) -> Examples:
        """Return the examples that do not show these errors."""
        return self._where([clip.error not in names for clip in self.clips])

    def _where(self, keep: Sequence[bool]) -> Examples:
        return self._take([index for index, wanted in enumerate(keep) if wanted])

    def _take(self, chosen: Sequence[int]) -> Examples:
        return Examples(
            [self.inputs[i] for i in chosen],
            self.labels[list(chosen)],
            [self.clips[i] for i in chosen],
        )

    def __add__(self, other: Examples) -> Examples:
        """Return these and the others."""
        return Examples(
            self.inputs + other.inputs,
            np.concatenate([self.labels, other.labels]),
            self.clips + other.clips,
        )


def plain_examples(clips: Sequence[Clip]) -> Examples:
    """Film every clip once, exactly: what a model is measured on."""
    rng = np.random.default_rng(0)  # the default shot leaves nothing to chance
    return _examples(clips, [Shot()] * len(clips), rng)


def varied_examples(clips: Sequence[Clip], times: int, seed: int) -> Examples:
    """Film every clip so many times, each time differently: what a model learns from."""
    rng = np.random.default_rng(seed)
    repeated = [clip for clip in clips for _ in range(times)]
    return _examples(repeated, [Shot.random(rng) for _ in repeated], rng)


def _examples(clips: Sequence[Clip], shots: Sequence[Shot], rng: np.random.Generator) -> Examples:
    inputs, kept = [], []
    for clip, shot in zip(clips, shots, strict=True):
        try:
            inputs.append(features(clip, shot, rng))
        except FeatureError:
            continue  # too short once cut; too few to matter
        kept.append(clip)
    labels = np.array([clip.correct for clip in kept], dtype=np.int64)
    return Examples(inputs, labels, kept)
