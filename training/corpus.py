"""Movements of synthetic people, made once and kept: what everything else is filmed from.

    python -m training.corpus --people 400 --each 24 --seed 1 --out training/runs/corpus/train

Every person has a seed of their own, so the answer does not depend on how many processes made
it, and a run that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edge.joints import INDEX, TEN
from training.datasets import PARTS
from training.synthetic.limits import LIMITS, TOO_DEEP, severities

JOINTS: Final = (*TEN, INDEX["Nose"], INDEX["REar"], INDEX["LEar"])
"""BODY_25 numbers of the joints that are kept: the ten and the head's."""

LABELS: Final = (*PARTS, TOO_DEEP)
"""What each movement is labelled with, in the order of the network's heads."""

QUANTITIES: Final = tuple(LIMITS)

HIPS: Final = TEN.index(INDEX["MidHip"])

LOWEST: Final = 0.1
"""Metres: whose hips sink below this would have sunk into the floor; left out."""

RATE: Final = 30.0


@dataclass(frozen=True)
class Corpus:
    """Many movements, one repetition each; all arrays are N long.

    :param times: N arrays [T] in seconds.
    :param joints: N arrays [T, 13, 3] in metres, joints of :data:`JOINTS`; x left, y back, z up.
    :param moments: [N, 3] seconds of start, bottom and end.
    :param severity: [N, 7] of each of :data:`LABELS`; above 0 is wrong.
    :param measured: [N, 8] the quantities :data:`QUANTITIES`.
    :param intent: N descriptions of what was meant to be wrong.
    :param person: [N] numbers of people.
    :param seed: of the corpus; people of another seed are other people.
    """

    times: list[npt.NDArray[np.float64]]
    joints: list[npt.NDArray[np.float32]]
    moments: npt.NDArray[np.float64]
    severity: npt.NDArray[np.float64]
    measured: npt.NDArray[np.float64]
    intent: list[dict[str, float]]
    person: npt.NDArray[np.int64]
    seed: int

    def __len__(self) -> int:
        """Return how many movements there are."""
        return len(self.times)

    def take(self, keep: npt.NDArray[np.bool_]) -> Corpus:
        """Return the movements for which ``keep`` [N] is true."""
        chosen = np.flatnonzero(keep)
        return Corpus(
            times=[self.times[i] for i in chosen],
            joints=[self.joints[i] for i in chosen],
            moments=self.moments[chosen],
            severity=self.severity[chosen],
            measured=self.measured[chosen],
            intent=[self.intent[i] for i in chosen],
            person=self.person[chosen],
            seed=self.seed,
        )

    @property
    def correct(self) -> npt.NDArray[np.int64]:
        """Return [N] 1 where no part is wrong."""
        return np.asarray((self.severity <= 0).all(axis=1), dtype=np.int64)


def make_person(number: int, *, each: int, seed: int) -> dict[str, Any]:
    """Return the movements of one person, ready to be stored."""
    # Only here: the readers of a corpus need no body model.
    from training.synthetic.clips import sample_bodies, sample_movement  # noqa: PLC0415

    rng = np.random.default_rng((seed, number))
    rigs = sample_bodies(rng, 1)
    movements = [
        # Half of them are meant to be correct, whatever chance says of one person.
        sample_movement(rng, rigs, correct=index % 2 == 0, rate=RATE)
        for index in range(each)
    ]
    return {
        "length": np.array([len(m.times) for m in movements]),
        "joints": np.concatenate([m.joints[:, list(JOINTS)] for m in movements]).astype(np.float32),
        "moments": np.array(
            [[m.repetitions[0].start, m.repetitions[0].bottom, m.repetitions[0].end]
             for m in movements]
        ),
        "measured": np.array([[m.measured[name] for name in QUANTITIES] for m in movements]),
        "intent": np.array([json.dumps(m.intent) for m in movements]),
    }  # fmt: skip


def _store(number: int, *, each: int, seed: int, out: Path) -> int:
    path = out / f"person_{number:04d}.npz"
    if not path.exists():
        part = path.with_suffix(".part.npz")
        np.savez(part, **make_person(number, each=each, seed=seed))
        part.replace(path)
    return number


def make(people: int, each: int, seed: int, out: Path, workers: int | None = None) -> None:
    """Make what is missing of a corpus.

    :raises click.ClickException: the folder holds a corpus of another kind.
    """
    out.mkdir(parents=True, exist_ok=True)
    about = {"people": people, "each": each, "seed": seed}
    written = out / "corpus.json"
    if written.exists() and json.loads(written.read_text()) != about:
        raise click.ClickException(f"{out} holds another corpus: name a new folder, or empty it")
    written.write_text(json.dumps(about))
    task = partial(_store, each=each, seed=seed, out=out)
    # Started afresh: torch's threads do not survive a fork.
    with ProcessPoolExecutor(workers or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for _ in tqdm(pool.map(task, range(people)), total=people, desc=out.name, disable=None):
            pass


def load(folder: Path) -> Corpus:
    """Read a whole corpus.

    :raises click.ClickException: it is missing or incomplete.
    """
    written = folder / "corpus.json"
    if not written.exists():
        raise click.ClickException(f"no corpus in {folder}: python -m training.corpus makes it")
    about = json.loads(written.read_text())
    times, joints, parts, person = [], [], [], []
    for number in range(about["people"]):
        path = folder / f"person_{number:04d}.npz"
        if not path.exists():
            raise click.ClickException(f"{path} is missing: run python -m training.corpus again")
        with np.load(path) as archive:
            part = {key: archive[key] for key in archive.files}
        ends = np.cumsum(part["length"])
        joints += np.split(part["joints"], ends[:-1])
        times += [np.arange(length) / RATE for length in part["length"]]
        person += [number] * len(ends)
        parts.append(part)
    together = {
        key: np.concatenate([part[key] for part in parts])
        for key in ("moments", "measured", "intent")
    }
    intents = [json.loads(str(text)) for text in together.pop("intent")]
    # Labels are never stored: they follow from the measured quantities and today's limits.
    wrong = [severities(dict(zip(QUANTITIES, row, strict=True))) for row in together["measured"]]
    together["severity"] = np.array([[one[name] for name in LABELS] for one in wrong])
    corpus = Corpus(times, joints, **together, intent=intents, person=np.array(person),
                    seed=about["seed"])  # fmt: skip
    return corpus.take(np.array([one[:, HIPS, 2].min() > LOWEST for one in joints]))


@click.command()
@click.option("--people", default=400, help="How many bodies.")
@click.option("--each", default=24, help="Repetitions of each.")
@click.option("--seed", default=1, help="Other seeds are other people.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder.")
@click.option("--workers", type=int, default=None, help="Processes; all cores by default.")
def main(people: int, each: int, seed: int, out: Path, workers: int | None) -> None:
    """Make the movements of synthetic people."""
    make(people, each, seed, out, workers)


if __name__ == "__main__":
    main()
