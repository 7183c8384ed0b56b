"""Reading the data sets, splitting them by person, and filming their repetitions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs .venv-training, see training/README.md")

from edge.joints import TEN
from training import datasets, train
from training.datasets import Clip, DataError
from training.examples import Examples, plain_examples, varied_examples
from training.filming import MIRRORED, Shot, features, film
from training.model import Hyperparameters
from training.projection import Camera

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(
    not (SHARED / "uiprmd_deepsquat_vicon.npz").is_file(),
    reason="the data sets are not beside the checkout",
)

# Neck, shoulders, hips, knees and ankles of somebody 1.7 m tall (x left, y up, z forward).
STANDING = np.array(
    [
        [0, 1.42, 0], [-0.18, 1.4, 0], [0.18, 1.4, 0], [0, 0.92, 0], [-0.1, 0.92, 0],
        [-0.12, 0.5, 0.03], [-0.14, 0.08, 0], [0.1, 0.92, 0], [0.12, 0.5, 0.03], [0.14, 0.08, 0],
    ]
)  # fmt: skip


def squat(person: str = "p1", *, correct: bool = True, rate: float = 100.0) -> Clip:
    """One squat of 2 s in which the hips sink by 0.45 m and the left knee moves out more."""
    times = np.arange(0, 2 + 0.5 / rate, 1 / rate)
    depth = (1 - np.cos(np.pi * times))[:, None] / 2
    joints = np.repeat(STANDING[None], len(times), axis=0)
    joints[:, [0, 1, 2, 3, 4, 7], 1] -= 0.45 * depth
    joints[:, [5, 8], 1] -= 0.1 * depth
    joints[:, [5, 8], 2] += 0.3 * depth
    joints[:, 8, 0] += 0.1 * depth[:, 0]
    return Clip("made-up", person, correct, "none", times, joints)


@pytest.mark.parametrize("name", datasets.SOURCES)
def test_a_missing_data_set_says_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--data"):
        datasets.read(name, tmp_path)


def test_an_unknown_data_set_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="uiprmd-vicon"):
        datasets.read("imagenet", tmp_path)


def test_an_archive_with_other_joints_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "wing_validation_front2d.npz", k10_names=np.array(["nose"]))
    with pytest.raises(DataError, match="order"):
        datasets.read("wing", tmp_path)


@pytest.mark.parametrize("name", ["aitrainer", "wing"])
def test_sets_without_a_licence_are_never_trained_on(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="licence"):
        datasets.read_for_training([name], tmp_path)


def test_unlabelled_repetitions_are_left_out(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "wing_validation_front2d.npz",
        k10=np.zeros((6, 10, 2), np.float32),
        start=np.array([0, 2, 4]),
        length=np.array([2, 2, 2]),
        k10_names=np.array(datasets.TEN_NAMES),
        correct=np.array([1, -1, 0]),
        error=np.array(["none", "unknown", "knees inward"]),
        group=np.array(["a", "a", "b"]),
        fps=np.array([30, 30, 30]),
    )
    clips = datasets.read("wing", tmp_path)
    assert [(clip.person, clip.correct) for clip in clips] == [("wing-a", True), ("wing-b", False)]
    assert clips[0].times == pytest.approx([0, 1 / 30])


@needs_data
@pytest.mark.parametrize(
    ("name", "repetitions", "correct", "people", "axes"),
    [
        ("uiprmd-vicon", 200, 100, 10, 3),
        ("uiprmd-kinect", 200, 100, 10, 3),
        ("aitrainer", 1321, 504, 16, 2),
        ("wing", 51, 10, 1, 2),
    ],
)
def test_each_reader_gives_what_its_source_holds(
    name: str, repetitions: int, correct: int, people: int, axes: int
) -> None:
    clips = datasets.read(name, SHARED)
    assert len(clips) == repetitions
    assert sum(clip.correct for clip in clips) == correct
    assert len(datasets.people(clips)) == people
    assert all(clip.joints.shape == (len(clip.times), len(TEN), axes) for clip in clips)


def test_nobody_is_on_both_sides_of_a_split() -> None:
    clips = [squat(f"p{number % 5}", correct=number % 2 == 0) for number in range(20)]
    inside, outside = datasets.split_by_person(clips, ["p1", "p3"])
    assert not set(datasets.people(inside)) & set(datasets.people(outside))
    assert len(inside) + len(outside) == len(clips)
    assert datasets.people(outside) == ["p1", "p3"]


def test_a_split_by_an_unknown_person_is_refused() -> None:
    with pytest.raises(DataError, match="p9"):
        datasets.split_by_person([squat("p1")], ["p9"])


def test_every_fold_is_measured_on_somebody_it_has_not_learnt_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clips = [
        replace(squat(f"p{number}", correct=number % 2 == 0), source=source)
        for number in range(4)
        for source in train.TRAINED_ON
    ]
    examples = plain_examples(clips)
    made_up = plain_examples([replace(squat("someone"), source="synthetic")] * 8)
    prepared = train.Prepared(examples, examples, made_up, made_up, clips)
    learnt: list[set[str]] = []
    measured: list[str] = []

    def fit(_model: object, mixed: Examples, **_settings: object) -> None:
        learnt.append(set(datasets.people(mixed.clips)))

    def score(_model: object, unseen: Examples) -> np.ndarray:
        (person,) = datasets.people(unseen.clips)
        measured.append(person)
        assert person not in learnt[-1]
        return np.array([0.9 if person == "p0" else 0.1] * len(unseen))

    monkeypatch.setattr(train, "fit", fit)
    monkeypatch.setattr(train, "score", score)
    hyper = Hyperparameters()
    start = train.build(hyper, trainable_with_padding=True).get_weights()
    figures = train.leave_one_out(start, prepared, hyper, seed=1)
    assert measured == ["p0", "p1", "p2", "p3"]
    assert [len(one) for one in learnt] == [4] * 4  # three others and the synthetic one
    assert figures["uiprmd-vicon"]["accuracy_by_group"] == {"p0": 1, "p1": 1, "p2": 0, "p3": 1}


def test_synthetic_people_who_stop_the_training_are_not_learnt_from() -> None:
    clips = [replace(squat(f"s{number}"), source="synthetic") for number in range(10)]
    learnt, strangers = train.part_synthetic(clips)
    assert not set(datasets.people(learnt)) & set(datasets.people(strangers))
    assert len(strangers) == 2


@needs_data
def test_both_recordings_of_a_person_stay_together() -> None:
    clips = datasets.read_for_training(["uiprmd-vicon", "uiprmd-kinect"], SHARED)
    inside, outside = datasets.split_by_person(clips, ["uiprmd-s01"])
    assert {clip.source for clip in outside} == {"uiprmd-vicon", "uiprmd-kinect"}
    assert "uiprmd-s01" not in datasets.people(inside)


def test_somebody_facing_the_camera_has_their_left_at_larger_x_and_their_head_up() -> None:
    pixels = Camera().project(STANDING[None], datasets.ANKLES)[0]
    assert pixels[2, 0] > 320 > pixels[1, 0]
    assert pixels[0, 1] < pixels[3, 1] < pixels[6, 1]


def test_the_point_the_camera_is_aimed_at_is_in_the_middle_of_the_picture() -> None:
    camera = Camera(height=1.3, aim=0.95)
    on_the_line = np.tile([0.0, 0.95, 0.0], (1, 10, 1))
    on_the_line[0, list(datasets.ANKLES), 1] = 0.08
    assert camera.project(on_the_line, datasets.ANKLES)[0, 0] == pytest.approx([320, 240])


def test_a_picture_twice_as_far_away_is_about_half_as_large() -> None:
    heights = [
        np.ptp(Camera(distance=far, height=0.9, aim=0.9).project(STANDING[None], (6, 9))[..., 1])
        for far in (2.0, 4.0)
    ]
    assert heights[0] / heights[1] == pytest.approx(2, rel=0.03)


def test_turning_to_the_left_brings_the_right_shoulder_to_the_camera() -> None:
    pixels = Camera(yaw=30).project(STANDING[None], (6, 9))[0]
    right, left = 320 - pixels[1, 0], pixels[2, 0] - 320
    assert right > left  # the nearer shoulder is further from the middle


def test_the_default_shot_leaves_nothing_to_chance() -> None:
    one, other = (features(squat(), Shot(), np.random.default_rng(seed)) for seed in (1, 2))
    assert np.array_equal(one, other)


def test_a_faster_recording_gives_the_same_input() -> None:
    slow, fast = (
        features(squat(rate=rate), Shot(), np.random.default_rng(0)) for rate in (50, 200)
    )
    assert slow.shape == fast.shape
    assert np.abs(slow - fast).max() < 2e-3


def test_a_mirrored_shot_swaps_left_and_right() -> None:
    rng = np.random.default_rng(0)
    plain, mirrored = (features(squat(), Shot(mirror=m), rng) for m in (False, True))
    swapped = plain.reshape(-1, 10, 2)[:, MIRRORED] * np.array([-1, 1])
    assert np.abs(mirrored - swapped.reshape(mirrored.shape)).max() < 1e-5


def test_tempo_makes_the_input_longer() -> None:
    rng = np.random.default_rng(0)
    plain, slow = (features(squat(), Shot(tempo=t), rng) for t in (1.0, 1.4))
    assert len(slow) / len(plain) == pytest.approx(1.4, abs=0.1)


def test_a_random_shot_has_increasing_times_and_loses_joints_only_for_a_moment() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        track = film(squat(), Shot.random(rng), rng)  # PoseTrack refuses times that do not
        seen = track.confidence[:, list(TEN)]
        assert (seen.max(axis=0) == 1).all()
        assert 1 / np.median(np.diff(track.times)) < 31


def test_examples_are_made_the_same_way_from_the_same_seed() -> None:
    clips = [squat("p1"), squat("p2", correct=False)]
    one, other = (varied_examples(clips, 3, seed=5) for _ in range(2))
    assert len(one) == 6
    assert all(np.array_equal(a, b) for a, b in zip(one.inputs, other.inputs, strict=True))
    assert all(np.isfinite(inputs).all() for inputs in one.inputs)


def test_examples_can_be_chosen_by_person_source_and_error() -> None:
    examples = plain_examples([squat("p1"), squat("p2", correct=False)])
    assert examples.of_people(["p2"]).labels.tolist() == [0]
    assert len(examples.from_source("made-up")) == 2
    assert len(examples.without_errors(["none"])) == 0
    assert len(examples + examples) == 4
