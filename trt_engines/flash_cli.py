"""``scripts/flash_engine``: bring a bundle to a kiosk, prove it, and go back where it is bad."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NoReturn

import click
from pydantic import ValidationError

from edge.bundle import PRECISIONS, Precision
from edge.errors import BundleError, KioskError
from edge.settings import Settings
from trt_engines.flash import Flash, Outcome, Stopped
from trt_engines.packing import MOST_PACKED, pack
from trt_engines.remote import Kiosk
from trt_engines.selftest import FACTOR


def settings_of(data_dir: Path | None) -> Settings:
    """Return the kiosk's settings; the command line counts more than the environment.

    :raises click.ClickException: a setting is out of range.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"KIOSK_{str(first['loc'][0]).upper()}"
        raise click.ClickException(f"{name}: {first['msg']}") from error
    return settings if data_dir is None else settings.model_copy(update={"data_dir": data_dir})


STANDARD_INPUT: Final = Path("-")
_CHUNK: Final = 1 << 20


@contextmanager
def given(bundle: Path) -> Iterator[Path]:
    """Give the bundle that was named; one that comes through the standard input, as a file.

    :raises BundleError: more comes than a bundle can be.
    """
    if bundle != STANDARD_INPUT:
        yield bundle
        return
    with TemporaryDirectory(prefix="bundle-") as scratch:
        file, left = Path(scratch) / "input.bundle", MOST_PACKED
        with file.open("wb") as out:
            while chunk := sys.stdin.buffer.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise BundleError("what comes is larger than any bundle")
                out.write(chunk)
        yield file


def say(step: str, line: str) -> None:
    """Tell of a step; where nobody listens any more, the work goes on all the same."""
    try:
        click.echo(f"{step + ':':8} {line}")
        sys.stdout.flush()
    except BrokenPipeError:  # the connection was cut
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def end(outcome: int, why: str = "") -> NoReturn:
    """End the program."""
    if why:
        try:
            click.echo(f"error:   {why}", err=True)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    sys.exit(outcome)


DATA_DIR = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False),
    help="The kiosk's folder of data [default: KIOSK_DATA_DIR, else var].",
)  # fmt: skip
PRECISION = click.option(
    "--precision", type=click.Choice(PRECISIONS), default="fp32", show_default=True,
    help="How exactly the engines calculate, where TensorRT is there.",
)  # fmt: skip
SLOWER_BY = click.option(
    "--slower-by", type=click.FloatRange(min=0.1), default=FACTOR, show_default=True,
    help="How many times as long as the live one the new one may need.",
)  # fmt: skip

ANYWAY = click.option(
    "--anyway", is_flag=True, help="Give up what was flashed before and the kiosk is proving still."
)


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path, exists=True, allow_dash=True))
@PRECISION
@SLOWER_BY
@click.option("--again", is_flag=True, help="Build and test anew what is live already.")
@ANYWAY
@DATA_DIR
@click.option("--host", help="Flash another kiosk: its address as ssh takes it.")
@click.option(
    "--kiosk-folder",
    help="With --host: where this software is there [default: the installed kiosk, else "
    "squat-kiosk in the home].",
)
@click.option("--ssh-port", type=click.IntRange(1, 65535), help="With --host: ssh's port there.")
@click.option(
    "--identity", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --host: the file with your private key.",
)  # fmt: skip
@click.option("--ssh-option", multiple=True, help="With --host: one of ssh's own, as after -o.")
def main(
    *,
    bundle: Path,
    precision: Precision,
    slower_by: float,
    again: bool,
    anyway: bool,
    data_dir: Path | None,
    host: str | None,
    kiosk_folder: str | None,
    ssh_port: int | None,
    identity: Path | None,
    ssh_option: tuple[str, ...],
) -> None:
    """Flash BUNDLE, a folder or a .bundle file, into the slot that is not live, and switch to it;
    - is a file that comes through the standard input.

    Exit codes: 0 it is live and good (or no kiosk runs, and its next start proves it); 1 the
    bundle was refused, nothing was changed; 2 the command line is wrong; 3 it could not be built
    or did not pass its test, what was live and good is live (what was still on trial is given up
    first); 4 the kiosk has gone back to what ran before; 5 another flash is at work, or the kiosk
    is proving the one before (--anyway gives that up); 6 the kiosk cannot be reached; 130 Ctrl-C.

    Whatever interrupts it, the kiosk works: run the same command again.
    """
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    try:
        if host is None:
            flash = Flash(settings_of(data_dir), say, precision, slower_by, again, anyway)
            with given(bundle) as source:
                end(flash.run(source))
        kiosk = Kiosk(str(host), kiosk_folder, ssh_port, identity, ssh_option)
        arguments = ["--precision", precision, "--slower-by", str(slower_by)]
        arguments += ["--again"] if again else []
        arguments += ["--anyway"] if anyway else []
        arguments += ["--data-dir", str(data_dir)] if data_dir else []
        with TemporaryDirectory(prefix="bundle-") as scratch, given(bundle) as source:
            file = pack(source, Path(scratch)) if source.is_dir() else source
            end(kiosk.flash(file, arguments, say))
    except Stopped as stopped:
        end(stopped.outcome, stopped.why)
    except KioskError as error:
        end(Outcome.REFUSED, str(error))
    except KeyboardInterrupt:
        end(
            Outcome.INTERRUPTED,
            "interrupted: whatever is live works; a trial that has begun goes on without this "
            "command (scripts/engines status), else run it again",
        )


if __name__ == "__main__":
    main(prog_name="scripts/flash_engine")
