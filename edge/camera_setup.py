"""How high a camera hangs and how it is tilted, from somebody of known height at two places.

A pinhole camera sees the eyes and the ankles of a standing person under two angles. One place
leaves a choice: a higher camera that looks further down sees the same. Two places settle it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import atan, cos, degrees, hypot, inf, radians, sin, tan
from typing import Final, Literal

from scipy.optimize import brentq

from edge.errors import CameraSetupError

EYES: Final = 0.936
ANKLES: Final = 0.039
"""Height of eyes and ankles over the body's, barefoot (Drillis and Contini 1966, in Winter,
"Biomechanics and Motor Control of Human Movement")."""

EYES_FORWARD: Final = 0.15
"""Metres by which the eyes are nearer to the camera than the ankles: 0.14-0.17 in rendered people
(training/synthetic/measure_camera_setup.py); without it, heights come out 5 cm too low."""

SOLES: Final = 0.025
"""Metres by which shoes lift the whole body."""

GOOD_HEIGHT: Final = (1.10, 1.50)
"""Metres; the thesis filmed from about 1.30."""

LARGEST_ERROR: Final = 0.10
"""Metres: a height that is less certain than this is unknown."""

STEEPEST: Final = radians(40)
LOWEST: Final = 0.2
HIGHEST: Final = 3.0
"""Metres, beyond which no kiosk's camera hangs."""

FURTHEST: Final = 10.0
"""Metres at which nobody can be measured any more."""

CLOSEST_PLACES: Final = 0.3
"""Metres between the two places, below which nothing can be told at all."""

UNCLEAR: Final = (
    "these places do not show where the camera is: stand still and upright at two places at least "
    "1 m apart, the whole body in view"
)


