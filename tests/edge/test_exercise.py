"""Packs: what an exercise says about itself must fit together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ExerciseError
from edge.exercise import Fault, Signal, Text, Texts
from edge.exercises import DEFAULT, load, names
from edge.joints import BODY_25
from tests.edge.people import track_of

SQUAT = load("squat")


@pytest.mark.parametrize("name", names())
def test_every_pack_loads_and_says_where_its_numbers_come_from(name: str) -> None:
    exercise = load(name)
    assert exercise.name == name
    assert exercise.faults
    assert all(q.source and q.unit and q.tolerance > 0 for q in exercise.quantities)


@pytest.mark.parametrize("name", names())
def test_every_fault_has_a_short_cue_in_both_languages(name: str) -> None:
    texts = load(name).texts
    for text in texts.faults.values():
        filled = text.fill(value="14", aim="5")
        assert "14" in filled.en and "5" in filled.en
        assert "14" in filled.ko and "5" in filled.ko
        assert len(filled.en) <= 100 and len(filled.ko) <= 70  # short enough to be spoken
    for text in [*texts.faults.values(), *texts.parts.values(), texts.praise, texts.unknown]:
        assert any("가" <= letter <= "힣" for letter in text.ko)
        assert text.ko.rstrip(".!").endswith("요")  # the polite way
        assert "}도" not in text.ko  # degrees are written °, in both languages


@pytest.mark.parametrize(
    ("value", "limit", "told"),
    [(44.8, 45.0, "44.8"), (44.2, 45.0, "44"), (-12.04, -12.0, "12.04"), (12.0001, 12.0, "12.000")],
)
def test_a_number_just_beyond_its_aim_is_not_told_as_the_aim(
    value: float, limit: float, told: str
) -> None:
    assert SQUAT.quantity("depth").tell_beyond(value, limit) == told


def test_the_default_is_there() -> None:
    assert DEFAULT in names()
    assert load() is load(DEFAULT)


def test_an_exercise_that_is_not_there() -> None:
    with pytest.raises(ExerciseError, match=r"no exercise 'handstand'; there are .*squat"):
        load("handstand")


def test_a_fault_needs_its_quantity_text_and_limit() -> None:
    stray = Fault("stray", "torso", "stray", (None, 1.0), "high")
    with pytest.raises(ExerciseError, match="faults without a counterpart: stray"):
        replace(SQUAT, faults=(*SQUAT.faults, stray))
    first = SQUAT.faults[0]
    with pytest.raises(ExerciseError, match="no low limit"):
        replace(SQUAT, faults=(replace(first, aim=(None, 1.0)), *SQUAT.faults[1:]))
    with pytest.raises(ExerciseError, match="quantities without a counterpart: x"):
        replace(SQUAT, faults=(replace(first, quantity="x"), *SQUAT.faults[1:]))
    with pytest.raises(ExerciseError, match="there twice"):
        replace(SQUAT, faults=(first, *SQUAT.faults))
    with pytest.raises(ExerciseError, match="joints without a counterpart: Tail"):
        replace(SQUAT, joints=("Tail",))


def test_a_cue_needs_places_for_number_and_aim() -> None:
    cue = Text(en="Go lower.", ko="더 내려가세요.")
    texts = SQUAT.texts.model_copy(update={"faults": {**SQUAT.texts.faults, "too_shallow": cue}})
    with pytest.raises(ExerciseError, match="cue of too_shallow must have places"):
        replace(SQUAT, texts=texts)


def test_texts_that_are_missing_or_lack_a_language(tmp_path: Path) -> None:
    path = tmp_path / "texts.json"
    with pytest.raises(ExerciseError, match=r"has no texts\.json"):
        Texts.read(path)
    path.write_text('{"name": {"en": "x"}}')
    with pytest.raises(ExerciseError, match=r"not understood: name\.ko"):
        Texts.read(path)


def test_a_signal_is_high_at_rest() -> None:
    track = track_of(np.arange(3.0), np.array([0.0, 1.0, 0.0]))
    hips = Signal(("MidHip",), least=0.3).height(track.joints)
    assert hips[0] == hips[2] > hips[1]
    assert hips[0] - hips[1] == pytest.approx(80)
    # Of a press the hands are low at rest; here they are lower, against the neck, while standing.
    hands = Signal(("RWrist", "LWrist"), least=0.3, above=("Neck",), rest="low")
    assert hands.needs() == [BODY_25.index(name) for name in ("RWrist", "LWrist", "Neck")]
    assert np.diff(hands.height(track.joints)) == pytest.approx([-60, 60])


def test_an_excess_is_positive_beyond_the_limit() -> None:
    fault = Fault("f", "torso", "q", (10.0, 20.0), "low")
    assert fault.excess(8.0) == 2.0
    assert replace(fault, beyond="high").excess(8.0) == -12.0


def test_quantity_tells_amounts_without_a_sign() -> None:
    assert SQUAT.quantity("hip_shift").tell(-14.4) == "14"
    assert SQUAT.quantity("descent").tell(1.25) == "1.2"
