"""Studies with and without feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "studies",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("closed", sa.String),
    )
    op.create_table(
        "participants",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column(
            "study",
            sa.Integer,
            sa.ForeignKey("studies.number", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("code", sa.String, nullable=False, unique=True),
        sa.Column("arm", sa.String),
        sa.Column("joined", sa.String),
        sa.Column("practised", sa.String),
        sa.Column("answers", sa.JSON),
        sa.Column("withdrawn", sa.String),
    )
    op.create_table(
        "study_scores",
        sa.Column(
            "score", sa.String, sa.ForeignKey("scores.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column(
            "participant",
            sa.Integer,
            sa.ForeignKey("participants.number", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("phase", sa.String, nullable=False),
    )
