"""How a study goes: groups, steps, and what is measured of a participant."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from kiosk_ui.people.trend import depth_of
from kiosk_ui.scores import Status

BLOCK: Final = 4
"""In every four who join, two are in each group."""

ITEMS: Final = ("easy", "knew_what_to_do", "more_certain", "squat_better", "again")
"""The questions at the end, each answered 1 to 5."""


class Arm(str, Enum):
    """The group of a participant."""

    FEEDBACK = "feedback"
    NONE = "none"


class Step(str, Enum):
    """What a participant does next."""

    BEFORE = "before"
    PRACTICE = "practice"
    AFTER = "after"
    QUESTIONS = "questions"
    DONE = "done"


FILMED: Final = (Step.BEFORE, Step.PRACTICE, Step.AFTER)
"""The steps in which a recording counts."""


Filmed = Mapping[str, Sequence[Any]]
"""The recordings of each step, with status and assessment, the oldest first."""


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody in a study, without a name.

    :param arm: their group.
    :param step: what comes next.
    :param again: whether the last recording of this step could not be judged.
    :param practised: how many sets they have practised.
    """

    number: int
    code: str
    arm: Arm
    step: Step
    again: bool
    practised: int


def arm_of(seed: int, number: int) -> Arm:
    """Return the group of whoever joins a study as number 0, 1, 2 and so on.

    Drawn in blocks of four, so that the groups never differ by more than two.
    """
    block, place = divmod(number, BLOCK)
    arms = list(Arm) * (BLOCK // len(Arm))
    random.Random(f"{seed}:{block}").shuffle(arms)  # noqa: S311 - drawn anew from the seed
    return arms[place]


def _score(row: Any) -> float | None:
    return None if row.assessment is None else row.assessment["score"]


def _settled(rows: Sequence[Any]) -> bool:
    """Tell whether one of these recordings was judged, or may yet be."""
    return any(row.status in (Status.QUEUED, Status.RUNNING) or _score(row) is not None
               for row in rows)  # fmt: skip


def participant_of(row: Any, filmed: Filmed) -> Participant:
    """Return a participant as the tables tell of them."""
    if not _settled(filmed[Step.BEFORE]):
        step = Step.BEFORE
    elif not row.practised:
        step = Step.PRACTICE
    elif not _settled(filmed[Step.AFTER]):
        step = Step.AFTER
    else:
        step = Step.DONE if row.answers else Step.QUESTIONS
    again = step in (Step.BEFORE, Step.AFTER) and bool(filmed[step])
    return Participant(
        row.number, row.code, Arm(row.arm), step, again, len(filmed[Step.PRACTICE])
    )  # fmt: skip


def row_of(row: Any, filmed: Filmed) -> dict[str, Any]:
    """Return a participant's row of the researcher's table."""
    line: dict[str, Any] = {"code": row.code, "group": row.arm, "joined": row.joined}
    for phase in (Step.BEFORE, Step.AFTER):
        judged = [one.assessment for one in filmed[phase] if _score(one) is not None]
        found = judged[0] if judged else {}
        depth = depth_of(found)
        line[f"{phase.value}_score"] = found.get("score")
        line[f"{phase.value}_repetitions"] = len(found["repetitions"]) if found else None
        line[f"{phase.value}_depth"] = depth["value"] if depth else None
    line["practice_sets"] = len(filmed[Step.PRACTICE])
    line |= {item: (row.answers or {}).get(item) for item in ITEMS}
    line["withdrawn"] = row.withdrawn
    return line
