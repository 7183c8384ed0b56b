"""Batches of equal padded length, losses that leave out what is unknown, fitting, answering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from training.corpus import LABELS
from training.datasets import CLASSES
from training.examples import NECK, Examples
from training.filming import Features
from training.model import VIEW_SCALE, Hyperparameters, build

BATCH: Final = 256
"""Examples per step."""

GOOD: Final = CLASSES.index("correct")

RAREST: Final = 0.05
"""A part that is wrong more rarely than this is weighted as if it were this frequent."""

WEIGHTS: Final = {"probabilities": 1.0, "parts": 1.0, "view": 0.2}
"""Of the losses of each output."""


@dataclass(frozen=True)
class Answers:
    """What a network says of N examples.

    :param score: [N] probability of correct.
    :param parts: [N, 7] probability of wrong, or None.
    :param view: [N, 2] yaw in degrees and height in metres, or None.
    """

    score: npt.NDArray[np.float64]
    parts: npt.NDArray[np.float64] | None = None
    view: npt.NDArray[np.float64] | None = None

    def take(self, chosen: npt.NDArray[np.int64]) -> Answers:
        """Return those of these indices."""
        parts = None if self.parts is None else self.parts[chosen]
        return Answers(self.score[chosen], parts, None if self.view is None else self.view[chosen])


def pad(inputs: list[Features]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Return the inputs as one array [N, longest, C], padded with zeros, and their lengths [N]."""
    lengths = np.array([len(one) for one in inputs], dtype=np.int32)
    padded = np.zeros((len(inputs), int(lengths.max()), inputs[0].shape[1]), dtype=np.float32)
    for row, one in zip(padded, inputs, strict=True):
        row[: len(one)] = one
    return padded, lengths


def network_inputs(
    examples: Examples, rows: npt.NDArray[np.int64], hyper: Hyperparameters
) -> dict[str, Any]:
    """Return what a network built ``trainable_with_padding`` takes for some of the examples."""
    padded, lengths = pad([examples.inputs[i] for i in rows])
    taken = {name: padded[..., examples.columns(name)] for name in hyper.inputs}
    return {**taken, "lengths": lengths}


class Batches(keras.utils.PyDataset):
    """Examples in batches of similar length, in a new order each epoch."""

    def __init__(self, examples: Examples, hyper: Hyperparameters, seed: int) -> None:
        """Take the examples, what the network takes of them, and the seed of their order."""
        super().__init__()
        self._examples = examples
        self._hyper = hyper
        self._rng = np.random.default_rng(seed)
        self._lengths = np.array([len(one) for one in examples.inputs])
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Put the examples into a new order, those of similar length still together."""
        blurred = self._lengths * self._rng.uniform(0.8, 1.25, len(self._lengths))
        order = np.argsort(blurred)
        parts = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
        self._parts = [parts[i] for i in self._rng.permutation(len(parts))]

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._parts)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Return inputs and targets of one batch."""
        rows = self._parts[index]
        examples = self._examples
        targets = {
            "probabilities": examples.labels[rows],
            "parts": examples.wrong[rows].astype(np.float32),
            "view": examples.view[rows].astype(np.float32),
        }
        chosen = {name: targets[name] for name in self._hyper.outputs}
        return network_inputs(examples, rows, self._hyper), chosen


def balanced_crossentropy(examples: Examples) -> Any:
    """Return a loss that weighs wrong and fine alike in every part, and leaves out unknown ones.

    Where nine of ten are fine, a network that always says "fine" is right nine times; with these
    weights it is as wrong as a coin, so that no part can be given up (the thesis's attempt was).
    """
    known = examples.wrong >= 0
    share = np.where(known, examples.wrong, 0).sum(0) / np.maximum(known.sum(0), 1)
    share = np.clip(share, RAREST, 1 - RAREST)
    wrong_weight = ops.array((0.5 / share).astype(np.float32))
    fine_weight = ops.array((0.5 / (1 - share)).astype(np.float32))

    def loss(truth: Any, said: Any) -> Any:
        known = ops.cast(truth >= 0, "float32")
        truth = ops.maximum(truth, 0.0)
        said = ops.clip(said, 1e-6, 1 - 1e-6)
        each = -truth * wrong_weight * ops.log(said)
        each -= (1 - truth) * fine_weight * ops.log(1 - said)
        return ops.sum(each * known, axis=-1) / len(LABELS)

    return loss


def view_loss(truth: Any, said: Any) -> Any:
    """Return Huber's loss of the view in standard deviations, 0 where it is unknown."""
    known = ops.logical_not(ops.isnan(truth))
    apart = ops.where(known, said - ops.where(known, truth, 0.0), 0.0) / ops.array(VIEW_SCALE)
    size = ops.abs(apart)
    return ops.sum(ops.where(size < 1, 0.5 * size * size, size - 0.5), axis=-1)


def compile_model(model: keras.Model, hyper: Hyperparameters, train: Examples, rate: float) -> None:
    """Give a network its optimiser and its losses."""
    losses = {
        "probabilities": keras.losses.SparseCategoricalCrossentropy(),
        "parts": balanced_crossentropy(train),
        "view": view_loss,
    }
    model.compile(
        optimizer=keras.optimizers.Adam(rate, clipnorm=1.0),
        loss={name: losses[name] for name in hyper.outputs},
        loss_weights={name: WEIGHTS[name] for name in hyper.outputs},
        metrics={"probabilities": ["accuracy"]},
    )


def fit(
    hyper: Hyperparameters,
    train: Examples,
    *,
    epochs: int,
    seed: int,
    start: list[np.ndarray] | None = None,
    rate: float | None = None,
    validation: Examples | None = None,
    verbose: int = 0,
) -> keras.Model:
    """Train a network; with validation people, keep the weights of the best epoch.

    The learning rate falls to nearly nothing along half a cosine.

    :param start: weights to go on from; by default a network that knows nothing.
    :param rate: the learning rate at the beginning; by default the hyper-parameters'.
    """
    keras.utils.set_random_seed(seed)
    model = build(hyper, trainable_with_padding=True)
    if start is not None:
        model.set_weights(start)
    batches = Batches(train, hyper, seed)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate or hyper.learning_rate, epochs * len(batches), alpha=0.02
    )
    compile_model(model, hyper, train, schedule)
    # Never stopped before the learning rate has fallen: most is gained in the last epochs.
    best = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=epochs, restore_best_weights=True
    )
    model.fit(
        batches,
        epochs=epochs,
        validation_data=None if validation is None else Batches(validation, hyper, seed),
        callbacks=[] if validation is None else [best],
        verbose=verbose,
    )
    return model


def answer(model: keras.Model, hyper: Hyperparameters, examples: Examples) -> Answers:
    """Return what a network built ``trainable_with_padding`` says of the examples.

    As in the kiosk, the neck of somebody whose head was not seen is not judged: it counts as fine.
    """
    outputs: dict[str, list[Any]] = {name: [] for name in hyper.outputs}
    order = np.argsort([len(one) for one in examples.inputs], kind="stable")
    for begin in range(0, len(order), 256):
        rows = order[begin : begin + 256]
        said = model(network_inputs(examples, rows, hyper), training=False)
        for name in hyper.outputs:
            outputs[name].append(np.asarray(said[name], dtype=np.float64))
    back = np.argsort(order)
    arrays = {name: np.concatenate(values)[back] for name, values in outputs.items()}
    if "parts" in arrays:
        arrays["parts"][~examples.head_seen, NECK] = 0.0
    return Answers(arrays["probabilities"][:, GOOD], arrays.get("parts"), arrays.get("view"))
