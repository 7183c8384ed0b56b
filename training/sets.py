"""The sets that networks learn from and are measured on, all as examples.

sets = Sets(data=Path("../shared/data"), folder=Path("training/runs"))
sets.train, sets.measured("aitrainer", "guide")
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from edge.errors import FeatureError
from training import corpus
from training.corpus import LABELS
from training.datasets import HARD_TO_SEE, SOURCES, DataError, read, read_for_training
from training.examples import Examples, filming_hash, make_examples, plain_examples
from training.filming import features, judged_part
from training.halves import Half, halves
from training.rendered_clips import RenderedClip, load_clips
from training.runs import file_hash
from training.synthetic.limits import LIMITS, severities
from training.takes import Take, corpus_takes, recorded_takes

RECORDED: Final = ("uiprmd-vicon", "uiprmd-kinect")
"""Whom shipped weights may learn from, beside synthetic people."""

COPIES: Final = 4
"""How often every synthetic movement is filmed, each time differently."""

RECORDED_COPIES: Final = 6
TEST_COPIES: Final = 2
SEED: Final = 1


@dataclass(frozen=True)
class Sets:
    """Where everything is.

    :param data: folder of the recorded sets.
    :param folder: folder of what was made: ``corpus/train``, ``corpus/validation``,
        ``corpus/test`` and ``rendered/evaluation``; films are kept in ``films``.
    """

    data: Path
    folder: Path

    def synthetic(self, part: str, copies: int = TEST_COPIES) -> Examples:
        """Return synthetic people of ``train``, ``validation`` or ``test``, filmed at random."""
        takes = corpus_takes(corpus.load(self.folder / "corpus" / part))
        return make_examples(takes, copies, SEED, self.folder / "films")

    @cached_property
    def train(self) -> Examples:
        """Synthetic people to learn from."""
        return self.synthetic("train", COPIES)

    @cached_property
    def validation(self) -> Examples:
        """Other synthetic people, to decide when to stop and to calibrate."""
        return self.synthetic("validation")

    @cached_property
    def test(self) -> Examples:
        """Yet other synthetic people, to measure on."""
        return self.synthetic("test")

    @cached_property
    def recorded(self) -> Examples:
        """The people of UI-PRMD, each repetition exactly as recorded, by either sensor."""
        return plain_examples(recorded_takes(read_for_training(RECORDED, self.data)))

    @cached_property
    def recorded_varied(self) -> Examples:
        """The same people filmed at random, to learn from."""
        takes = recorded_takes(read_for_training(RECORDED, self.data))
        return make_examples(takes, RECORDED_COPIES, SEED, self.folder / "films")

    @cached_property
    def rendered(self) -> Examples:
        """Synthetic people who were drawn to pixels and tracked by the pose model."""
        return rendered_examples(load_clips(self.folder / "rendered" / "evaluation"))

    def takes(self, source: str, half: Half | None = None) -> list[Take]:
        """Return the repetitions of a set that is only measured: one half of it, or all.

        Heels and toes that lift can hardly be seen in ten joints from the front; they are there
        all the same, and :func:`visible` leaves them out.
        """
        takes = recorded_takes(read(source, self.data))
        if half is None:
            return takes
        chosen = set(halves(source, {group(take): _stratum(take) for take in takes})[half])
        return [take for take in takes if group(take) in chosen]

    def measured(self, source: str, half: Half | None = None) -> Examples:
        """Return :meth:`takes` as examples; they are made once."""
        if (source, half) not in self._measured:
            self._measured[source, half] = plain_examples(self.takes(source, half))
        return self._measured[source, half]

    @cached_property
    def _measured(self) -> dict[tuple[str, Half | None], Examples]:
        return {}

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """Hashes of the recorded sets that are there, of filming, limits and corpora."""
        limits = hashlib.sha256(repr(LIMITS).encode()).hexdigest()[:16]
        found = {"filming": filming_hash(), "limits": limits}
        for name, source in SOURCES.items():
            try:
                found[name] = file_hash(source.files(self.data)[0])
            except DataError:
                continue
        for path in sorted((self.folder / "corpus").glob("*/corpus.json")):
            found[f"corpus/{path.parent.name}"] = file_hash(path)
        return found


def group(take: Take) -> str:
    """Return what must not be split: a date of aitrainer, a clip of wing, or else a person."""
    return take.name if take.source == "wing" else take.person.removeprefix(f"{take.source}-")


def _stratum(take: Take) -> str:
    return take.error if take.source == "wing" else ""


def visible(examples: Examples) -> Examples:
    """Return the examples without errors that ten joints from the front can hardly show."""
    return examples.where(~np.isin(examples.error, HARD_TO_SEE))


def rendered_examples(clips: list[RenderedClip]) -> Examples:
    """Return what the pose model saw of rendered clips.

    A clip that the pose model lost is left out; its number is the difference in length.
    """
    rows = []
    for clip in clips:
        try:
            seen = features(judged_part(clip.track))
        except (FeatureError, ValueError):
            continue
        found = severities(clip.measured)
        wrongs = [found[name] for name in LABELS]
        meant = " + ".join(sorted(clip.notes["intent"])) or "none"
        rows.append((seen, wrongs, np.rad2deg(clip.camera.yaw), clip.camera.height,
                     clip.person, meant))  # fmt: skip
    inputs, severity, yaw, height, person, error = zip(*rows, strict=True)
    wrong = (np.array(severity) > 0).astype(np.int64)
    return Examples(
        inputs=list(inputs),
        labels=(wrong.sum(axis=1) == 0).astype(np.int64),
        wrong=wrong,
        severity=np.array(severity),
        view=np.stack([yaw, height], axis=1),
        person=np.array(person),
        error=np.array(error),
        source=np.array(["rendered"] * len(rows)),
    )
