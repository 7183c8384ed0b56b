"""``python -m kiosk_ui.phones.https``: make the certificates, and run HTTPS before the kiosk."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from types import FrameType

import click

from edge.errors import CertificateError
from edge.settings import Settings
from kiosk_ui.config import WebConfig
from kiosk_ui.logs import log_discreetly
from kiosk_ui.phones.addresses import lan_address
from kiosk_ui.phones.certificates import AUTHORITY, Made, make_certificates
from kiosk_ui.phones.front import Front

log = logging.getLogger(__name__)

data_dir_option = click.option(
    "--data-dir",
    default=None,
    type=click.Path(path_type=Path, file_okay=False),
    help="The kiosk's folder [default: KIOSK_DATA_DIR, else var].",
)
address_option = click.option(
    "--address", default=None, help="IPv4 address of this kiosk [default: the network's]."
)


def folder_in(data_dir: Path | None) -> Path:
    """Return the folder of the certificates."""
    return (data_dir or Settings().data_dir) / "https"


def renew(folder: Path, address: str | None, *, new_authority: bool = False) -> Made:
    """Make or renew the certificates for this kiosk's name and address."""
    found = address or lan_address()
    made = make_certificates(
        folder, f"{WebConfig().name}.local", [found] if found else [], new_authority=new_authority
    )
    for left_out in made.left_out:
        log.warning(
            "this kiosk is now at %s, for which the authority that phones trust may not speak: "
            "https works as https://%s only. Give the kiosk its old address again (a fixed one, in "
            "the router), or run scripts/make_certificates --new-authority, after which every "
            "phone has to trust anew",
            left_out, made.hosts[0],
        )  # fmt: skip
    return made


@click.group()
def main() -> None:
    """HTTPS for phones, with an authority that can speak for this kiosk alone."""
    log_discreetly()


@main.command()
@data_dir_option
@address_option
@click.option("--new-authority", is_flag=True, help="Begin anew: every phone has to trust anew.")
def certificates(data_dir: Path | None, address: str | None, new_authority: bool) -> None:
    """Make what is missing, renew what ends within a month, and keep the rest."""
    folder = folder_in(data_dir)
    try:
        made = renew(folder, address, new_authority=new_authority)
    except (CertificateError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if made.authority:
        click.echo("A NEW AUTHORITY was made: every phone that is to use https has to trust it.")
    state = "made" if made.certificate else "kept"
    click.echo(f"Certificate {state}: {', '.join(made.hosts)}, until {made.ends:%Y-%m-%d}.")
    if made.left_out:
        click.echo(f"NOT for {', '.join(made.left_out)}: see above.")


@main.command()
@data_dir_option
@address_option
@click.option(
    "--upstream", default=8080, show_default=True, help="The kiosk's port on this machine."
)
@click.option("--port", default=None, type=int, help="Port for phones [default: KIOSK_HTTPS_PORT].")
@click.option(
    "--http-port", default=None, type=int,
    help="Port without encryption, such as 80, which KIOSK_PUBLIC_PORT puts on the screen.",
)  # fmt: skip
def run(
    data_dir: Path | None,
    address: str | None,
    upstream: int,
    port: int | None,
    http_port: int | None,
) -> None:
    """Run nginx in the foreground; the certificate is renewed while it runs."""
    folder, config = folder_in(data_dir), WebConfig()
    if not (folder / AUTHORITY).is_file():
        raise click.ClickException("there are no certificates: run scripts/make_certificates first")
    front = Front(
        folder, lambda: renew(folder, address), port=port or config.https_port,
        upstream=upstream, max_body=config.max_upload_bytes + 1, http_port=http_port,
    )  # fmt: skip

    def stop(_number: int, _frame: FrameType | None) -> None:
        front.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        sys.exit(front.run())
    except (CertificateError, OSError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
