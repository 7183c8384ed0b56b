"""Batches of equal padded length, fitting with early stopping, and scoring."""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt

from training.datasets import CLASSES
from training.examples import Examples
from training.filming import Features
from training.model import WIDTH

BATCH: Final = 128
"""Examples per step."""

GOOD: Final = CLASSES.index("correct")


def pad(inputs: list[Features]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int32]]:
    """Return the inputs as one array [N, longest, 20], padded with zeros, and their lengths [N]."""
    lengths = np.array([len(one) for one in inputs], dtype=np.int32)
    padded = np.zeros((len(inputs), int(lengths.max()), WIDTH), dtype=np.float32)
    for row, one in zip(padded, inputs, strict=True):
        row[: len(one)] = one
    return padded, lengths


class Batches(keras.utils.PyDataset):
    """Examples in batches of similar length, in a new order each epoch."""

    def __init__(self, examples: Examples, seed: int, batch: int = BATCH) -> None:
        """Take the examples and the seed of their order."""
        super().__init__()
        self._examples = examples
        self._rng = np.random.default_rng(seed)
        self._batch = batch
        self._lengths = np.array([len(one) for one in examples.inputs])
        self.on_epoch_end()

    def on_epoch_end(self) -> None:
        """Put the examples into a new order, those of similar length still together."""
        blurred = self._lengths * self._rng.uniform(0.8, 1.25, len(self._lengths))
        order = np.argsort(blurred)
        parts = [order[i : i + self._batch] for i in range(0, len(order), self._batch)]
        self._parts = [parts[i] for i in self._rng.permutation(len(parts))]

    def __len__(self) -> int:
        """Return the number of batches."""
        return len(self._parts)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Return ``(padded, lengths), labels`` of one batch."""
        part = self._parts[index]
        padded, lengths = pad([self._examples.inputs[i] for i in part])
        return (padded, lengths), self._examples.labels[part]


def fit(
    model: keras.Model,
    train: Examples,
    *,
    epochs: int,
    seed: int,
    validation: Examples | None = None,
    patience: int = 4,
) -> tuple[int, float]:
    """Train a model in place; with validation people, keep the weights of the best epoch.

    :param model: one built ``trainable_with_padding``.
    :param epochs: at most so many passes over the examples.
    :param patience: epochs without a better validation loss before stopping.
    :return: the number of epochs kept, and the validation loss there (NaN without validation).
    """
    stopping = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=patience, restore_best_weights=True
    )
    history = model.fit(
        Batches(train, seed),
        epochs=epochs,
        validation_data=None if validation is None else Batches(validation, seed),
        callbacks=[] if validation is None else [stopping],
        verbose=0,
    )
    if validation is None:
        return epochs, float("nan")
    losses = history.history["val_loss"]
    best = int(np.argmin(losses))
    return best + 1, float(losses[best])


def score(model: keras.Model, examples: Examples) -> npt.NDArray[np.float64]:
    """Return each example's probability of being correct, [N].

    :param model: one built ``trainable_with_padding``.
    """
    padded, lengths = pad(examples.inputs)
    return model.predict([padded, lengths], batch_size=256, verbose=0)[:, GOOD].astype(np.float64)


def log_loss(labels: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]) -> float:
    """Return the mean cross-entropy, in nats; a score of exactly 0 or 1 is kept from infinity."""
    safe = np.clip(scores, 1e-7, 1 - 1e-7)
    return float(-np.where(labels == 1, np.log(safe), np.log(1 - safe)).mean())
