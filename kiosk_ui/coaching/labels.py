"""What coaches say of results whose person has consented."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from edge.pin import KeptPin
from kiosk_ui.coaching.exported import bring_in_step
from kiosk_ui.coaching.parts import PARTS
from kiosk_ui.people.doors import Doors
from kiosk_ui.people.store import now
from kiosk_ui.scores import Status
from kiosk_ui.store import ScoreStore
from kiosk_ui.tables import COACH, KEPT, LABELS, SCORES


@dataclass(frozen=True, slots=True)
class Label:
    """What a coach said of a result.

    :param correct: None: the coach could not tell.
    :param wrong: the names of the parts of the body in which something was wrong.
    """

    correct: bool | None
    wrong: tuple[str, ...] = ()


class LabelStore:
    """Keeps the coach's PIN and what the coach said.

        labels = LabelStore(scores)
        labels.put(labels.waiting()[0], Label(correct=False, wrong=("left_knee",)))

    All methods may be called from any thread.

    :param scores: of which something is said.
    """

    def __init__(self, scores: ScoreStore, doors: Doors | None = None) -> None:
        self._scores = scores
        self._engine = scores.engine
        self._doors = doors or Doors()

    def _pin(self) -> KeptPin | None:
        with self._engine.connect() as connection:
            pin = connection.scalar(sa.select(COACH.c.pin))
        return None if pin is None else KeptPin(**pin)

    def _keep_pin(self, pin: KeptPin | None) -> None:
        with self._engine.begin() as connection:
            connection.execute(COACH.delete())
            if pin:
                connection.execute(COACH.insert().values(pin=pin.model_dump()))

    def set_pin(self, pin: str | None) -> None:
        """Set the coach's PIN, which ends every session of coaches; None: no coach comes in.

        :raises ValueError: a PIN is 4 to 12 digits.
        """
        self._keep_pin(None if pin is None else KeptPin.of(pin))

    @property
    def mark(self) -> str | None:
        """What a session of a coach must hold; None where there is no coach here."""
        pin = self._pin()
        return pin.salt if pin else None

    def knock(self, pin: str) -> str:
        """Try a PIN and return what the session is to hold.

        :raises WrongPinError: it is not the coach's.
        :raises PinPauseError: too many wrong tries.
        :raises LookupError: there is no coach here.
        """
        kept = self._pin()
        if kept is None:
            raise LookupError("there is no coach here")
        self._doors.knock(kept, pin, self._keep_pin)
        return kept.salt

    def waiting(self) -> list[str]:
        """Return the results that a coach may see and has not judged, the oldest first."""
        known = sa.select(LABELS.c.score)
        query = (
            sa.select(SCORES.c.id, SCORES.c.assessment)
            .join(KEPT, KEPT.c.score == SCORES.c.id)
            .where(KEPT.c.consent.is_not(None), SCORES.c.status == Status.DONE)
            .where(SCORES.c.id.not_in(known), SCORES.c.wiped.is_(None))
            .order_by(SCORES.c.number)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [row.id for row in rows if (row.assessment or {}).get("score") is not None]

    def get(self, key: str) -> Label | None:
        """Return what the coach said of a result."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(LABELS).where(LABELS.c.score == key)).one_or_none()
        if row is None:
            return None
        return Label(row.correct, tuple(part for part, wrong in row.parts.items() if wrong))

    def put(self, key: str, label: Label) -> None:
        """Keep what the coach says of a result, in place of what was said before.

        :raises LookupError: its person has not consented, or it is gone.
        """
        values = {"made": now(), "correct": label.correct, "parts": parts_of(label)}
        consented = (
            sa.select(KEPT.c.score)
            .join(SCORES, SCORES.c.id == KEPT.c.score)
            .where(KEPT.c.score == key, KEPT.c.consent.is_not(None), SCORES.c.wiped.is_(None))
        )
        with self._engine.begin() as connection:
            # Another name after each change: whoever has a copy of the export sees that one goes.
            connection.execute(LABELS.delete().where(LABELS.c.score == key))
            if connection.scalar(consented) is None:
                raise LookupError("there is no consent for this result")
            name = f"squat-{secrets.token_hex(8)}"
            connection.execute(LABELS.insert().values(score=key, name=name, **values))

    def remove(self, key: str) -> None:
        """Take back what the coach said of a result."""
        with self._engine.begin() as connection:
            connection.execute(LABELS.delete().where(LABELS.c.score == key))

    def remove_withdrawn(self) -> None:
        """Remove from the exported keypoints what was deleted or whose consent was taken back."""
        bring_in_step(self._scores, add=False)


def parts_of(label: Label) -> dict[str, bool]:
    """Return for each part whether it was wrong; empty where that is not known."""
    if label.correct is None or (not label.correct and not label.wrong):
        return {}
    return {part: not label.correct and part in label.wrong for part in PARTS}


def known_parts(names: Sequence[str]) -> tuple[str, ...]:
    """Return those of the names that are parts of the body."""
    return tuple(part for part in PARTS if part in names)
