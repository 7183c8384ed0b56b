"""How long videos and joints have been here, and whether they have been deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("scores", sa.Column("age", sa.Float, nullable=False, server_default="0"))
    op.add_column("scores", sa.Column("boot", sa.String))
    op.add_column("scores", sa.Column("counted", sa.Float))
    op.add_column("scores", sa.Column("wiped", sa.String))
