"""Studies: two groups, with and without feedback, measured before and after practice."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from kiosk_ui.people.store import now
from kiosk_ui.store import ScoreStore
from kiosk_ui.studies.plan import FILMED, Participant, arm_of, participant_of, row_of
from kiosk_ui.tables import PARTICIPANTS, SCORES, STUDIES, STUDY_SCORES

ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Of codes; no letter that looks like a digit."""

CODE_LENGTH: Final = 6


@dataclass(frozen=True, slots=True)
class Study:
    """A study.

    :param codes: how many codes there are.
    :param joined: how many have begun.
    :param closed: whether it is over: no one comes in, and nothing is kept from anybody.
    """

    name: str
    codes: int
    joined: int
    closed: bool


class StudyStore:
    """Keeps studies beside the scores.

        studies = StudyStore(scores)
        codes = studies.create("spring", participants=40, seed=1)
        participant = studies.join(codes[0])

    All methods may be called from any thread.

    :param scores: that are measured.
    """

    def __init__(self, scores: ScoreStore) -> None:
        self._scores = scores
        self._engine = scores.engine

    def create(self, name: str, participants: int, seed: int) -> list[str]:
        """Begin a study and return the participants' codes.

        :raises ValueError: there is one of this name.
        """
        codes: set[str] = set()
        while len(codes) < participants:
            codes.add("".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)))
        with self._engine.begin() as connection:
            if connection.scalar(sa.select(STUDIES.c.number).where(STUDIES.c.name == name)):
                raise ValueError(f"there is a study called {name!r} already")
            number = connection.execute(
                STUDIES.insert().values(name=name, created=now(), seed=seed)
            ).lastrowid
            rows = [{"study": number, "code": code} for code in sorted(codes)]
            connection.execute(PARTICIPANTS.insert(), rows)
        return sorted(codes)

    def all(self) -> list[Study]:
        """Return the studies, the oldest first."""
        counts = (
            sa.select(
                STUDIES, sa.func.count(PARTICIPANTS.c.number), sa.func.count(PARTICIPANTS.c.joined)
            )
            .outerjoin(PARTICIPANTS, PARTICIPANTS.c.study == STUDIES.c.number)
            .group_by(STUDIES.c.number)
            .order_by(STUDIES.c.number)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(counts).all()
        return [Study(row.name, row[-2], row[-1], bool(row.closed)) for row in rows]

    def any_open(self) -> bool:
        """Tell whether there is a study to take part in."""
        return any(not study.closed for study in self.all())

    def close(self, name: str) -> None:
        """End a study: what was kept from participants can then be seen.

        :raises LookupError: there is none of this name.
        """
        self._change(STUDIES.update().values(closed=now()), name)

    def delete(self, name: str) -> None:
        """Remove a study with all its recordings and answers.

        :raises LookupError: there is none of this name.
        """
        for row in self._rows(name):
            self._delete_scores(row.number)
        self._change(STUDIES.delete(), name)
        self._scores.forget()

    def _change(self, statement: Any, name: str) -> None:
        with self._engine.begin() as connection:
            if not connection.execute(statement.where(STUDIES.c.name == name)).rowcount:
                raise LookupError(f"there is no study called {name!r}")

    def join(self, code: str) -> Participant:
        """Return the participant with a code; whoever is new is put into a group.

        :raises LookupError: there is no such code in a study that is open, or it was withdrawn.
        """
        with self._engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # two who join at once are not one
            row = connection.execute(
                sa.select(PARTICIPANTS, STUDIES.c.seed)
                .join(STUDIES, STUDIES.c.number == PARTICIPANTS.c.study)
                .where(PARTICIPANTS.c.code == code.strip().upper(), STUDIES.c.closed.is_(None))
                .where(PARTICIPANTS.c.withdrawn.is_(None))
            ).one_or_none()
            if row is None:
                raise LookupError("there is no such code")
            if row.arm is None:
                others = sa.select(sa.func.count(PARTICIPANTS.c.arm)).where(
                    PARTICIPANTS.c.study == row.study
                )
                arm = arm_of(row.seed, connection.scalar(others) or 0)
                connection.execute(
                    PARTICIPANTS.update()
                    .where(PARTICIPANTS.c.number == row.number)
                    .values(arm=arm, joined=now())
                )
        return self.require(row.number)

    def find(self, number: int | None) -> Participant | None:
        """Return a participant of a study that is open; None where there is none."""
        if number is None:
            return None
        query = (
            sa.select(PARTICIPANTS)
            .join(STUDIES, STUDIES.c.number == PARTICIPANTS.c.study)
            .where(PARTICIPANTS.c.number == number, PARTICIPANTS.c.arm.is_not(None))
            .where(PARTICIPANTS.c.withdrawn.is_(None), STUDIES.c.closed.is_(None))
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
            filmed = self._filmed(connection, number) if row else {}
        return None if row is None else participant_of(row, filmed)

    def require(self, number: int) -> Participant:
        """Return a participant.

        :raises LookupError: there is none.
        """
        found = self.find(number)
        if found is None:
            raise LookupError("there is no such participant")
        return found

    def file(self, key: str, number: int | None) -> None:
        """Count an upload as a participant's; where there is none, or no recording is due, not."""
        participant = self.find(number)
        if participant and participant.step in FILMED:
            row = {"score": key, "participant": number, "phase": participant.step.value}
            with self._engine.begin() as connection:
                connection.execute(STUDY_SCORES.insert().values(**row))

    def end_practice(self, participant: Participant) -> None:
        """Go on to the last measurement."""
        self._set(participant, practised=now())

    def answer(self, participant: Participant, answers: Mapping[str, int]) -> None:
        """Keep the answers to the questions."""
        self._set(participant, answers=dict(answers))

    def withdraw(self, participant: Participant) -> None:
        """Remove what a participant has recorded and answered; the code is of no use any more."""
        self._delete_scores(participant.number)
        self._set(participant, answers=None, practised=None, withdrawn=now())
        self._scores.forget()

    def _set(self, participant: Participant, **values: Any) -> None:
        mine = PARTICIPANTS.c.number == participant.number
        with self._engine.begin() as connection:
            connection.execute(PARTICIPANTS.update().where(mine).values(**values))

    def _delete_scores(self, number: int) -> None:
        mine = sa.select(STUDY_SCORES.c.score).where(STUDY_SCORES.c.participant == number)
        with self._engine.connect() as connection:
            keys = list(connection.scalars(mine))
        self._scores.delete(*keys)

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return a row for each participant who has joined a study.

        :raises LookupError: there is none of this name.
        """
        with self._engine.connect() as connection:
            return [
                row_of(row, self._filmed(connection, row.number))
                for row in self._rows(name)
                if row.arm
            ]

    def _rows(self, name: str) -> Sequence[Any]:
        with self._engine.connect() as connection:
            study = connection.scalar(sa.select(STUDIES.c.number).where(STUDIES.c.name == name))
            if study is None:
                raise LookupError(f"there is no study called {name!r}")
            mine = sa.select(PARTICIPANTS).where(PARTICIPANTS.c.study == study)
            return connection.execute(mine.order_by(PARTICIPANTS.c.joined)).all()

    @staticmethod
    def _filmed(connection: sa.Connection, number: int) -> dict[str, list[Any]]:
        """Return a participant's recordings by phase, the oldest first."""
        rows = connection.execute(
            sa.select(STUDY_SCORES.c.phase, SCORES.c.status, SCORES.c.assessment)
            .join(SCORES, SCORES.c.id == STUDY_SCORES.c.score)
            .where(STUDY_SCORES.c.participant == number)
            .order_by(SCORES.c.number)
        ).all()
        return {step.value: [r for r in rows if r.phase == step] for step in FILMED}
