"""``scripts/engines``: what is live, what is in the other slot, and why; and how to change that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from edge.bundle import Bundle, Precision
from edge.errors import BundleError, EngineError, KioskError, SlotError
from edge.runtime.engine import EngineRecords
from edge.settings import Settings
from trt_engines.checking import Finding, open_slot, verify
from trt_engines.flash import Flash, Outcome, Stopped
from trt_engines.flash_cli import ANYWAY, DATA_DIR, PRECISION, SLOWER_BY, end, say, settings_of
from trt_engines.kinds import CLASSIFIER
from trt_engines.records import SHIPPED, Slot, State, software
from trt_engines.slots import ENGINES, LIVE, MOST_STARTS, Slots, names_in, other_of

NAME = click.argument("name", default=CLASSIFIER)
PLACE = click.argument("place", type=click.Choice(["A", "B", SHIPPED, "live"]), default="live")
JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


class Group(click.Group):
    """Says in one line what of the kiosk's folder cannot be read or written."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # nobody listens any more; click knows what to do
            raise
        except OSError as error:
            end(Outcome.FAILED, unusable(error))


def unusable(error: OSError) -> str:
    """Return what is wrong with the disk, and what to do."""
    what = error.filename or "the kiosk's folder of data"
    return (
        f"{what}: {error.strerror}: make room on the disk, or make it writable, and run the same "
        "command again"
    )


@contextmanager
def changing(slots: Slots) -> Iterator[None]:
    """Hold the slots while they are switched by hand; end the program where that cannot be."""
    try:
        with slots.locks.writing():
            yield
    except OSError as error:
        link = slots.folder / LIVE
        end(
            Outcome.FAILED,
            f"{unusable(error)}; or remove {link} by hand: the kiosk then runs "
            f"{software(slots.name)}",
        )
    except (BundleError, EngineError, SlotError) as error:
        end(Outcome.REFUSED, str(error))


@click.group(cls=Group)
def main() -> None:
    """Show and change which bundles the kiosk runs: NAME is squat, blazepose or openpose."""


