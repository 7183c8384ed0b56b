"""Whether an answer could be had without looking at the squat: people, copies, length.

twice = same_movement({"train": takes, "test": others})
length_alone(examples)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.baseline import summaries
from training.examples import Examples
from training.measured import threshold_accuracy
from training.measures import area_under_curve, balanced_accuracy
from training.takes import Take

Array = npt.NDArray[np.float64]

SHUFFLES: Final = 20
FOLDS: Final = 5


def _logistic() -> Any:
    # Balanced: where a person of many correct ones is left out, the others have fewer, and the
    # share alone would say "incorrect" of all that person's.
    return make_pipeline(
        StandardScaler(), LogisticRegression(C=0.05, max_iter=2000, class_weight="balanced")
    )


def on_two_sides(sides: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], list[str]]:
    """Return whoever is on two sides, for each pair of sides.

    :param sides: names of people, by the name of the side.
    """
    return {
        (one, other): sorted(set(sides[one]) & set(sides[other]))
        for one, other in combinations(sides, 2)
    }


def dealt_once(left_out: Sequence[Sequence[str]], people: Sequence[str]) -> bool:
    """Tell whether everybody was left out exactly once.

    :param left_out: who was left out of each run.
    :param people: everybody.
    """
    return sorted(name for names in left_out for name in names) == sorted(set(people))


def movement_hash(take: Take) -> str:
    """Return a hash of what a take's joints do, wherever it stands and whoever it is said to be.

    Places are taken from the first frame's and rounded to millimetres (or thousandths), so that a
    copy that was moved is still the same.
    """
    places = np.round(1000 * (take.joints - take.joints[0, 0]))
    known = np.nan_to_num(places, nan=-1e6).astype(np.int64)
    return hashlib.sha256(known.tobytes() + str(known.shape).encode()).hexdigest()


def same_movement(sides: Mapping[str, Sequence[Take]]) -> dict[str, int]:
    """Return how many movements are there twice: within each side, and between each pair."""
    hashes = {name: [movement_hash(take) for take in takes] for name, takes in sides.items()}
    found = {f"within {name}": len(all_) - len(set(all_)) for name, all_ in hashes.items()}
    for one, other in combinations(hashes, 2):
        found[f"{one} and {other}"] = len(set(hashes[one]) & set(hashes[other]))
    return found


def person_predicts(examples: Examples, seed: int = 0) -> dict[str, float]:
    """Return how well a small classifier knows who it is, and what that says of the label.

    Repetitions, not people, are held out: it is meant to have seen everybody. Each person then
    stands for their share of correct repetitions among those that were learnt from.

    :return: ``person``, the share of people recognised; ``chance``, that of the most frequent;
        ``label``, the balanced accuracy of the label that follows from the person.
    """
    inputs = summaries(examples)
    names, numbers = np.unique(examples.person, return_inverse=True)
    # Dealt so that every fold has its share of each person's correct and incorrect ones.
    drawn = np.random.default_rng(seed).random(len(examples))
    fold = np.empty(len(examples), dtype=np.int64)
    fold[np.lexsort((drawn, examples.labels, numbers))] = np.arange(len(examples)) % FOLDS
    parted = PredefinedSplit(fold)
    who = cross_val_predict(_logistic(), inputs, numbers, cv=parted)
    shares = np.zeros(len(examples))
    for learnt, held in parted.split():
        correct = np.array(
            [examples.labels[learnt][numbers[learnt] == n].mean() for n in range(len(names))]
        )
        shares[held] = correct[who[held]]
    overall = float(examples.labels.mean())
    likely = np.asarray(shares >= overall, dtype=np.float64)
    return {
        "person": float((who == numbers).mean()),
        "chance": float(np.bincount(numbers).max() / len(numbers)),
        "label": balanced_accuracy(examples.labels, likely),
    }


def shuffled_labels(examples: Examples, seed: int = 0) -> tuple[float, float]:
    """Return mean and standard deviation of the balanced accuracy after learning from nonsense.

    The labels that are learnt from are shuffled, those measured on are true; people are held out.
    """
    rng = np.random.default_rng(seed)
    inputs = summaries(examples)
    names = np.unique(examples.person)
    held_out = np.array_split(names, min(FOLDS, len(names)))
    found = []
    for _ in range(SHUFFLES):
        scores = np.zeros(len(examples))
        for people in held_out:
            out = np.isin(examples.person, people)
            model = _logistic().fit(inputs[~out], rng.permutation(examples.labels[~out]))
            scores[out] = model.predict_proba(inputs[out])[:, 1]
        found.append(balanced_accuracy(examples.labels, scores))
    return float(np.mean(found)), float(np.std(found))


def length_alone(examples: Examples) -> dict[str, float | None]:
    """Return what is known from the number of frames alone.

    :return: ``area`` under the curve, 0.5 to 1, and ``accuracy``, balanced, of a threshold chosen
        on the others.
    """
    length = np.array([len(one) for one in examples.inputs], dtype=np.float64)
    area = area_under_curve(examples.labels, length)
    return {
        "area": max(area, 1 - area),
        "accuracy": threshold_accuracy(examples.labels, length, examples.person),
    }
