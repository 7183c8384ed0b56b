"""``scripts/install``: the steps, one after another, and what each of them says."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from installing.box import PREFIX, Box, InstallError
from installing.release import Current, Environment, Release
from installing.services import Certificates, Files
from installing.starting import Started
from installing.steps import Folders, Options, Packages, Prefix, Step, Users

ROOM: Final = 5_000_000_000
"""Bytes for the packages of the system (Chromium and its libraries), two environments, and data."""

MACHINES: Final = ("x86_64", "aarch64")


def steps(options: Options) -> list[Step]:
    """Return the steps in the order of an installation; an uninstallation goes backwards."""
    return [
        Prefix(options), Packages(options), Users(options), Folders(options), Release(options),
        Environment(options), Current(options), Certificates(options), Files(options),
        Started(options),
    ]  # fmt: skip


def refusals(box: Box, *, dry_run: bool) -> list[str]:
    """Return why this machine cannot become a kiosk, each with what to do."""
    release = box.os_release()
    reasons = []
    if not dry_run and os.geteuid() != 0:
        reasons.append("only root can do this: sudo scripts/install (--dry-run needs no root)")
    if not box.like_debian:
        name = release.get("PRETTY_NAME", "this system")
        reasons.append(
            f"{name} is not made from Debian: Debian 12, Ubuntu 22.04 or 24.04, or JetPack 6 or 7 "
            "is needed; scripts/run works elsewhere"
        )
    if box.machine not in MACHINES:
        reasons.append(f"{box.machine} processors have no packages: x86_64 or aarch64 is needed")
    if box.python() is None:
        reasons.append(
            "there is no Python 3.10, 3.11 or 3.12 in /usr/bin: this system is too old or too new; "
            "JetPack 5 has to become 6 or 7"
        )
    if box.like_debian and not box.path("/usr/bin/systemctl").exists():
        reasons.append("there is no systemd: apt-get install systemd-sysv")
    room = box.free_bytes(PREFIX)
    if not box.path(PREFIX / "current").exists() and room < ROOM:
        reasons.append(
            f"{room / 1e9:.1f} GB are free where {PREFIX} will be, {ROOM / 1e9:.0f} are needed"
        )
    return reasons


def install(box: Box, options: Options, *, dry_run: bool) -> int:
    """Do what is missing, and say of each step whether it was; returns the exit code."""
    changes = 0
    chosen = [name for name, on in (("--without-screen", options.screen),
                                    ("--without-https", options.https)) if not on]  # fmt: skip
    order = steps(options)
    for number, step in enumerate(order, 1):
        plan = step.plan(box)
        changes += bool(plan)
        _say(f"{number:2}/{len(order)}", step.title, plan, "would" if dry_run else "do")
        if plan and not dry_run:
            step.do(box)
        if isinstance(step, Prefix) and not dry_run and box.record.get("options") != chosen:
            box.record["options"] = chosen  # for --as-before
            box.remember("packages")
    _end(box, "nothing to do: all is there" if not changes else None)
    return 0


def uninstall(box: Box, options: Options, *, dry_run: bool) -> int:
    """Take it off again; returns the exit code."""
    order = steps(options)[::-1]
    for number, step in enumerate(order, 1):
        left = step.leftovers(box)
        _say(f"{number:2}/{len(order)}", step.title, left, "would" if dry_run else "do",
             there="nothing there")  # fmt: skip
        if left and not dry_run:
            step.undo(box)
    _end(box, None)
    return 0


def _say(place: str, title: str, plan: Sequence[str], what: str, there: str = "there") -> None:
    head = f"{place} {title}"
    if not plan:
        print(f"{head}: {there}", flush=True)
    for line in plan:
        print(f"{head}: {'would ' if what == 'would' else ''}{line}", flush=True)


def _end(box: Box, words: str | None) -> None:
    if words:
        print(words)
    if box.left:
        print("left to you:")
        for line in box.left:
            print(f"  - {line}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, and do it."""
    parser = argparse.ArgumentParser(
        prog="scripts/install", description="Makes this machine a squat kiosk: docs/install.md."
    )
    for name, words in {
        "--dry-run": "say what would be done",
        "--uninstall": "take it off again",
        "--delete-data": "with --uninstall: people's data and the settings as well",
        "--packages": "with --uninstall: the system packages that were added as well",
        "--as-before": "leave out what was left out at the last installation",
        "--without-screen": "no Chromium on this machine's own screen",
        "--without-https": "no HTTPS for phones",
    }.items():
        parser.add_argument(name, action="store_true", help=words)
    parser.add_argument("--root", type=Path, default=Path("/"), metavar="DIR",
                        help="an unpacked system instead of this one (by chroot)")  # fmt: skip
    asked = parser.parse_args(arguments)
    if (asked.delete_data or asked.packages) and not asked.uninstall:
        parser.error("--delete-data and --packages go with --uninstall")
    os.umask(0o022)  # whatever root's own is: the kiosk's user has to read it
    if not asked.root.is_dir():
        parser.error(f"there is no folder {asked.root}; --root names an unpacked system")
    box = Box(asked.root.resolve())
    reasons = refusals(box, dry_run=asked.dry_run)
    if asked.uninstall:
        reasons = [reason for reason in reasons if reason.startswith("only root")]
    if reasons:
        for reason in reasons:
            print(f"error: {reason}", file=sys.stderr)
        return 2
    left_out = set(box.record.get("options", [])) if asked.as_before else set()
    options = Options(
        screen=not (asked.without_screen or "--without-screen" in left_out),
        https=not (asked.without_https or "--without-https" in left_out),
        delete_data=asked.delete_data, packages=asked.packages,
    )  # fmt: skip
    try:
        return (uninstall if asked.uninstall else install)(box, options, dry_run=asked.dry_run)
    except BrokenPipeError:
        raise  # whoever reads has enough: scripts/install
    except (InstallError, OSError) as error:
        print(f"error: {error}\nWhat was done stays; run the same command again.", file=sys.stderr)
        return 1
