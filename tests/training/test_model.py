"""The networks: their shapes, their padding, and what is deployed of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs .venv-training, see training/README.md")

import keras

from edge.preprocessing import MIN_FRAMES
from training.corpus import LABELS
from training.filming import INPUTS
from training.fitting import pad
from training.model import VIEW, VIEW_MEAN, Hyperparameters, build, deployable

ALL = tuple(INPUTS)
KINDS = [
    Hyperparameters(),
    Hyperparameters(lstm_outputs="direction", dropout_after="dense"),
    Hyperparameters(dropout_after="both"),
    Hyperparameters("no_lstm", inputs=ALL[:2]),
    Hyperparameters("no_convolutions"),
    Hyperparameters("parts", inputs=ALL),
]


def named(hyper: Hyperparameters) -> str:
    return f"{hyper.kind}-{len(hyper.inputs)}-{hyper.lstm_outputs}-{hyper.dropout_after}"


def columns(together: np.ndarray, hyper: Hyperparameters) -> dict[str, np.ndarray]:
    """Return the named inputs of all of them side by side [..., 45]."""
    ends = np.cumsum(list(INPUTS.values()))[:-1]
    return {
        name: one
        for name, one in zip(INPUTS, np.split(together, ends, axis=-1), strict=True)
        if name in hyper.inputs
    }


def test_the_layers_are_those_of_the_thesis() -> None:
    model = build(Hyperparameters(), trainable_with_padding=False)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D)]
    found = [(layer.filters, *layer.kernel_size) for layer in convolutions]
    assert found == [(32, 5), (64, 3), (64, 3)]
    assert model.get_layer("both_ways").output.shape == (None, 64)
    assert model.get_layer("dense").units == 32
    assert [x.rate for x in model.layers if isinstance(x, keras.layers.Dropout)] == [0.3]
    assert {name: one.shape for name, one in model.output.items()} == {"probabilities": (None, 2)}
    assert {name: one.shape for name, one in model.input.items()} == {
        "differences": (None, None, 20)
    }
    assert Hyperparameters().learning_rate == 0.003


def test_64_outputs_can_mean_64_per_direction() -> None:
    model = build(Hyperparameters(lstm_outputs="direction"), trainable_with_padding=False)
    assert model.get_layer("both_ways").output.shape == (None, 128)


@pytest.mark.parametrize(("kind", "missing"), [("no_lstm", "LSTM"), ("no_convolutions", "Conv1D")])
def test_what_is_taken_out_is_out(kind: str, missing: str) -> None:
    hyper = Hyperparameters(kind)  # type: ignore[arg-type]
    model = build(hyper, trainable_with_padding=False)
    names = {type(layer).__name__ for layer in model.layers}
    names |= {type(getattr(layer, "layer", layer)).__name__ for layer in model.layers}
    assert missing not in names
    assert hyper.outputs == ("probabilities",)


def test_ours_judges_parts_and_view_too() -> None:
    hyper = Hyperparameters("parts", inputs=ALL)
    model = build(hyper, trainable_with_padding=False)
    assert set(model.output) == set(hyper.outputs) == {"probabilities", "parts", "view"}
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    said = model(columns(rng.normal(0, 0.05, (3, 40, 45)).astype("f4"), hyper), training=False)
    parts, view = np.asarray(said["parts"]), np.asarray(said["view"])
    assert parts.shape == (3, len(LABELS)) and ((parts > 0) & (parts < 1)).all()
    assert view.shape == (3, len(VIEW))
    assert np.asarray(said["probabilities"]).sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert np.abs(view - VIEW_MEAN).max() < 60  # degrees and metres, not standard deviations


@pytest.mark.parametrize("hyper", KINDS, ids=named)
def test_padding_does_not_change_the_answer(hyper: Hyperparameters) -> None:
    keras.utils.set_random_seed(3)
    trained = build(hyper, trainable_with_padding=True)
    plain = deployable(trained, hyper)
    rng = np.random.default_rng(0)
    lengths = (MIN_FRAMES - 1, 9, 10, 11, 23, 24, 37)
    inputs = [rng.normal(0, 0.05, (n, 45)).astype(np.float32) for n in lengths]
    padded, found = pad(inputs)
    assert found.tolist() == list(lengths)
    for row, length in zip(padded, lengths, strict=True):
        row[length:] = 7.0  # whatever stands in the padding must not matter
    together = trained({**columns(padded, hyper), "lengths": found}, training=False)
    for index, one in enumerate(inputs):
        alone = plain(columns(one[None], hyper), training=False)
        for name in hyper.outputs:
            apart = np.abs(np.asarray(together[name])[index] - np.asarray(alone[name])[0]).max()
            assert apart < (1e-3 if name == "view" else 1e-5), (name, len(one))


# Keras 3.15 turns TensorFlow's variables into arrays as NumPy 2 no longer likes.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", ["thesis", "parts"])
def test_what_was_saved_is_read_again(kind: str, tmp_path: Path) -> None:
    hyper = Hyperparameters(kind, inputs=ALL)  # type: ignore[arg-type]
    keras.utils.set_random_seed(4)
    model = build(hyper, trainable_with_padding=False)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    inputs = columns(np.random.default_rng(0).normal(0, 0.05, (2, 30, 45)).astype("f4"), hyper)
    one, other = (each(inputs, training=False) for each in (model, again))
    for name in hyper.outputs:
        np.testing.assert_array_equal(np.asarray(one[name]), np.asarray(other[name]))
