"""Alembic's revisions of the tables; :mod:`kiosk_ui.database` runs them at start."""
