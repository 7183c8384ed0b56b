"""The sounds of the kiosk, made on the spot: no files, and each can be told from the others."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from edge.cues.event import Kind

Samples = npt.NDArray[np.float32]
"""Mono sound, -1 to 1, at :data:`RATE`."""

RATE: Final = 22050
"""Samples per second: that of the voice."""

ATTACK: Final = 0.01
RELEASE: Final = 0.06
"""Seconds in which a note swells and fades: without them it would click."""

OVERTONES: Final = (1.0, 0.0, 0.3, 0.0, 0.12)
"""Odd ones carry through a gym's noise, as a clarinet does."""

Note = tuple[float, float, float]
"""Hz, begin and length in seconds."""

NOTES: Final[dict[Kind, tuple[Note, ...]]] = {
    Kind.TICK: ((440, 0.0, 0.12),),
    Kind.BEGIN: ((880, 0.0, 0.6),),
    Kind.REPETITION: ((1320, 0.0, 0.09),),
    Kind.END: ((660, 0.0, 0.2), (660, 0.25, 0.2), (440, 0.5, 0.45)),
    Kind.GOOD: ((523, 0.0, 0.18), (659, 0.15, 0.18), (784, 0.3, 0.18), (1047, 0.45, 0.5)),
    Kind.BAD: ((392, 0.0, 0.3), (349, 0.35, 0.5)),
    Kind.NOT_JUDGED: ((440, 0.0, 0.4),),
    Kind.FAULT: ((220, 0.0, 0.15), (220, 0.25, 0.15), (220, 0.5, 0.15)),
}
"""Up for good, down for bad, one steady note for neither; to be ready makes no sound."""


def tone(kind: Kind) -> Samples | None:
    """Return the sound of an event, or None where it has none.

        samples = tone(Kind.BEGIN)

    :param kind: what happens.
    """
    notes = NOTES.get(kind)
    if notes is None:
        return None
    sound = np.zeros(round(RATE * max(begin + length for _, begin, length in notes)), np.float32)
    for pitch, begin, length in notes:
        note = _note(pitch, length)
        first = round(RATE * begin)
        end = min(first + len(note), len(sound))
        sound[first:end] += note[: end - first]
    return np.asarray(0.9 * sound / np.abs(sound).max(), np.float32)


def _note(pitch: float, length: float) -> Samples:
    times = np.arange(round(RATE * length)) / RATE
    wave = sum(
        strength * np.sin(2 * np.pi * pitch * order * times)
        for order, strength in enumerate(OVERTONES, start=1)
    )
    swell = np.minimum(1.0, times / ATTACK) * np.minimum(1.0, (length - times) / RELEASE)
    return np.asarray(wave * swell, np.float32)


def silence(seconds: float) -> Samples:
    """Return nothing, for a while."""
    return np.zeros(round(RATE * seconds), np.float32)
