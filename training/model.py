"""The networks, once to train with padded batches and once to deploy.

Both forms have the same layers and the same weights. The trained one takes a length beside the
padded inputs and hides the padding from every layer, because ``Conv1D`` drops Keras's own masks.
The deployed one takes inputs of any length; a batch of it must hold equal lengths only.

The thesis's network (Park, Seoul National University, 2020): Conv1D 32 kernel 5, Conv1D 64 kernel
3, Conv1D 64 kernel 3, bidirectional LSTM with 64 outputs, Dense 32, softmax; Adam 0.003, dropout
0.3. It is compared without its LSTM and without its convolutions, as the thesis does. Ours, the
``parts`` network, judges the parts of the body and the view as well.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import keras
from keras import layers, ops

from edge.preprocessing import RATE
from training.corpus import LABELS
from training.datasets import CLASSES
from training.filming import INPUTS

CONVOLUTIONS: Final = ((32, 5), (64, 3), (64, 3))
"""Filters and kernel sizes (thesis)."""

VIEW: Final = ("yaw", "height")
"""What the view's output estimates: degrees, and metres above the floor."""

VIEW_SCALE: Final = (20.0, 0.4)
"""About one standard deviation of each, so that both weigh the same in the loss."""

VIEW_MEAN: Final = (0.0, 1.3)

NOD: Final = 10.0
"""Nose and ears come about this share of a torso closer, or further apart, in a nod."""

