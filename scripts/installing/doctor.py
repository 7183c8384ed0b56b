"""``scripts/doctor``: what is right with this machine, and what to do about the rest."""

from __future__ import annotations

import argparse
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from typing import Final

from installing.box import CHECKOUT, PORT, UNITS, Box
from installing.checks import (
    Finding,
    State,
    camera,
    clock,
    disk,
    engines,
    gpu,
    network,
    network_address,
    note,
    ok,
    pins,
    sound,
    system,
    wrong,
)
from installing.release import CURRENT, release_name

HTTPS_PORT: Final = 8443
WIDTH: Final = 6
VERSIONS: Final = (
    "from importlib.metadata import version as v\n"
    "print(', '.join(f'{n} {v(n)}' for n in "
    "('onnxruntime', 'ai-edge-litert', 'av', 'numpy', 'flask', 'waitress')))"
)
ENDS: Final = (
    "import sys; from cryptography import x509; from datetime import datetime, timezone\n"
    "c = x509.load_pem_x509_certificate(sys.argv[1].encode())\n"
    "print((c.not_valid_after_utc - datetime.now(timezone.utc)).days)"
)


def python_of(box: Box) -> str | None:
    """Return the interpreter of the installed kiosk, or else of this checkout."""
    for folder in (CURRENT, CHECKOUT):
        python = folder / ".venv/bin/python"
        if box.path(python).exists():
            return str(python)
    return None


def program(box: Box, python: str | None) -> Iterator[Finding]:
    """Look which version is installed, and whether its packages are there."""
    link, here = box.path(CURRENT), release_name(CHECKOUT)
    if not link.is_symlink():
        yield note("program", "not installed", "sudo scripts/install, or scripts/run to try it")
    elif link.readlink().name == here:
        yield ok("program", here)
    else:
        yield note("program", f"{link.readlink().name} is installed, and this is {here}",
                   "sudo scripts/install makes this one current")  # fmt: skip
    if python is None:
        return
    asked = box.ask(python, "-c", VERSIONS)
    if asked.returncode == 0:
        yield ok("packages", asked.stdout.strip())
    else:
        yield wrong("packages", (asked.stderr.strip().splitlines() or ["they cannot be read"])[-1],
                    "sudo scripts/install, or python3 scripts/environment.py device")  # fmt: skip


def units(box: Box) -> Iterator[Finding]:
    """Look at what systemd runs."""
    names = [
        name
        for name in ("squat-kiosk.service", "squat-retention.timer", "squat-https.service",
                     "squat-screen.service", "squat-update.path", "squat-update.service")
        if box.path(UNITS / name).exists()
    ]  # fmt: skip
    for name in names:
        shown = box.ask(
            "systemctl", "show", name,
            "--property=ActiveState,UnitFileState,NRestarts,StatusText,ConditionResult,Result",
        ).stdout  # fmt: skip
        found = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
        restarts = found.get("NRestarts", "0")
        parts = [found.get(key, "") for key in ("ActiveState", "UnitFileState", "StatusText")]
        parts += [f"restarted {restarts} times"] if restarts != "0" else []
        text = ", ".join(part for part in parts if part)
        if name == "squat-update.service":  # it runs where something waits
            if found.get("ActiveState") == "failed":
                yield wrong(name, "the last new version was not taken", f"journalctl -u {name}")
        elif found.get("ActiveState") == "active" and found.get("UnitFileState") == "enabled":
            yield ok(name, text) if restarts == "0" else note(name, text, f"journalctl -u {name}")
        elif found.get("ConditionResult") == "no" and found.get("Result") == "success":
            why = "no console" if "screen" in name else "no certificates yet: sudo scripts/install"
            yield note(name, f"it is not to run here ({why})")
        else:
            yield wrong(name, text, f"sudo systemctl enable --now {name}; journalctl -u {name}")


