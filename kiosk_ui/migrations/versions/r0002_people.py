"""People who keep a history, and what a coach says of their squats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "people",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("alias", sa.String, nullable=False, unique=True),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("seen", sa.String, nullable=False),
        sa.Column("nickname", sa.String),
        sa.Column("folded", sa.String, unique=True),
        sa.Column("pin", sa.JSON),
    )
    op.create_table(
        "kept",
        sa.Column(
            "score", sa.String, sa.ForeignKey("scores.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column(
            "person",
            sa.Integer,
            sa.ForeignKey("people.number", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("kept", sa.String, nullable=False),
        sa.Column("consent", sa.String),
    )
    op.create_table(
        "labels",
        sa.Column(
            "score", sa.String, sa.ForeignKey("kept.score", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("made", sa.String, nullable=False),
        sa.Column("correct", sa.Boolean),
        sa.Column("parts", sa.JSON, nullable=False),
        sa.Column("name", sa.String, nullable=False, unique=True),
    )
    op.create_table(
        "exported",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("exported", sa.String, nullable=False),
        sa.Column("removed", sa.String),
    )
    op.create_table(
        "coach",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("pin", sa.JSON, nullable=False),
    )