Kind = Literal["thesis", "no_lstm", "no_convolutions", "parts"]


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What a network is made of; the defaults of the thesis's own were chosen by ``search.py``.

    :param kind: the thesis's network, one with a part taken out, or ours.
    :param inputs: names of :data:`INPUTS`.
    :param lstm_outputs: "64 outputs": in ``all`` (32 per direction), or per ``direction``.
    :param dropout_after: where the dropout is: after the last ``dense`` layer, after the
        ``lstm``, or after ``both`` the convolutions and the LSTM.
    :param dropout: the share of values dropped (thesis).
    :param learning_rate: of Adam (thesis).
    """

    kind: Kind = "thesis"
    inputs: tuple[str, ...] = ("differences",)
    lstm_outputs: Literal["all", "direction"] = "all"
    dropout_after: Literal["dense", "lstm", "both"] = "lstm"
    dropout: float = 0.3
    learning_rate: float = 0.003

    def as_dict(self) -> dict[str, Any]:
        """Return them for a manifest."""
        return asdict(self)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return ("probabilities", "parts", "view") if self.kind == "parts" else ("probabilities",)


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


@keras.saving.register_keras_serializable("squat")
class Extremes(layers.Layer):
    """Returns the mean and the greatest value of each channel over the real frames.

    both = Extremes()(values, frames)  # [N, 2 C]
    """

    def call(self, values: Any, frames: Any = None) -> Any:
        """Return [N, 2 C] for ``values`` [N, T, C] and real ``frames`` [N, T], or all of them."""
        if frames is None:
            return ops.concatenate([ops.mean(values, axis=1), ops.max(values, axis=1)], axis=-1)
        real = ops.expand_dims(ops.cast(frames, values.dtype), -1)
        mean = ops.sum(values * real, axis=1) / ops.sum(real, axis=1)
        return ops.concatenate([mean, ops.max(values - 1e4 * (1 - real), axis=1)], axis=-1)

    def compute_output_spec(self, values: Any, frames: Any = None) -> keras.KerasTensor:
        """Return the shape and type of the answer."""
        return keras.KerasTensor((values.shape[0], 2 * values.shape[-1]), dtype=values.dtype)


def build(hyper: Hyperparameters, *, trainable_with_padding: bool) -> keras.Model:
    """Build a network.

    :param trainable_with_padding: True for the model that also takes ``lengths``; False for the
        one that is deployed.
    """
    inputs = {name: keras.Input((None, INPUTS[name]), name=name) for name in hyper.inputs}
    lengths = keras.Input((), dtype="int32", name="lengths")
    first = inputs[hyper.inputs[0]]
    mask = LengthMask(name="mask")(first, lengths) if trainable_with_padding else None

    scaled = [_scaled(name, one) for name, one in inputs.items()]
    x = layers.Concatenate(name="inputs")(scaled) if len(scaled) > 1 else scaled[0]
    x = _hidden(x, mask)
    body = _parts_body if hyper.kind == "parts" else _thesis_body
    outputs = body(x, mask, hyper)
    taken = {**inputs, "lengths": lengths} if trainable_with_padding else inputs
    return keras.Model(taken, outputs, name=hyper.kind)


def _scaled(name: str, one: Any) -> Any:
    """Return an input in units in which what matters is about 1.

    Per frame the joints move by hundredths of a torso, so they are given in torso lengths per
    second. A nod is a tenth of a torso between nose and ears, a small difference of large numbers:
    it is given by itself as well.
    """
    if name == "differences":
        return layers.Rescaling(RATE, name="differences_scale")(one)
    if name == "head":
        nod = NOD * (one[..., 0:2] - one[..., 2:4])
        return layers.Concatenate(name="head_scale")([one, nod])
    return one


def _hidden(x: Any, mask: Any) -> Any:
    return x if mask is None else x * ops.expand_dims(ops.cast(mask, "float32"), -1)


def _half(mask: Any) -> Any:
    """Return the mask of halved sequences: a pair is real where both of its frames are."""
    return mask[:, 1::2]


def _convolved(x: Any, mask: Any, convolutions: tuple[tuple[int, int], ...], first: int = 1) -> Any:
    for number, (filters, kernel) in enumerate(convolutions, start=first):
        x = layers.Conv1D(
            filters, kernel, padding="same", activation="relu", name=f"convolution_{number}"
        )(x)
        x = _hidden(x, mask)
    return x


def _thesis_body(x: Any, mask: Any, hyper: Hyperparameters) -> dict[str, Any]:
    if hyper.kind != "no_convolutions":
        x = _convolved(x, mask, CONVOLUTIONS)
        if hyper.dropout_after == "both":
            x = layers.Dropout(hyper.dropout, name="dropout_convolutions")(x)
    if hyper.kind != "no_lstm":
        units = 32 if hyper.lstm_outputs == "all" else 64
        x = layers.Bidirectional(layers.LSTM(units, name="lstm"), name="both_ways")(x, mask=mask)
    else:
        x = Extremes(name="extremes")(x, mask)
    if hyper.dropout_after in ("lstm", "both"):
        x = layers.Dropout(hyper.dropout, name="dropout_lstm")(x)
    x = layers.Dense(32, activation="relu", name="dense")(x)
    if hyper.dropout_after == "dense":
        x = layers.Dropout(hyper.dropout, name="dropout_dense")(x)
    return {"probabilities": layers.Dense(2, activation="softmax", name="probabilities")(x)}


def _parts_body(x: Any, mask: Any, hyper: Hyperparameters) -> dict[str, Any]:
    """Ours: the thesis's layers, wider, with extremes over time beside the LSTM's last states.

    A fault is often plainest at one moment, which a maximum over time keeps; a network that has
    only the LSTM's last states must carry it there. A squat is slow: after the first convolutions
    every second frame is enough, and after the last ones every fourth, which the LSTM reads.
    """
    x = _convolved(x, mask, ((64, 5),))
    x, mask = Halved(name="half")(x), None if mask is None else _half(mask)
    x = _hidden(x, mask)
    x = _convolved(x, mask, ((96, 5), (96, 3)), first=2)
    slow, slow_mask = Halved(name="quarter")(x), None if mask is None else _half(mask)
    lstm = layers.LSTM(64, name="lstm")
    last = layers.Bidirectional(lstm, name="both_ways")(_hidden(slow, slow_mask), mask=slow_mask)
    x = layers.Concatenate(name="summary")([last, Extremes(name="extremes")(x, mask)])
    x = layers.Dropout(hyper.dropout, name="dropout_summary")(x)
    x = layers.Dense(128, activation="relu", name="dense")(x)
    x = layers.Dropout(hyper.dropout, name="dropout_dense")(x)
    heads = [
        layers.Dense(1, name=name)(layers.Dense(24, activation="relu", name=f"{name}_dense")(x))
        for name in LABELS
    ]
    wrong = layers.Concatenate(name="part_logits")(heads)
    # The verdict sees the parts too: a squat is incorrect because some part is.
    seen = layers.Concatenate(name="verdict_inputs")([x, ops.sigmoid(wrong)])
    verdict = layers.Dense(
        len(CLASSES), name="verdict"
    )(layers.Dense(32, activation="relu", name="verdict_dense")(seen))  # fmt: skip
    view = layers.Dense(len(VIEW), name="view_units")(
        layers.Dense(32, activation="relu", name="view_dense")(x)
    )
    return {
        "probabilities": layers.Softmax(name="probabilities")(
            Calibrated(name="verdict_calibrated")(verdict)
        ),
        "parts": layers.Activation("sigmoid", name="parts")(
            Calibrated(name="parts_calibrated")(wrong)
        ),
        "view": Unscaled(name="view")(view),
    }


@keras.saving.register_keras_serializable("squat")
class Calibrated(layers.Layer):
    """Scales and shifts logits by what was found after the training (Platt 1999).

    layer.set_weights([scale, shift])  # [C] each; 1 and 0 until then
    """

    def build(self, shape: Any) -> None:
        """Make the scale and the shift, which no optimiser touches."""
        size = (shape[-1],)
        self.scale = self.add_weight(shape=size, initializer="ones", trainable=False, name="scale")
        self.shift = self.add_weight(shape=size, initializer="zeros", trainable=False, name="shift")

    def call(self, logits: Any) -> Any:
        """Return [N, C] calibrated logits."""
        return logits * self.scale + self.shift


@keras.saving.register_keras_serializable("squat")
class Halved(layers.AveragePooling1D):
    """Returns the means of pairs of frames; a last one without a partner is left out."""

    def __init__(self, **names: Any) -> None:
        """Take the layer's name."""
        super().__init__(pool_size=2, padding="valid", **names)

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made from: its name."""
        return {"name": self.name}


@keras.saving.register_keras_serializable("squat")
class Unscaled(layers.Layer):
    """Turns the view from standard deviations into degrees and metres."""

    def call(self, values: Any) -> Any:
        """Return [N, 2] yaw in degrees and height in metres."""
        return values * ops.array(VIEW_SCALE) + ops.array(VIEW_MEAN)


def deployable(trained: keras.Model, hyper: Hyperparameters) -> keras.Model:
    """Return the plain model with a trained model's weights: no lengths, no padding."""
    plain = build(hyper, trainable_with_padding=False)
    plain.set_weights(trained.get_weights())
    return plain