@dataclass(frozen=True, slots=True)
class Lens:
    """What the lens sees.

    :param focal: focal length in pixels.
    :param middle: row of the picture's middle in pixels.
    """

    focal: float
    middle: float

    @classmethod
    def of(
        cls, degrees_seen: float, size: tuple[int, int],
        across: Literal["vertical", "horizontal", "diagonal"] = "vertical",
    ) -> Lens:  # fmt: skip
        """Return a lens by its field of view, as its data sheet states it.

        :param degrees_seen: the field of view, 20 to 120 degrees.
        :param size: width and height of the pictures in pixels.
        :param across: which way the field of view is stated.
        :raises CameraSetupError: no such lens is of use here.
        """
        if not 20.0 <= degrees_seen <= 120.0:
            raise CameraSetupError("the field of view must be between 20 and 120 degrees")
        width, height = size
        side = {"vertical": height, "horizontal": width, "diagonal": hypot(width, height)}[across]
        return cls(side / 2 / tan(radians(degrees_seen) / 2), height / 2)

    def angle(self, row: float) -> float:
        """Return how far above the middle of the view a row lies, in radians."""
        return atan((self.middle - row) / self.focal)


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody at one place.

    :param eyes: row in the picture, in pixels from the top.
    :param ankles: the same.
    """

    eyes: float
    ankles: float

    def moved(self, share: float) -> tuple[Standing, Standing]:
        """Return it with the eyes and with the ankles lower by a share of the distance between."""
        pixels = share * (self.ankles - self.eyes)
        return (
            Standing(self.eyes + pixels, self.ankles),
            Standing(self.eyes, self.ankles + pixels),
        )


@dataclass(frozen=True, slots=True)
class CameraPlace:
    """Where the camera is.

    :param height: of the lens above the floor in metres.
    :param tilt: degrees by which it looks up; negative: down.
    :param near: distance of the ankles at the nearer place in metres.
    :param far: distance of the further one.
    :param height_error: metres within which the height is true (19 times of 20).
    :param tilt_error: degrees, likewise.
    """

    height: float
    tilt: float
    near: float
    far: float
    height_error: float = 0.0
    tilt_error: float = 0.0

    @property
    def known(self) -> bool:
        """Tell whether the height is certain enough to be told."""
        return self.height_error <= LARGEST_ERROR

    @property
    def advice(self) -> Literal["good", "raise", "lower", "unknown"]:
        """What to do about the camera's height."""
        if not self.known:
            return "unknown"
        if self.height < GOOD_HEIGHT[0]:
            return "raise"
        return "lower" if self.height > GOOD_HEIGHT[1] else "good"


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Standard deviations of what the height is computed from.

    :param row: of a joint's row, as a share of the person's height in the picture: the pose
        model's error on rendered people, averaged over a second.
    :param eyes: of the eyes' height as a share of the body's, from person to person.
    :param ankles: of the ankles' height over the floor in metres, the soles included.
    :param forward: of how far the eyes are in front of the ankles, in metres.
    :param body: of the typed body height in metres.
    :param lens: of the stated field of view, as a share of it.
    """

    row: float = 0.006
    eyes: float = 0.006
    ankles: float = 0.01
    forward: float = 0.03
    body: float = 0.01
    lens: float = 0.02


def locate_camera(
    places: Sequence[Standing],
    lens: Lens,
    body: float,
    *,
    soles: float = SOLES,
    uncertainty: Uncertainty | None = None,
) -> CameraPlace:
    """Return the camera's height and tilt, and how certain they are.

        locate_camera([Standing(95, 420), Standing(150, 345)], Lens.of(52, (640, 480)), body=1.76)

    :param places: the same person, upright, at two places at different distances.
    :param lens: of the camera.
    :param body: height of the person in metres, barefoot.
    :param soles: thickness of their shoes' soles in metres.
    :param uncertainty: of all these numbers.
    :raises CameraSetupError: they do not fit together, or the places are too close together.
    """
    if len(places) != 2:
        raise CameraSetupError("two standing places are needed")
    if not 1.2 <= body <= 2.3:
        raise CameraSetupError("the body height must be between 1.2 and 2.3 m")
    if any(place.ankles - place.eyes < 1.0 for place in places):
        raise CameraSetupError("the ankles must be below the eyes in the picture")
    near, far = sorted(places, key=lambda place: place.eyes - place.ankles)
    numbers = _Numbers(near, far, lens, EYES * body + soles, ANKLES * body + soles)
    found = numbers.solve()
    sums = [0.0, 0.0]
    for changed in numbers.changed_by_one_sigma(uncertainty or Uncertainty(), body):
        try:
            other = changed.solve()
        except CameraSetupError:
            return replace(found, height_error=inf, tilt_error=inf)
        sums[0] += (other.height - found.height) ** 2
        sums[1] += (other.tilt - found.tilt) ** 2
    return replace(found, height_error=2 * sums[0] ** 0.5, tilt_error=2 * sums[1] ** 0.5)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What the height is computed from.

    :param eyes: height of the eyes above the floor in metres.
    :param ankles: height of the ankles.
    :param forward: how far the eyes are in front of the ankles.
    """

    near: Standing
    far: Standing
    lens: Lens
    eyes: float
    ankles: float
    forward: float = EYES_FORWARD

    def solve(self) -> CameraPlace:
        """Return the one camera that sees both places so."""

        def apart(tilt: float) -> float:
            return self._from(self.near, tilt)[0] - self._from(self.far, tilt)[0]

        found = []
        for tilt in _roots(apart):
            (height, near), (_, far) = (self._from(p, tilt) for p in (self.near, self.far))
            if LOWEST <= height <= HIGHEST and near + CLOSEST_PLACES <= far <= FURTHEST:
                found.append(CameraPlace(height, degrees(tilt), near, far))
        if len(found) != 1:
            raise CameraSetupError(UNCLEAR)
        return found[0]

    def _from(self, place: Standing, tilt: float) -> tuple[float, float]:
        """Return the camera's height and distance, were it tilted so, from one place."""
        up, down = tilt + self.lens.angle(place.eyes), tilt + self.lens.angle(place.ankles)
        # Divided by tan(up) - tan(down), without its cancellation.
        between = self.eyes - self.ankles + self.forward * tan(up)
        distance = between * cos(up) * cos(down) / sin(up - down)
        return self.ankles - distance * tan(down), distance

    def changed_by_one_sigma(self, sigma: Uncertainty, body: float) -> Iterator[_Numbers]:
        """Give the numbers with one of them changed at a time."""
        for near, far in (
            *((moved, self.far) for moved in self.near.moved(sigma.row)),
            *((self.near, moved) for moved in self.far.moved(sigma.row)),
        ):
            yield replace(self, near=near, far=far)
        yield replace(self, eyes=self.eyes + sigma.eyes * body)
        yield replace(self, ankles=self.ankles + sigma.ankles)
        yield replace(self, forward=self.forward + sigma.forward)
        yield replace(
            self, eyes=self.eyes + EYES * sigma.body, ankles=self.ankles + ANKLES * sigma.body
        )
        yield replace(self, lens=replace(self.lens, focal=self.lens.focal * (1 + sigma.lens)))


def _roots(function: Callable[[float], float]) -> list[float]:
    """Return where a smooth function of the tilt is zero."""
    steps = [STEEPEST * (n / 40 - 1) for n in range(81)]
    above = [function(step) > 0 for step in steps]
    return [
        float(brentq(function, steps[n], steps[n + 1]))
        for n in range(80)
        if above[n] != above[n + 1]
    ]
