"""What a page draws over the clean clip: skeleton, depth, faults and a good repetition."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge.assessment import LIKELY, rounded
from edge.clip import picture_size
from edge.comparison import good_repetition
from edge.errors import ExerciseError, FeatureError
from edge.exercise import Exercise, Repetition
from edge.exercises import load
from edge.explanation import JOINTS, Typical
from edge.joints import BODY_25, BONES, INDEX
from edge.judging import View
from edge.measuring import course_of
from edge.preprocessing import MIN_CONFIDENCE
from edge.track import PoseTrack
from kiosk_ui.replays import load_track
from kiosk_ui.scores import Score
from kiosk_ui.store import CLIP, TRACK, ScoreStore

log = logging.getLogger(__name__)

MOTION: Final = "motion-1.json"
"""The file beside a score's track; its number changes with what is in it."""


def motion_file(store: ScoreStore, score: Score, typical: Typical | None) -> Path:
    """Return the file with what is drawn over a finished score's clip; it is made only once.

        path = motion_file(services.store, score, services.typical)

    :param typical: typical correct repetitions; None: there is nothing to compare with.
    :raises OSError: the clip or its track is not there, or the disk is full.
    """
    path = store.path(score.id, MOTION)
    if not path.is_file():
        size = picture_size(store.path(score.id, CLIP))
        track = load_track(store.path(score.id, TRACK))
        made = motion_of(track, score.assessment or {}, size, typical)
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(json.dumps(made, separators=(",", ":")))
        partial.replace(path)
    return path


def motion_of(
    track: PoseTrack,
    assessment: Mapping[str, Any],
    size: tuple[int, int],
    typical: Typical | None = None,
) -> dict[str, Any]:
    """Return in plain types what a page draws over a clip.

        motion_of(track, assessment.to_dict(), (640, 480))["poses"][0]

    :param track: the subject, in pixels of the clip.
    :param assessment: what :meth:`edge.assessment.Assessment.to_dict` gave.
    :param size: width and height of the clip's picture in pixels.
    """
    found = assessment.get("repetitions", ())
    repetitions = [Repetition(r["start"], r["turn"], r["end"], r["travel"]) for r in found]
    exercise = _exercise(assessment)
    view = assessment.get("view")
    good = []
    for number, repetition in enumerate(repetitions):
        made = typical and good_repetition(track, repetition, typical, view and View(**view))
        if made:
            good.append({"repetition": number, **_plain(made)})
    return {
        "size": list(size),
        "joints": list(BODY_25),
        "bones": [[INDEX[one], INDEX[other]] for one, other in BONES],
        **_plain(track),
        "course": _course(exercise, track, repetitions),
        "repetitions": [{key: r[key] for key in ("start", "turn", "end", "faults")} for r in found],
        "faults": [
            {
                "name": fault["name"],
                "moment": fault["moment"],
                "joints": _joints(exercise, fault),
            }
            for fault in assessment.get("faults", ())
            if fault["visible"] and fault["probability"] >= LIKELY
        ],
        "good": good,
    }


def _exercise(assessment: Mapping[str, Any]) -> Exercise | None:
    try:
        return load(assessment.get("exercise") or "")
    except ExerciseError:  # a score of another version
        return None


def _plain(track: PoseTrack) -> dict[str, Any]:
    """Return times, and for each the joints' places to a tenth of a pixel; None: not seen."""
    seen = (track.confidence >= MIN_CONFIDENCE) & np.isfinite(track.joints).all(axis=2)
    return {
        "times": track.times.round(3).tolist(),
        "poses": [
            [place if good else None for place, good in zip(places, goods, strict=True)]
            for places, goods in zip(
                track.joints.round(1).tolist(), seen.tolist(), strict=True
            )
        ],
    }  # fmt: skip


def _course(
    exercise: Exercise | None, track: PoseTrack, repetitions: list[Repetition]
) -> dict[str, Any] | None:
    """Return the quantity of the exercise that tells how far in it somebody is, over the clip."""
    quantity = next((q for q in exercise.quantities if q.course), None) if exercise else None
    if exercise is None or quantity is None:
        return None
    try:
        course = course_of(quantity, track, repetitions)
    except FeatureError:
        return None
    if course is None:
        return None
    limits = [fault.limit for fault in exercise.faults if fault.quantity == quantity.name]
    return {
        "quantity": quantity.name,
        "label": exercise.texts.quantities[quantity.name].model_dump(),
        "unit": quantity.unit,
        "aim": sorted(limits),
        "times": course[0].round(3).tolist(),
        "values": [rounded(v, 1) if np.isfinite(v) else None for v in course[1].tolist()],
    }


def _joints(exercise: Exercise | None, fault: Mapping[str, Any]) -> list[str]:
    """Return the joints that a fault is about: its part's, else its quantity's."""
    if fault["part"] in JOINTS or exercise is None:
        return list(JOINTS.get(fault["part"], ()))
    name = fault["quantity"]
    return list(exercise.quantity(name).joints) if name else []
