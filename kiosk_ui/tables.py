"""The tables of ``scores.sqlite3``, as the newest revision in ``kiosk_ui/migrations`` has them.

After a change here: a new file in ``kiosk_ui/migrations/versions``, and its name in
:data:`kiosk_ui.database.REVISIONS`; a test compares the two.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData()

SCORES: Final = sa.Table(
    "scores",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),  # the order in which they came
    sa.Column("id", sa.String, nullable=False, unique=True),
    sa.Column("created", sa.String, nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("threshold", sa.Float, nullable=False),
    sa.Column("assessment", sa.JSON(none_as_null=True)),
    sa.Column("error", sa.String),
    sa.Column("replay", sa.String, nullable=False),
    # For how many seconds the result has certainly been there, as it was last counted: at the
    # moment `counted` of the boot `boot` (kiosk_ui/uptime.py).
    sa.Column("age", sa.Float, nullable=False, server_default="0"),
    sa.Column("boot", sa.String),
    sa.Column("counted", sa.Float),
    sa.Column("wiped", sa.String),  # when video and joints were deleted; none: they were not
)

PEOPLE: Final = sa.Table(
    "people",  # those who keep a history
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("key", sa.String, nullable=False, unique=True),  # what a signed-in phone holds
    sa.Column("alias", sa.String, nullable=False, unique=True),  # their name in exported labels
    sa.Column("created", sa.String, nullable=False),
    sa.Column("seen", sa.String, nullable=False),
    sa.Column("nickname", sa.String),  # none: the history belongs to one phone
    sa.Column("folded", sa.String, unique=True),  # the nickname as it is compared
    sa.Column("pin", sa.JSON(none_as_null=True)),  # an edge.pin.KeptPin
)

KEPT: Final = sa.Table(
    "kept",  # the scores in somebody's history
    METADATA,
    sa.Column("score", sa.String, sa.ForeignKey("scores.id", ondelete="CASCADE"), primary_key=True),
    sa.Column(
        "person",
        sa.Integer,
        sa.ForeignKey("people.number", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("kept", sa.String, nullable=False),
    sa.Column("consent", sa.String),  # when it was given; none: it was not
)

LABELS: Final = sa.Table(
    "labels",  # what a coach said of scores whose person has consented
    METADATA,
    sa.Column(
        "score", sa.String, sa.ForeignKey("kept.score", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("made", sa.String, nullable=False),
    sa.Column("correct", sa.Boolean),  # none: the coach could not tell
    sa.Column("parts", sa.JSON, nullable=False),  # by name: whether it was wrong; none known: {}
    sa.Column("name", sa.String, nullable=False, unique=True),  # in exported labels
)

EXPORTED: Final = sa.Table(
    "exported",  # names that were ever exported; what is gone stays here, as a name alone
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("exported", sa.String, nullable=False),
    sa.Column("removed", sa.String),
)

COACH: Final = sa.Table(
    "coach",  # one row, if there is coaching here
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("pin", sa.JSON, nullable=False),
)

STUDIES: Final = sa.Table(
    "studies",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("name", sa.String, nullable=False, unique=True),
    sa.Column("created", sa.String, nullable=False),
    sa.Column("seed", sa.Integer, nullable=False),
    sa.Column("closed", sa.String),
)

PARTICIPANTS: Final = sa.Table(
    "participants",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column(
        "study",
        sa.Integer,
        sa.ForeignKey("studies.number", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("code", sa.String, nullable=False, unique=True),
    sa.Column("arm", sa.String),  # drawn when the participant joins
    sa.Column("joined", sa.String),
    sa.Column("practised", sa.String),  # when practice was ended
    sa.Column("answers", sa.JSON(none_as_null=True)),
    sa.Column("withdrawn", sa.String),
)

STUDY_SCORES: Final = sa.Table(
    "study_scores",
    METADATA,
    sa.Column("score", sa.String, sa.ForeignKey("scores.id", ondelete="CASCADE"), primary_key=True),
    sa.Column(
        "participant",
        sa.Integer,
        sa.ForeignKey("participants.number", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("phase", sa.String, nullable=False),
)

IN_A_HISTORY: Final = sa.exists().where(KEPT.c.score == SCORES.c.id)
"""Of a score: whether somebody keeps it."""

HELD: Final = sa.or_(IN_A_HISTORY, sa.exists().where(STUDY_SCORES.c.score == SCORES.c.id))
"""Of a score: whether its video stays, since somebody has said so, for a history or for a study."""
