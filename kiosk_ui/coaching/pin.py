"""``python -m kiosk_ui.coaching.pin``: who may label results as a coach."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk_ui.coaching.labels import LabelStore
from kiosk_ui.maintenance import data_option, opened


@click.command()
@data_option
@click.option("--remove", is_flag=True, help="Let no coach in any more.")
def main(data_dir: Path | None, remove: bool) -> None:
    """Set the PIN with which a coach signs in at /coach; whoever is signed in must do so again."""
    with opened(data_dir) as scores:
        labels = LabelStore(scores)
        if remove:
            labels.set_pin(None)
            click.echo("No coach comes in.")
            return
        pin = click.prompt("New PIN (4 to 12 digits)", hide_input=True, confirmation_prompt=True)
        try:
            labels.set_pin(pin)
        except ValueError as error:
            raise click.ClickException(f"{error}") from error
        click.echo("The coach's PIN is set.")


if __name__ == "__main__":
    main()
