"""What a study keeps from its participants, at the one door through which every score is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from kiosk_ui.scores import Score
from kiosk_ui.studies.plan import Arm
from kiosk_ui.tables import PARTICIPANTS, STUDIES, STUDY_SCORES

_WITHHELD: Final = (
    sa.select(STUDY_SCORES.c.score)
    .join(PARTICIPANTS, PARTICIPANTS.c.number == STUDY_SCORES.c.participant)
    .join(STUDIES, STUDIES.c.number == PARTICIPANTS.c.study)
    .where(PARTICIPANTS.c.arm == Arm.NONE, STUDIES.c.closed.is_(None))
)


def covered(engine: sa.Engine, score: Score) -> Score:
    """Return a score without its assessment, where a study keeps it from the participant.

    covered(store.engine, score).withheld
    """
    if not score.assessment or score.assessment.get("score") is None:
        return score  # why a video could not be judged is no feedback
    with engine.connect() as connection:
        if connection.scalar(_WITHHELD.where(STUDY_SCORES.c.score == score.id)) is None:
            return score
    return replace(score, assessment=None, withheld=True)
