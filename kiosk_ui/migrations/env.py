"""What Alembic runs: the revisions, in the transaction that :mod:`kiosk_ui.database` has begun."""

from __future__ import annotations

from alembic import context

from kiosk_ui.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite cannot change a column in place
)
context.run_migrations()
