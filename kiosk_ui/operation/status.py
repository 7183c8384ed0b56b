"""``scripts/status``: how the kiosk on this machine is, as its maintainer's page shows it."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

import click
from pydantic import ValidationError

from kiosk_ui.operation.parts import Figures
from kiosk_ui.operation.words import text

UNIT: Final = Path("/etc/systemd/system/squat-kiosk.service")
"""There where the kiosk was installed as a service."""

PATIENCE: Final = 10.0
"""Seconds; the figures are there within milliseconds."""


def ask(port: int) -> bytes:
    """Return the figures of the kiosk on this machine, as JSON.

    :raises click.ClickException: none runs, or it is another version.
    """
    try:
        url = f"http://localhost:{port}/kiosk/figures"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            raise click.ClickException(f"the kiosk on port {port} says {error.code}") from None
    except OSError as error:
        where = "journalctl -u squat-kiosk" if UNIT.exists() else "scripts/run starts one; --port?"
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        if not isinstance(why, ConnectionRefusedError):  # that one says no more than "no kiosk"
            where = f"{why}; {where}"
        raise click.ClickException(f"no kiosk answers on port {port}: {where}") from None


@click.command()
@click.option("--port", default=8080, show_default=True, help="Port of the kiosk.")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
def main(port: int, as_json: bool) -> None:
    """Say how the kiosk on this machine is.

    Exit code 0: clips can be scored, 1: they cannot.
    """
    told = ask(port)
    try:
        figures = Figures.model_validate_json(told)
    except ValidationError:
        raise click.ClickException("what runs there is another version of the kiosk") from None
    click.echo(told.decode() if as_json else text(figures))
    sys.exit(0 if figures.ready else 1)


if __name__ == "__main__":
    main(prog_name="scripts/status")