@main.command()
@click.argument("name", required=False)
@DATA_DIR
@JSON
def status(name: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Show of NAME, or of each, what is live, what is in the other slot, and why."""
    settings = settings_of(data_dir)
    told = [status_of(one) for one in ([_slots(settings, name)] if name else _all(settings))]
    click.echo(json.dumps(told, indent=1) if as_json else "\n\n".join(map(readable, told)))


@main.command("list")
@DATA_DIR
def list_(data_dir: Path | None) -> None:
    """List every bundle on this device."""
    settings = settings_of(data_dir)
    for slots in _all(settings):
        live = slots.live()
        if slots.name == CLASSIFIER:
            label = _opened(settings, slots, SHIPPED).label
            click.echo(f"{slots.name:10} {SHIPPED:8} {label:24} {'live' if live is None else ''}")
        for slot in slots.both():
            state = slot.state.value + (", live" if slot.same(live) else "")
            engines = ", ".join(f"{n} {p}" for n, p in _engines(slot).items())
            click.echo(f"{slots.name:10} {slot.letter:8} {slot.label:24} {state:14} {engines}")


@main.command()
@NAME
@PLACE
@DATA_DIR
def inspect(name: str, place: str, data_dir: Path | None) -> None:
    """Show all that is known of a bundle and its engines, as JSON."""
    settings = settings_of(data_dir)
    slots = _slots(settings, name)
    slot = _slot(slots, place)
    try:
        bundle = _opened(settings, slots, place)
        told: dict[str, Any] = {
            "folder": str(bundle.folder),
            "digest": bundle.digest,
            "signer": bundle.signer,
            "manifest": bundle.manifest.model_dump(mode="json", exclude={"files", "figures"}),
        }
        if slot is not None:
            told["slot"] = slot.record.model_dump(mode="json") if slot.record else None
            records = EngineRecords.read(slot.engines)
            told["engines"] = records.model_dump(mode="json")["engines"]
    except KioskError as error:
        end(Outcome.REFUSED, str(error))
    click.echo(json.dumps(told, indent=1))


@main.command("verify")
@NAME
@PLACE
@DATA_DIR
def verify_(name: str, place: str, data_dir: Path | None) -> None:
    """Check signature, hashes and engines of a bundle against this device."""
    settings = settings_of(data_dir)
    slots = _slots(settings, name)
    slot = _slot(slots, place)
    if slot is None:
        try:
            bundle = _opened(settings, slots, place)
            findings = [Finding("bundle", told=f"{bundle.label}, signed by {bundle.signer}")]
        except KioskError as error:
            findings = [Finding("bundle", str(error))]
    else:
        findings = verify(slot, settings.trust())
    for one in findings:
        click.echo(f"{'WRONG' if one.wrong else 'right'} {one.what}: {one.wrong or one.told}")
    end(Outcome.REFUSED if any(one.wrong for one in findings) else Outcome.DONE)


@main.command()
@NAME
@PRECISION
@SLOWER_BY
@ANYWAY
@DATA_DIR
def build(
    name: str, precision: Precision, slower_by: float, anyway: bool, data_dir: Path | None
) -> None:
    """Build the engines of the live bundle again, for this device as it is now.

    They go into the other slot and are tested and proved as in a flash.
    """
    settings = settings_of(data_dir)
    slots = _slots(settings, name)
    try:
        bundle = _opened(settings, slots, "live")
        flash = Flash(settings, say, precision, slower_by, again=True, anyway=anyway)
        end(flash.run(bundle.folder))
    except Stopped as stopped:
        end(stopped.outcome, stopped.why)
    except KioskError as error:
        end(Outcome.REFUSED, str(error))


@main.command()
@NAME
@click.argument("place", type=click.Choice(["A", "B", SHIPPED]))
@click.option("--why", default="made live by hand", help="Is kept, and shown by status.")
@click.option("--anyway", is_flag=True, help="Try a slot again that is bad.")
@DATA_DIR
def activate(name: str, place: str, why: str, anyway: bool, data_dir: Path | None) -> None:
    """Make a slot live: on trial, unless the kiosk has proved it before."""
    settings = settings_of(data_dir)
    slots = _slots(settings, name)
    with changing(slots):
        slot = _slot(slots, place)
        if slot is not None and slot.record is not None and slot.state is not State.FILLING:
            open_slot(slot, settings.trust())
        slots.switch(place, why, anyway=anyway)
    click.echo(readable(status_of(slots)))


@main.command("roll-back")
@NAME
@click.option("--why", required=True, help="What was wrong: is kept, and shown by status.")
@DATA_DIR
def roll_back(name: str, why: str, data_dir: Path | None) -> None:
    """Go back to what ran before; what is live now is then bad."""
    settings = settings_of(data_dir)
    slots = _slots(settings, name)
    with changing(slots):
        live = slots.live()
        before = None if live is None else slots.before(live)
        if before is not None:
            try:
                open_slot(before, settings.trust())
            except (BundleError, EngineError) as error:
                slots.refuse(before, f"it cannot be opened: {error}")
                click.echo(
                    f"slot {before.letter}, {before.label}, ran before and cannot be opened: "
                    f"{error}; {software(name)} runs instead"
                )
        slots.roll_back(f"rolled back by hand: {why}")
    click.echo(readable(status_of(slots)))


def status_of(slots: Slots) -> dict[str, Any]:
    """Return what is live of a name, what is in the other slot, and why, in plain types."""
    live = slots.live()
    before = None if live is None else slots.before(live)
    return {
        "name": slots.name,
        "live": SHIPPED if live is None else live.letter,
        "falls_back_to": None if live is None else before.letter if before else SHIPPED,
        "kiosk_runs": slots.locks.is_used,
        "slots": {slot.letter: _plain(slot) for slot in slots.both()},
    }


def readable(told: dict[str, Any]) -> str:
    """Return the same for people."""
    live, slots = told["live"], told["slots"]
    lines = [told["name"]]
    if live == SHIPPED:
        lines.append(f"  live:  {software(told['name'])}: no slot is live")
        rest = sorted(slots)
    else:
        lines.append(f"  live:  {_line(live, slots[live])}")
        if slots[live]["state"] == State.TRIAL.value:
            lines.append(f"         started {slots[live]['starts']} of {MOST_STARTS} times")
        if slots[live]["no_engines"]:
            lines.append(f"         no engines: {slots[live]['no_engines']}")
        back = told["falls_back_to"]
        lines.append(
            f"         if it is bad: {software(told['name']) if back == SHIPPED else back}"
        )
        rest = [other_of(live)]
    lines += [f"  other: {_line(letter, slots[letter])}" for letter in rest]
    lines.append(f"  a kiosk that uses it runs: {'yes' if told['kiosk_runs'] else 'no'}")
    return "\n".join(lines)


def _line(letter: str, slot: dict[str, Any]) -> str:
    label = f"{slot['bundle']}, " if slot["bundle"] else ""
    since = f" since {slot['since']}" if slot["since"] else ""
    return f"slot {letter}, {label}{slot['state']}{since}: {slot['why']}"


def _plain(slot: Slot) -> dict[str, Any]:
    record = slot.record
    return {
        "state": slot.state.value,
        "why": slot.why,
        "bundle": slot.label,
        "since": record.since.isoformat(timespec="minutes") if record else None,
        "before": record.before if record else None,
        "starts": record.starts if record else 0,
        "engines": _engines(slot),
        "no_engines": record.no_engines if record else "",
        "history": [one.model_dump(mode="json") for one in record.history] if record else [],
    }


def _engines(slot: Slot) -> dict[str, Precision]:
    return slot.record.engines if slot.record else {}


def _all(settings: Settings) -> list[Slots]:
    root = settings.data_dir / ENGINES
    return [Slots(root, name) for name in sorted({*names_in(root), CLASSIFIER})]


def _slots(settings: Settings, name: str) -> Slots:
    slots = next((one for one in _all(settings) if one.name == name), None)
    if slots is None:
        names = ", ".join(one.name for one in _all(settings))
        raise click.BadParameter(f"nothing called {name} was ever flashed here; there is {names}")
    return slots


def _slot(slots: Slots, place: str) -> Slot | None:
    if place == SHIPPED:
        return None
    return slots.live() if place == "live" else slots.read(place)


def _opened(settings: Settings, slots: Slots, place: str) -> Bundle:
    slot = _slot(slots, place)
    if slot is not None:
        return open_slot(slot, settings.trust())
    if slots.name != CLASSIFIER:
        raise BundleError(f"no bundle of {slots.name} comes with the software")
    return Bundle.open(settings.bundle, settings.trust())


if __name__ == "__main__":
    main(prog_name="scripts/engines")
