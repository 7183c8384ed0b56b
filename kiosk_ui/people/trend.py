"""How somebody's results change over time, ready to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kiosk_ui.card import points, points_of
from kiosk_ui.coaching.parts import likely_parts, part_names
from kiosk_ui.languages import current
from kiosk_ui.languages import gettext as _
from kiosk_ui.scores import Score

DEPTH: Final = "depth"
"""The quantity that is shown beside the score, where the exercise has it."""

MOST: Final = 12
"""So many results are drawn, the last ones; more do not fit on a phone."""

WIDTH: Final = 320
HEIGHT: Final = 96
MARGIN: Final = 14
"""Of a chart, in its own units."""

LEAST_RANGE: Final = 30
"""What a chart's height is at least, in the unit of its values."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One result in a chart.

    :param text: its value, with the unit.
    :param state: ``good`` or ``bad``.
    """

    x: float
    y: float
    text: str
    state: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A value over the results, the oldest on the left.

    :param name: what it is.
    :param first: its first value, with the unit.
    :param last: its last one.
    :param goal: the height of a line to get above, or None.
    """

    name: str
    dots: tuple[Dot, ...]
    first: str
    last: str
    goal: float | None = None

    @property
    def line(self) -> str:
        """Return the points of the line."""
        return " ".join(f"{dot.x:g},{dot.y:g}" for dot in self.dots)


@dataclass(frozen=True, slots=True)
class FaultRow:
    """How often something was wrong with one part of the body.

    :param name: of the part.
    :param seen: of each result, the oldest first, whether it was.
    """

    name: str
    seen: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """What a history shows.

    :param score: None where there is no judged result yet.
    :param depth: None where it was never measured.
    :param faults: the parts in which something was wrong, the most frequent first.
    :param results: how many results are drawn.
    """

    score: Chart | None
    depth: Chart | None
    faults: tuple[FaultRow, ...]
    results: int


def judged(score: Score) -> bool:
    """Tell whether a score has a verdict."""
    return bool(score.assessment) and (score.assessment or {}).get("score") is not None


def depth_of(assessment: dict[str, Any]) -> dict[str, Any] | None:
    """Return the measured depth, with label and unit; None where this clip did not show it."""
    found = [q for q in assessment.get("quantities", ()) if q["name"] == DEPTH]
    return found[0] if found and found[0]["value"] is not None else None


def trend_of(scores: Sequence[Score]) -> Trend:
    """Return how scores, depth and faults change, in the language of the request.

    :param scores: the oldest first.
    """
    shown = [score for score in scores if judged(score)][-MOST:]
    found = [score.assessment or {} for score in shown]
    if not shown:
        return Trend(None, None, (), 0)
    states = [str(one["verdict"]) for one in found]
    marks = [points_of(a["score"], s.threshold) for a, s in zip(found, shown, strict=True)]
    needed = points(shown[-1].threshold)
    depths = [depth_of(one) for one in found]
    seen = [set(likely_parts(one)) for one in found]
    rows = [
        FaultRow(name, tuple(part in parts for parts in seen))
        for part, name in part_names().items()
        if any(part in parts for parts in seen)
    ]
    return Trend(
        _chart(_("Score"), lambda n: _("%(num)s points", num=n), marks, states, needed),
        _depth_chart(depths, states),
        tuple(sorted(rows, key=lambda row: -sum(row.seen))),
        len(shown),
    )


def _depth_chart(depths: list[dict[str, Any] | None], states: list[str]) -> Chart | None:
    known = [one for one in depths if one]
    if not known:
        return None
    values = [None if one is None else round(one["value"]) for one in depths]
    unit = known[-1]["unit"]
    return _chart(known[-1]["label"][current()], lambda n: f"{n}{unit}", values, states)


def _chart(
    name: str,
    tell: Callable[[int], str],
    values: Sequence[int | None],
    states: Sequence[str],
    goal: int | None = None,
) -> Chart:
    """Return a chart whose highest and lowest points are those of the values and the goal."""
    known = [value for value in (*values, goal) if value is not None]
    # A small change shall not look like a large one.
    middle, half = (min(known) + max(known)) / 2, max(max(known) - min(known), LEAST_RANGE) / 2

    def height(value: int) -> float:
        share = (value - middle + half) / (2 * half)
        return round(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN), 1)

    step = (WIDTH - 2 * MARGIN) / max(len(values) - 1, 1)
    start = MARGIN if len(values) > 1 else WIDTH / 2
    dots = tuple(
        Dot(round(start + step * i, 1), height(value), tell(value), state)
        for i, (value, state) in enumerate(zip(values, states, strict=True))
        if value is not None
    )
    line = None if goal is None else height(goal)
    return Chart(name, dots, dots[0].text, dots[-1].text, line)
