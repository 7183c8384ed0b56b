"""``python -m kiosk_ui.pin``: lock the settings of the running kiosk with a PIN."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import click


def ask(port: int, method: str, path: str, body: dict[str, Any]) -> None:
    """Send one request to the kiosk on this machine.

    :raises click.ClickException: it refuses, or does not run.
    """
    request = urllib.request.Request(
        f"http://localhost:{port}/kiosk/{path}", json.dumps(body).encode(),
        {"Content-Type": "application/json"}, method=method,
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - always this machine
            return
    except urllib.error.HTTPError as error:
        with error:
            detail = json.loads(error.read()).get("detail", error.reason)
        raise click.ClickException(detail) from None
    except OSError as error:
        raise click.ClickException(f"no kiosk runs on port {port}: {error}") from None


@click.command()
@click.option("--port", default=8080, show_default=True, help="Port of the kiosk.")
@click.option("--remove", is_flag=True, help="Let everybody change the settings again.")
def main(port: int, remove: bool) -> None:
    """Lock the settings of the kiosk that runs on this machine with a PIN, or free them."""
    old = click.prompt("Present PIN (empty if there is none)", hide_input=True, default="",
                       show_default=False)  # fmt: skip
    if old:
        ask(port, "POST", "unlock", {"pin": old})
    new = None
    if not remove:
        new = click.prompt("New PIN (4 to 12 digits)", hide_input=True, confirmation_prompt=True)
    ask(port, "PUT", "lock", {"pin": new})
    click.echo("The settings are free." if remove else "The settings are locked.")


if __name__ == "__main__":
    main()
