"""Smooth functions of time that movements are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.synthetic.skeleton import FloatArray


def minimum_jerk(share: FloatArray) -> FloatArray:
    """Return the smoothest way from 0 to 1 (Flash and Hogan 1985) at shares of its duration.

    :param share: elapsed share of the duration; below 0 gives 0 and above 1 gives 1.
    """
    x = np.clip(share, 0, 1)
    return np.asarray(x**3 * (10 - 15 * x + 6 * x**2))


@dataclass(frozen=True)
class Repetition:
    """When one squat happens, in seconds from the start of the clip.

    :param start: descent begins.
    :param down: the lowest point is reached.
    :param up: ascent begins; not before ``down``.
    :param end: upright again.
    """

    start: float
    down: float
    up: float
    end: float

    @property
    def bottom(self) -> float:
        """Middle of the time spent at the lowest point."""
        return (self.down + self.up) / 2

    def depth(self, times: FloatArray) -> FloatArray:
        """Return how far down the person is [T], 0 upright and 1 at the bottom."""
        descent = minimum_jerk((times - self.start) / (self.down - self.start))
        ascent = minimum_jerk((times - self.up) / (self.end - self.up))
        return np.clip(descent - ascent, 0, 1)

    def push(self, times: FloatArray) -> FloatArray:
        """Return a bump [T] from 0 to 1 that peaks in the first third of the ascent.

        Knees give way most where the push out of the bottom begins.
        """
        share = np.clip((times - self.down) / (self.end - self.down), 0, 1)
        return np.asarray(np.sin(np.pi * share**0.6) ** 2)


def repetitions(
    rng: np.random.Generator,
    count: int,
    *,
    first: float = 1.5,
    descent: float = 1.2,
    pause: float = 0.25,
    ascent: float = 1.0,
    rest: float = 0.6,
) -> list[Repetition]:
    """Return the times of a set of squats, each a little different.

    :param rng: source of the variation.
    :param count: how many.
    :param first: start of the first one in seconds.
    :param descent: usual duration of the descent in seconds.
    :param pause: usual time at the bottom in seconds.
    :param ascent: usual duration of the ascent in seconds.
    :param rest: usual time upright between two in seconds.
    """
    done: list[Repetition] = []
    start = first
    for _ in range(count):
        parts = np.array([descent, pause, ascent, rest]) * np.clip(rng.normal(1, 0.07, 4), 0.8, 1.2)
        ends = start + np.cumsum(parts)
        done.append(Repetition(start, *(float(end) for end in ends[:3])))
        start = float(ends[3])
    return done


def sway(
    rng: np.random.Generator, times: FloatArray, amplitude: float, *, period: float | None = None
) -> FloatArray:
    """Return slow irregular swaying [T] with the given standard deviation.

    :param rng: source of the phases.
    :param times: moments in seconds.
    :param amplitude: standard deviation, in the unit of the answer.
    :param period: seconds after which it repeats, so that a clip can be played in a loop; by
        default the span of the times.
    """
    span = period or float(times[-1] - times[0]) or 1.0
    # Quiet standing sways mostly below 0.5 Hz (Winter 1995).
    slowest = max(1, round(0.12 * span))
    fastest = max(slowest + 3, round(0.5 * span))
    cycles = rng.integers(slowest, fastest + 1, 5)
    phases = rng.uniform(0, 2 * np.pi, 5)
    waves = np.sin(2 * np.pi * cycles * (times[:, None] - times[0]) / span + phases)
    return np.asarray(amplitude * waves.sum(1) * np.sqrt(2 / 5))
