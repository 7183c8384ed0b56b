"""Who keeps a history, and what is in it."""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from edge.errors import KioskError, WrongPinError
from edge.pin import KeptPin
from kiosk_ui.people.doors import Doors
from kiosk_ui.scores import Score
from kiosk_ui.store import ScoreStore
from kiosk_ui.tables import KEPT, LABELS, PEOPLE

SHORTEST_NAME: Final = 2
LONGEST_NAME: Final = 20
MOST_PEOPLE: Final = 20_000
"""More than a gym has members; a program that makes up people ends there."""

MARKS: Final = " -_.'"
"""What a nickname may hold beside letters and digits."""


class NicknameTakenError(KioskError, ValueError):
    """Somebody has this nickname already."""


class PeopleFullError(KioskError, OSError):
    """There are as many histories as there may be."""


class NotYoursError(KioskError, PermissionError):
    """The score is in somebody else's history."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a history.

    :param key: what their phone holds; unguessable.
    :param nickname: None: the history belongs to one phone, without a name.
    """

    number: int
    key: str
    nickname: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A score in somebody's history.

    :param consent: whether a coach may see it and the kiosk may learn from it.
    """

    score: Score
    consent: bool


def plain_name(nickname: str) -> str:
    """Return a nickname written one way.

    :raises ValueError: it is too short or too long, or holds what no nickname may hold.
    """
    name = " ".join(unicodedata.normalize("NFC", nickname).split())
    if not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        raise ValueError("a nickname has 2 to 20 characters")
    if not all(c.isalnum() or c in MARKS for c in name) or not any(c.isalnum() for c in name):
        raise ValueError("a nickname has letters and digits")
    return name


def now() -> str:
    """Return the time as the tables hold it."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


