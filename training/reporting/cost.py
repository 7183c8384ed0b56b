"""What the runs cost, where they came from, and how long one assessment takes on the device."""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle import DEFAULT_BUNDLE, Bundle
from edge.classifier import Classifier
from edge.errors import BundleError
from edge.faults import find_faults
from edge.measuring import measure
from edge.repetitions import find_repetitions, with_margin
from edge.track import PoseTrack
from training.filming import SQUAT
from training.reporting.markdown import table

CLIPS = 100
"""Over how many clips an assessment is timed."""

MADE = ("git", "date", "seed", "data_hashes")
"""What a bundle's manifest and the report of its training have in common."""


@dataclass(frozen=True)
class Timing:
    """How long the exported bundle takes for one clip, and how exact it is.

    :param label: name and version of the bundle.
    :param median_ms: processor time of a whole assessment after the pose model, milliseconds.
    :param slowest_ms: the same of the slowest clip in twenty.
    :param explained_ms: the explanation's part of it; 0 where the bundle has none.
    :param apart: the largest difference from Keras, in probability; NaN where it is not known.
    """

    label: str
    median_ms: float
    slowest_ms: float
    explained_ms: float
    apart: float


def saved_runs(folder: Path, data: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Return what is written beside every saved run of these data, by kind and model.

    :param folder: of the comparison's runs; runs of other data in it are left out.
    :param data: hashes of the data, by name.
    """
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(folder.rglob("*.json")):
        about = json.loads(path.read_text(encoding="utf-8"))
        if about["settings"]["data"] == dict(data) and path.with_suffix(".npz").exists():
            found[str(path.parent.relative_to(folder))].append(about)
    return found


def cpu_hours(folder: Path, data: Mapping[str, str]) -> tuple[float, float]:
    """Return the processor hours and the hours of all saved runs; see :func:`saved_runs`."""
    runs = [run for some in saved_runs(folder, data).values() for run in some]
    return (sum(one["cpu_seconds"] for one in runs) / 3600,
            sum(one["seconds"] for one in runs) / 3600)  # fmt: skip


def runs_table(folder: Path, data: Mapping[str, str]) -> str:
    """Return the saved runs of every model with seed, code, data and processor time."""
    found = saved_runs(folder, data)
    rows = [
        [
            name,
            len(runs),
            _all(str(run["settings"]["seed"]) for run in runs),
            _all(run["git"] for run in runs),
            _all(digest_of(run["settings"]["data"]) for run in runs),
            round(sum(run["cpu_seconds"] for run in runs)),
        ]
        for name, runs in found.items()
    ]
    return table(["kind and model", "runs", "seed", "code", "data", "CPU seconds"], rows)


def digest_of(data: Mapping[str, str]) -> str:
    """Return one short hash for the hashes of all data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:8]


def _all(values: Iterable[str]) -> str:
    return ", ".join(sorted(set(values)))


def time_assessments(
    tracks: Sequence[PoseTrack], report: Mapping[str, Any], folder: Path = DEFAULT_BUNDLE
) -> Timing | None:
    """Time everything that is done with a clip once its joints are known, on one core.

    :param tracks: of single repetitions.
    :param report: what the training of the shipped network wrote down.
    :param folder: of the exported bundle.
    :return: None where there is no bundle that can be run, or it holds another network.
    """
    try:
        bundle = Bundle.open(folder)
        classifier = Classifier(bundle)
    except BundleError:
        return None
    made = report.get("training", {})
    if any(bundle.manifest.training.get(key) != made.get(key) for key in MADE):
        return None
    taken, explained = [], []
    for track in tracks[: CLIPS + 1]:
        began = time.process_time()
        for repetition in find_repetitions(track, SQUAT):
            part = with_margin(track, repetition)
            judgement = classifier.judge(part, repetition)
            turned = abs(judgement.view.yaw) if judgement.view else None
            find_faults(SQUAT, measure(SQUAT, part, repetition, turned), judgement)
            before = time.process_time()
            classifier.explain(part, repetition, judgement)
            explained.append(time.process_time() - before)
        taken.append(time.process_time() - began)
    known = bundle.manifest.figures.get("onnx_against_keras", {}).get("largest_difference", {})
    apart = [known[name] for name in ("probabilities", "parts") if name in known]
    return Timing(
        bundle.label,
        1000 * float(np.median(taken[1:])),  # the first one warms up
        1000 * float(np.percentile(taken[1:], 95)),
        1000 * float(np.median(explained[1:])),
        max(apart, default=float("nan")),
    )
