"""The thesis's network, once to train with padded batches and once to deploy.

Both have the same layers and the same weights. The trained one takes a length beside the padded
input and hides the padding from every layer, because ``Conv1D`` drops Keras's own masks. The
deployed one takes a single input of any length; a batch of it must hold equal lengths only.

Source: Park, Seoul National University, 2020: Conv1D 32 kernel 5, Conv1D 64 kernel 3, Conv1D 64
kernel 3, bidirectional LSTM with 64 outputs, Dense 32, softmax; Adam 0.003, dropout 0.3.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import keras
from keras import layers, ops

from edge.joints import TEN
from edge.preprocessing import RATE
from training.datasets import CLASSES

WIDTH: Final = 2 * len(TEN)
"""Numbers per frame: x and y of ten joints."""

CONVOLUTIONS: Final = ((32, 5), (64, 3), (64, 3))
"""Filters and kernel sizes (thesis)."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What the thesis gives, and what it leaves open; the defaults were chosen by ``search.py``.

    :param lstm_outputs: "64 outputs": in ``all`` (32 per direction), or per ``direction``.
    :param dropout_after: where the dropout is: after the last ``dense`` layer, after the
        ``lstm``, or after ``both`` the convolutions and the LSTM.
    :param dropout: the share of values dropped (thesis).
    :param learning_rate: of Adam (thesis).
    """

    lstm_outputs: Literal["all", "direction"] = "all"
    dropout_after: Literal["dense", "lstm", "both"] = "lstm"
    dropout: float = 0.3
    learning_rate: float = 0.003

    def as_dict(self) -> dict[str, Any]:
        """Return them for a manifest."""
        return asdict(self)


@keras.saving.register_keras_serializable("squat")
class LengthMask(layers.Layer):
    """Tells the frames of each sequence from its padding.

    mask = LengthMask()(padded, lengths)  # [N, T] True where a frame is real
    """

    def call(self, padded: Any, lengths: Any) -> Any:
        """Return [N, T] booleans for ``padded`` [N, T, C] and ``lengths`` [N]."""
        frames = ops.arange(ops.shape(padded)[1], dtype="int32")
        return frames[None, :] < ops.cast(lengths, "int32")[:, None]

    def compute_output_spec(self, padded: Any, lengths: Any) -> keras.KerasTensor:
        """Return the shape and type of the mask."""
        return keras.KerasTensor(padded.shape[:2], dtype="bool")


def build(hyper: Hyperparameters, *, trainable_with_padding: bool) -> keras.Model:
    """Build the network.

    :param trainable_with_padding: True for the model that takes ``[padded, lengths]``; False for
        the one that is deployed.
    """
    inputs = keras.Input((None, WIDTH), name="differences")
    lengths = keras.Input((), dtype="int32", name="lengths")
    mask = LengthMask(name="mask")(inputs, lengths) if trainable_with_padding else None

    def hide_padding(x: Any) -> Any:
        return x if mask is None else x * ops.expand_dims(ops.cast(mask, "float32"), -1)

    # Per frame the joints move by hundredths of a torso; the network learns faster from torso
    # lengths per second. `deployable` folds this factor into the first convolution.
    x = layers.Rescaling(RATE, name="per_second")(inputs) if trainable_with_padding else inputs
    x = hide_padding(x)
    for number, (filters, kernel) in enumerate(CONVOLUTIONS, start=1):
        x = layers.Conv1D(
            filters, kernel, padding="same", activation="relu", name=f"convolution_{number}"
        )(x)
        x = hide_padding(x)
    if hyper.dropout_after == "both":
        x = layers.Dropout(hyper.dropout, name="dropout_convolutions")(x)

    units = 32 if hyper.lstm_outputs == "all" else 64
    x = layers.Bidirectional(layers.LSTM(units, name="lstm"), name="both_ways")(x, mask=mask)
    if hyper.dropout_after in ("lstm", "both"):
        x = layers.Dropout(hyper.dropout, name="dropout_lstm")(x)
    x = layers.Dense(32, activation="relu", name="dense")(x)
    if hyper.dropout_after == "dense":
        x = layers.Dropout(hyper.dropout, name="dropout_dense")(x)
    outputs = layers.Dense(len(CLASSES), activation="softmax", name="probabilities")(x)

    model = keras.Model([inputs, lengths] if trainable_with_padding else inputs, outputs)
    if trainable_with_padding:
        model.compile(
            optimizer=keras.optimizers.Adam(hyper.learning_rate, clipnorm=1.0),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
    return model


def deployable(trained: keras.Model, hyper: Hyperparameters) -> keras.Model:
    """Return the plain model with a trained model's weights: one input, no lengths, no padding."""
    plain = build(hyper, trainable_with_padding=False)
    weights = trained.get_weights()
    weights[0] = weights[0] * RATE  # the first convolution's kernel takes up `per_second`
    plain.set_weights(weights)
    return plain