def web(box: Box, address: str | None, port: int = PORT) -> Iterator[Finding]:
    """Ask the kiosk itself, by the device's way and by that of the phones."""
    for host in ("127.0.0.1", address):
        if host is None:
            continue
        about = f"kiosk at {host}"
        try:
            with urllib.request.urlopen(f"http://{host}:{port}/readyz", timeout=5):
                yield ok(about, "clips can be scored")
        except urllib.error.HTTPError as error:
            with error:
                yield note(about, "it is starting", "wait, then: journalctl -u squat-kiosk")
        except OSError:
            installed = box.path(UNITS / "squat-kiosk.service").exists()
            tell = wrong if installed else note
            yield tell(about, "it does not answer",
                       "sudo systemctl restart squat-kiosk; a firewall?" if installed
                       else "scripts/run starts it")  # fmt: skip
            return


def certificates(box: Box, python: str | None) -> Iterator[Finding]:
    """Look at the certificate that phones are shown."""
    try:
        with socket.create_connection(("127.0.0.1", HTTPS_PORT), timeout=2):
            pass
        shown = ssl.get_server_certificate(("127.0.0.1", HTTPS_PORT), timeout=5)
    except OSError:
        yield note("certificates", "no HTTPS: phones send videos and do not film in the page",
                   "docs/https.md")  # fmt: skip
        return
    days = box.ask(python, "-c", ENDS, shown).stdout.strip() if python else ""
    if not days.lstrip("-").isdigit():
        yield note("certificates", "HTTPS answers; when it ends cannot be read")
    elif int(days) < 0:
        yield wrong("certificates", "it has ended", "sudo systemctl restart squat-https")
    else:
        yield ok("certificates", f"valid for {days} more days")


def screen(box: Box) -> Iterator[Finding]:
    """Look at what the screen needs."""
    browsers = [
        name
        for name in ("chromium", "chromium-browser", "google-chrome-stable")
        if box.path(f"/usr/bin/{name}").exists()
    ]
    if browsers and box.path("/usr/bin/cage").exists():
        yield ok("screen", f"{browsers[0]} under cage")
    else:
        missing = [*([] if browsers else ["Chromium"]),
                   *([] if box.path("/usr/bin/cage").exists() else ["cage"])]  # fmt: skip
        yield note("screen", f"without {' and '.join(missing)}",
                   "sudo apt-get install cage chromium; another device's browser will not do: "
                   "the kiosk's own screen is shown on this device alone")  # fmt: skip
    if any(box.path("/usr/share/fonts").rglob("Nanum*")):
        yield ok("Korean font", "Nanum")
    else:
        yield note("Korean font", "none", "sudo apt-get install fonts-nanum")


def examine(box: Box, port: int = PORT) -> Iterator[Finding]:
    """Look at everything, in the order in which one thing needs the other.

    :param port: of the kiosk.
    """
    python, address = python_of(box), network_address()
    yield from system(box)
    yield from program(box, python)
    yield from camera(box)
    yield from pins(box)
    yield from sound(box)
    yield from gpu(box, python)
    yield from engines(box)
    yield from screen(box)
    yield from disk(box)
    yield from clock(box)
    yield from network(address)
    yield from units(box)
    yield from web(box, address, port)
    yield from certificates(box, python)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found; 1 where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="scripts/doctor", description="Looks at this machine; changes nothing."
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"of the kiosk (default {PORT})")
    asked = parser.parse_args(arguments)
    count = dict.fromkeys(State, 0)
    for finding in examine(Box(), asked.port):
        count[finding.state] += 1
        print(f"{finding.state.value:{WIDTH}} {finding.about}: {finding.text}", flush=True)
        if finding.advice:
            print(f"{'':{WIDTH}} -> {finding.advice}", flush=True)
    print(f"{count[State.OK]} right, {count[State.NOTE]} to note, {count[State.WRONG]} wrong")
    return 1 if count[State.WRONG] else 0
