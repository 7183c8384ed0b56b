"""What a score hung on: found by moving one part after the other as is typical."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from edge.errors import BundleError
from edge.exercise import Repetition
from edge.explanation import (
    JOINTS,
    NEEDED,
    PHASES,
    Typical,
    apart,
    corrections,
    explain,
    fitted,
    together,
)
from edge.joints import INDEX, MID_HIP
from edge.judging import View
from edge.preprocessing import Features, positions, prepare
from edge.track import FloatArray
from tests.edge.people import squat_track, with_ears

TIMES = np.arange(0, 3, 1 / 30)
REPETITION = Repetition(0.5, 1.5, 2.5, 0.8)
PHASE = np.interp(TIMES, [0.5, 1.5, 2.5], [0, 0.5, 1])
LEFT_KNEE = 2 * 8
"""Its column of x among the positions of the ten joints."""


def typical_of(prepared: FloatArray) -> Typical:
    """Return this very movement as the typical one."""
    rows = [np.argmin(np.abs(PHASE[:75] - phase)) for phase in np.linspace(0, 1, PHASES)]
    joints = prepared[rows]
    return Typical(joints[None], np.array([[0.0, 1.3]]))


@pytest.fixture(scope="module")
def good() -> FloatArray:
    return prepare(with_ears(squat_track(TIMES)))


@pytest.fixture(scope="module")
def bad(good: FloatArray) -> FloatArray:
    """The same with the left knee falling in on the way up, at two thirds of the time."""
    joints: FloatArray = good.copy()
    joints[:, INDEX["LKnee"], 0] -= 0.4 * np.exp(-0.5 * ((PHASE - 0.7) / 0.08) ** 2)
    return joints


class LooksAtTheLeftKnee:
    """A network whose score falls with how far the left knee is inside of where it was."""

    def __init__(self, good: FloatArray) -> None:
        self._fine = positions(good)[:, LEFT_KNEE]

    def inputs(self, prepared: FloatArray) -> dict[str, Features]:
        return {"positions": positions(prepared)}

    def scores(self, inputs: dict[str, Features]) -> npt.NDArray[np.float64]:
        inside = np.maximum(self._fine - inputs["positions"][..., LEFT_KNEE], 0)
        return np.asarray(1 - inside.max(axis=1), dtype=np.float64)


def test_apart_and_together_are_each_others_inverse() -> None:
    joints = np.random.default_rng(0).normal(0, 1, (20, 25, 2))
    np.testing.assert_allclose(together(apart(joints)), joints, atol=1e-12)
    np.testing.assert_allclose(apart(together(joints)), joints, atol=1e-12)


@pytest.mark.parametrize("part", JOINTS)
def test_a_part_replaced_by_itself_changes_nothing(part: str, bad: FloatArray) -> None:
    assert not corrections(bad, bad, [part]).any()


def test_a_part_is_corrected_to_where_it_typically_is(good: FloatArray, bad: FloatArray) -> None:
    (way,) = corrections(bad, good, ["left_knee"])
    np.testing.assert_allclose(bad + way, good, atol=1e-12, equal_nan=True)
    knee = np.arange(25) == INDEX["LKnee"]
    assert way[:, knee].any() and not way[:, ~knee].any()


def test_parts_are_corrected_together_as_one_by_one(good: FloatArray, bad: FloatArray) -> None:
    other = good + np.random.default_rng(0).normal(0, 0.1, good.shape)
    ways = corrections(bad, other, list(JOINTS))
    for part, way in zip(JOINTS, ways, strict=True):
        np.testing.assert_array_equal(way, corrections(bad, other, [part])[0])


def test_what_hangs_on_a_part_goes_with_it(good: FloatArray) -> None:
    moved = good.copy()
    moved[:, [INDEX[name] for name in JOINTS["hip_joint"]]] += [0.3, 0.0]
    shift = corrections(good, moved, ["hip_joint"])[0, :, :, 0]
    for name in ("Neck", "LShoulder", "Nose", "LEar"):
        assert shift[:, INDEX[name]] == pytest.approx(0.3)
    assert shift[:, INDEX["LKnee"]] == pytest.approx(0.15)  # half-way between hip and ankle
    assert shift[:, INDEX["LAnkle"]] == pytest.approx(0.0)


def test_a_typical_movement_takes_on_the_proportions_of_the_person(good: FloatArray) -> None:
    tall = good * [1.0, 1.3]
    wanted = fitted(good, tall, PHASE)
    assert np.isfinite(wanted[:, list(NEEDED)]).all()
    legs = [one[0, INDEX["LAnkle"], 1] - one[0, MID_HIP, 1] for one in (wanted, tall)]
    assert legs[0] == pytest.approx(legs[1], rel=1e-6)
    np.testing.assert_allclose(fitted(good, good, PHASE), good, atol=1e-9, equal_nan=True)


def test_a_network_that_looks_at_the_left_knee_is_explained_by_it(
    good: FloatArray, bad: FloatArray
) -> None:
    network = LooksAtTheLeftKnee(good)
    (before,) = network.scores({"positions": positions(bad)[None]})
    found = explain(network, bad, 0.0, REPETITION, typical=typical_of(good))
    assert (found.part, found.joint) == ("left_knee", "LKnee")
    assert found.gain == pytest.approx(1 - before, abs=0.05)
    assert set(found.gains) == set(JOINTS)
    others = [gain for part, gain in found.gains.items() if part != "left_knee"]
    assert max(others) < 0.3 * found.gain
    # Phase 0.7 is 0.4 of the way up, which takes 1 s from 1.5 s on.
    assert found.moment == pytest.approx(1.9, abs=0.12)


def test_a_score_that_is_known_is_not_asked_for_again(good: FloatArray, bad: FloatArray) -> None:
    network = LooksAtTheLeftKnee(good)
    (score,) = network.scores({"positions": positions(bad)[None]})
    asked = explain(network, bad, 0.0, REPETITION, typical=typical_of(good))
    told = explain(network, bad, 0.0, REPETITION, typical=typical_of(good), score=float(score))
    assert told == asked


def test_the_clips_own_time_is_told(good: FloatArray, bad: FloatArray) -> None:
    later = Repetition(10.5, 11.5, 12.5, 0.8)
    found = explain(LooksAtTheLeftKnee(good), bad, 10.0, later, typical=typical_of(good))
    assert found.moment == pytest.approx(11.9, abs=0.12)


def test_parts_that_nobody_saw_are_not_asked_about(good: FloatArray, bad: FloatArray) -> None:
    headless = bad.copy()
    headless[:, [INDEX[name] for name in JOINTS["neck"]]] = np.nan
    found = explain(LooksAtTheLeftKnee(good), headless, 0.0, REPETITION, typical=typical_of(good))
    assert "neck" not in found.gains and found.part == "left_knee"


def test_the_nearest_view_is_taken() -> None:
    joints = np.stack([np.full((PHASES, 25, 2), float(number)) for number in range(3)])
    typical = Typical(joints, np.array([[0.0, 1.3], [20.0, 1.3], [0.0, 0.7]]))

    def taken(view: View | None) -> float:
        return float(typical.at(np.array([0.5]), view)[0, 0, 0])

    assert taken(None) == taken(View(3.0, 1.4)) == 0
    assert taken(View(15.0, 1.3)) == 1
    assert taken(View(-2.0, 0.8)) == 2


def test_between_phases_it_is_interpolated_and_held_at_the_ends() -> None:
    rising = np.tile(np.arange(float(PHASES))[:, None, None], (1, 25, 2))
    typical = Typical(rising[None], np.zeros((1, 2)))
    found = typical.at(np.array([-1.0, 0.0, 0.5 / 32, 0.5, 1.0, 2.0]), None)[:, 0, 0]
    assert found == pytest.approx([0, 0, 0.5, 16, 32, 32])


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04cut off"])
def test_a_file_without_typical_repetitions_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "typical.npz"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="no typical repetitions"):
        Typical.load(path)
    np.savez(path, joints=np.zeros(3))
    with pytest.raises(BundleError, match="no typical repetitions"):
        Typical.load(path)
    np.savez(path, joints=np.zeros((2, PHASES, 25, 2)), views=np.zeros((3, 2)))
    with pytest.raises(BundleError, match="another shape"):
        Typical.load(path)