class PeopleStore:
    """Keeps histories beside the scores.

        people = PeopleStore(scores)
        person = people.create()
        people.keep(person, key)

    All methods may be called from any thread.

    :param scores: whose results are kept.
    """

    def __init__(self, scores: ScoreStore, doors: Doors | None = None) -> None:
        self._scores = scores
        self._engine = scores.engine
        self._doors = doors or Doors()
        self._chance = secrets.token_bytes(32)

    def create(self, nickname: str | None = None, pin: str | None = None) -> Person:
        """Make a new history: of one phone, or of whoever knows nickname and PIN.

        :raises ValueError: nickname or PIN are not what they must be.
        :raises NicknameTakenError: somebody has it already.
        :raises PeopleFullError: there are too many.
        """
        with self._engine.connect() as connection:
            count = connection.scalar(sa.select(sa.func.count()).select_from(PEOPLE)) or 0
        if count >= MOST_PEOPLE:
            raise PeopleFullError("there are too many histories")
        values: dict[str, Any] = {} if nickname is None else _named(nickname, pin or "")
        key, alias = secrets.token_urlsafe(16), f"p-{secrets.token_hex(6)}"
        self._write(
            PEOPLE.insert().values(key=key, alias=alias, created=now(), seen=now(), **values)
        )
        return self.require(key)

    def rename(self, person: Person, nickname: str, pin: str, before: str = "") -> Person:
        """Give a phone's history a nickname and a PIN, or another one.

        The key is another one then: whoever holds the one from before is signed out.

        :param before: the PIN until now, where there is one.
        :raises ValueError: nickname or PIN are not what they must be.
        :raises NicknameTakenError: somebody has it already.
        :raises WrongPinError: ``before`` is not the PIN until now.
        :raises PinPauseError: too many wrong tries.
        """
        values = {**_named(nickname, pin), "key": secrets.token_urlsafe(16)}
        mine = PEOPLE.c.number == person.number
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(PEOPLE).where(mine)).one()
        if row.pin is not None:
            self._knock(row, before)
        self._write(PEOPLE.update().where(mine).values(**values))
        return self.require(values["key"])

    def _write(self, statement: Any) -> None:
        try:
            with self._engine.begin() as connection:
                connection.execute(statement)
        except IntegrityError as error:
            raise NicknameTakenError("somebody has this nickname already") from error

    def sign_in(self, nickname: str, pin: str) -> Person:
        """Return whoever knows nickname and PIN.

        :raises WrongPinError: one of them is wrong.
        :raises PinPauseError: too many wrong tries.
        """
        try:
            folded = plain_name(nickname).casefold()
        except ValueError as error:
            raise WrongPinError("there is no such nickname") from error
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(PEOPLE).where(PEOPLE.c.folded == folded)
            ).one_or_none()  # fmt: skip
        if row is None:
            # As long, and with the same pauses, as for a nickname that somebody has: nobody finds
            # out so who trains here.
            self._doors.knock(self._nobody(folded), pin, lambda _kept: None)
            raise WrongPinError("there is no such nickname")
        self._knock(row, pin)
        return self.require(row.key)

    def _nobody(self, folded: str) -> KeptPin:
        """Return the PIN of a nickname that nobody has: the same each time, and no PIN fits it."""
        salt = hmac.digest(self._chance, folded.encode(), "sha256").hex()[:32]
        return KeptPin(salt=salt, digest="0" * 64)

    def _knock(self, row: Any, pin: str) -> None:
        """Try the PIN of a row of people.

        :raises WrongPinError: it is not the PIN.
        :raises PinPauseError: too many wrong tries.
        """

        def keep(kept: KeptPin) -> None:
            mine = PEOPLE.update().where(PEOPLE.c.number == row.number)
            with self._engine.begin() as connection:
                connection.execute(mine.values(pin=kept.model_dump()))

        self._doors.knock(KeptPin(**row.pin), pin, keep)

    def find(self, key: str | None) -> Person | None:
        """Return whoever has a key."""
        if not key:
            return None
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(PEOPLE).where(PEOPLE.c.key == key)).one_or_none()
        return None if row is None else Person(row.number, row.key, row.nickname)

    def require(self, key: str) -> Person:
        """Return whoever has a key.

        :raises LookupError: nobody has.
        """
        person = self.find(key)
        if person is None:
            raise LookupError("nobody has this key")
        return person

    def join(self, phone: Person, person: Person) -> None:
        """Put a phone's history without a name into that of a nickname."""
        with self._engine.begin() as connection:
            connection.execute(
                KEPT.update().where(KEPT.c.person == phone.number).values(person=person.number)
            )
            connection.execute(PEOPLE.delete().where(PEOPLE.c.number == phone.number))

    def keep(self, person: Person, key: str) -> None:
        """Put a score into a history; doing it again changes nothing.

        :raises NotYoursError: it is in somebody else's.
        :raises LookupError: the score was deleted just now.
        """
        with self._engine.begin() as connection:
            try:
                connection.execute(
                    KEPT.insert()
                    .prefix_with("OR IGNORE")
                    .values(score=key, person=person.number, kept=now())
                )
            except IntegrityError as error:
                raise LookupError("there is no such score") from error
            owner = connection.scalar(sa.select(KEPT.c.person).where(KEPT.c.score == key))
            if owner != person.number:
                raise NotYoursError("the score is in somebody else's history")
            connection.execute(
                PEOPLE.update().where(PEOPLE.c.number == person.number).values(seen=now())
            )

    def owner_of(self, key: str) -> int | None:
        """Return the number of whoever has a score in their history."""
        with self._engine.connect() as connection:
            return connection.scalar(sa.select(KEPT.c.person).where(KEPT.c.score == key))

    def consents(self, key: str) -> bool:
        """Tell whether a coach may see a score, and the kiosk may learn from it."""
        with self._engine.connect() as connection:
            return bool(connection.scalar(sa.select(KEPT.c.consent).where(KEPT.c.score == key)))

    def consent(self, person: Person, key: str | None, given: bool) -> None:
        """Give consent for one score, or take it back; what a coach said of it then goes.

        :param key: of the score; None: of every one.
        :raises NotYoursError: the score is not in this person's history.
        """
        mine = KEPT.c.person == person.number
        chosen = mine if key is None else sa.and_(mine, KEPT.c.score == key)
        with self._engine.begin() as connection:
            changed = connection.execute(
                KEPT.update().where(chosen).values(consent=now() if given else None)
            )
            if key is not None and not changed.rowcount:
                raise NotYoursError("the score is not in your history")
            if not given:
                scores = sa.select(KEPT.c.score).where(chosen)
                connection.execute(LABELS.delete().where(LABELS.c.score.in_(scores)))
        if not given:
            self._scores.forget()

    def about(self, person: Person) -> dict[str, Any]:
        """Return what is known of a person beside their scores."""
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(PEOPLE).where(PEOPLE.c.number == person.number)
            ).one()
        names = ("nickname", "created", "seen", "alias")
        return {name: getattr(row, name) for name in names}

    def history(self, person: Person) -> list[Kept]:
        """Return what is in a history, the oldest first."""
        mine = sa.select(KEPT).where(KEPT.c.person == person.number)
        with self._engine.begin() as connection:
            rows = connection.execute(mine).all()
            connection.execute(
                PEOPLE.update().where(PEOPLE.c.number == person.number).values(seen=now())
            )
        found = [(self._scores.get(row.score), bool(row.consent)) for row in rows]
        kept = [Kept(score, consent) for score, consent in found if score]
        return sorted(kept, key=lambda one: one.score.created)

    def delete_score(self, person: Person, key: str) -> None:
        """Remove a score of a history, with its files and all that was said of it.

        :raises NotYoursError: it is not in this person's history.
        """
        if self.owner_of(key) != person.number:
            raise NotYoursError("the score is not in your history")
        self._scores.delete(key)

    def delete(self, person: Person, *, asked: bool = True) -> None:
        """Remove a person and every score in their history, with its files.

        :param asked: whether they have asked for it.
        """
        mine = sa.select(KEPT.c.score).where(KEPT.c.person == person.number)
        with self._engine.connect() as connection:
            keys = list(connection.scalars(mine))
        self._scores.delete(*keys, asked=asked)
        with self._engine.begin() as connection:
            connection.execute(PEOPLE.delete().where(PEOPLE.c.number == person.number))
        self._scores.forget(asked=asked)


def _named(nickname: str, pin: str) -> dict[str, Any]:
    name = plain_name(nickname)
    kept = KeptPin.of(pin).model_dump()
    return {"nickname": name, "folded": name.casefold(), "pin": kept}
