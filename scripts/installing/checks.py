"""What ``scripts/doctor`` looks at: the device's parts."""

from __future__ import annotations

import fcntl
import ipaddress
import os
import re
import socket
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Final

from installing.box import DATA, PREFIX, USER, Box
from installing.steps import exists, members


class State(Enum):
    """How it is."""

    OK = "ok"
    NOTE = "note"
    WRONG = "WRONG"


@dataclass(frozen=True)
class Finding:
    """What was found.

    :param state: how it is.
    :param about: what it is about, in a word or two.
    :param text: what was seen.
    :param advice: what to do; empty where there is nothing to do.
    """

    state: State
    about: str
    text: str
    advice: str = ""


def ok(about: str, text: str) -> Finding:
    """Say that something is right."""
    return Finding(State.OK, about, text)


def note(about: str, text: str, advice: str = "") -> Finding:
    """Say that something may be meant so."""
    return Finding(State.NOTE, about, text, advice)


def wrong(about: str, text: str, advice: str) -> Finding:
    """Say that something has to be mended."""
    return Finding(State.WRONG, about, text, advice)


QUERYCAP: Final = 0x80685600
"""Video4Linux's question what a device is and can do (VIDIOC_QUERYCAP)."""

CAPTURES: Final = 0x1
GPU_NODES: Final = ("nvidia0", "nvhost-gpu", "nvgpu")
LEAST_BYTES, FEW_BYTES = 1_000_000_000, 5_000_000_000
OLDEST: Final = datetime(2025, 6, 1, tzinfo=timezone.utc)
JETPACKS: Final = {35: "5", 36: "6", 38: "7", 39: "7"}
"""By the number of the Linux that NVIDIA ships with each."""


def system(box: Box) -> Iterator[Finding]:
    """Look at what system this is."""
    name = box.os_release().get("PRETTY_NAME", "a system that does not say what it is")
    if not box.like_debian:
        yield note("system", f"{name}: scripts/run works, scripts/install does not")
    else:
        yield ok("system", f"{name}, {box.machine}, Linux {os.uname().release}")
    python = box.python()
    if python is None:
        yield wrong("Python", "no 3.10, 3.11 or 3.12 in /usr/bin", "use Debian 12, Ubuntu 22.04 or "
                    "24.04, or JetPack 6 or 7")  # fmt: skip
    else:
        yield ok("Python", python)
    if box.jetson:
        text = box.path("/etc/nv_tegra_release").read_text().splitlines()[0]
        found = re.search(r"R(\d+)", text)
        jetpack = JETPACKS.get(int(found[1])) if found else None
        if jetpack == "5":
            yield wrong("JetPack", "5, whose Python is too old", "flash JetPack 6 or 7")
        else:
            yield ok("JetPack", jetpack or f"unknown ({text})")


def camera(box: Box) -> Iterator[Finding]:
    """Look for cameras, without opening a stream: the kiosk may hold it."""
    found = False
    for device in sorted(box.path("/dev").glob("video*")):
        about = f"camera {device.name}"
        try:
            name, driver = query(device)
        except PermissionError:
            found = True
            yield reachable(box, device, about, "video")
            continue
        except OSError:
            continue
        if not name:
            continue  # the second node of a camera carries no pictures
        found = True
        if driver.startswith("tegra"):
            needs = "sudo apt-get install gstreamer1.0-tools nvidia-l4t-gstreamer"
            yield note(about, f"{name} (CSI)", f"needs: {needs}; never run so far: docs/cameras.md")
            continue
        reach = reachable(box, device, about, "video")
        yield ok(about, name) if reach.state is State.OK else reach
    if not found:
        yield note("camera", "none", "plug one in; until then the kiosk plays its demo clip")


def query(device: Path) -> tuple[str, str]:
    """Return name and driver of a camera; no name where it gives no pictures."""
    handle = os.open(device, os.O_RDWR | os.O_NONBLOCK)
    try:
        answer = fcntl.ioctl(handle, QUERYCAP, bytes(104))
    finally:
        os.close(handle)
    driver, card, _, _, _, here = struct.unpack("16s32s32sIII", answer[:92])
    name = card.split(b"\0")[0].decode(errors="replace") if here & CAPTURES else ""
    return name, driver.split(b"\0")[0].decode(errors="replace")


def reachable(box: Box, device: Path, about: str, group: str) -> Finding:
    """Tell whether the kiosk's user may use a device."""
    found = device.stat()
    allowed = bool(found.st_mode & stat.S_IWGRP) and USER in members_of(box, found.st_gid)
    if allowed or not exists(box, "passwd", USER):
        return ok(about, "there")
    return wrong(about, f"the user {USER} may not use {device}",
                 f"sudo usermod --append --groups {group} {USER}; sudo systemctl restart "
                 "squat-kiosk; if that is not it: ls -l /dev, and a udev rule")  # fmt: skip


def members_of(box: Box, number: int) -> list[str]:
    """Return who is in the group of this number."""
    return members(box, str(number))


def pins(box: Box) -> Iterator[Finding]:
    """Look for the pins of a light."""
    chips = sorted(box.path("/dev").glob("gpiochip*"))
    if not chips:
        yield note("pins", "none: this machine has no GPIO header, and the kiosk no light",
                   "nothing, unless it should have one: docs/wiring.md")  # fmt: skip
    for chip in chips:
        reach = reachable(box, chip, f"pins {chip.name}", "gpio")
        if reach.state is not State.OK:
            yield reach
            return
    if chips:
        yield ok("pins", ", ".join(chip.name for chip in chips))


def sound(box: Box) -> Iterator[Finding]:
    """Look for a loudspeaker and the voice."""
    for program, package in (("aplay", "alsa-utils"), ("espeak-ng", "espeak-ng")):
        if not box.path(f"/usr/bin/{program}").exists():
            yield wrong("sound", f"{program} is missing", f"sudo apt-get install {package}")
    try:
        cards = re.findall(r"^ *\d+ \[.*: (.*)$", box.path("/proc/asound/cards").read_text(), re.M)
    except OSError:
        cards = []
    if cards:
        yield ok("sound", ", ".join(cards))
    else:
        yield note("sound", "no sound card", "connect a loudspeaker by HDMI or USB; all else works")


def gpu(box: Box, python: str | None) -> Iterator[Finding]:
    """Look for a GPU and TensorRT."""
    nodes = [name for name in GPU_NODES if box.path(f"/dev/{name}").exists()]
    if not nodes:
        yield note("GPU", "none that TensorRT knows: the processor does all the work",
                   "nothing, unless it has one: its driver; on a Jetson sudo apt-get install "
                   "nvidia-jetpack")  # fmt: skip
        return
    yield ok("GPU", f"/dev/{nodes[0]}")
    if python is None:
        return
    load = "import pycuda.driver, tensorrt; print(tensorrt.__version__)"
    asked = box.ask(python, "-c", load)
    if asked.returncode == 0:
        yield ok("TensorRT", asked.stdout.strip())
    else:
        last = (asked.stderr.strip().splitlines() or ["no reason given"])[-1]
        yield wrong(
            "TensorRT",
            f"it cannot be loaded ({last}): the processor does all the work",
            "on a Jetson: sudo apt-get install nvidia-jetpack, then sudo scripts/install",
        )


def engines(box: Box) -> Iterator[Finding]:
    """Look which bundle's engines are live."""
    folder = box.path(DATA / "engines")
    try:
        names = sorted(path.name for path in folder.iterdir() if (path / "live").is_symlink())
    except PermissionError:
        yield note("engines", "only root may look at them", "sudo scripts/doctor")
        return
    except OSError:
        names = []
    if names:
        for name in names:
            yield ok("engines", f"{name}: slot {(folder / name / 'live').readlink()} is live")
    else:
        yield note("engines", "none were built: ONNX Runtime runs the shipped models",
                   "with a GPU: sudo squat-kiosk flash_engine BUNDLE")  # fmt: skip


def disk(box: Box) -> Iterator[Finding]:
    """Look at the room for clips."""
    free = box.free_bytes(DATA if box.path(DATA).exists() else PREFIX)
    text = f"{free / 1e9:.1f} GB free"
    if free < LEAST_BYTES:
        yield wrong("disk", f"{text}: videos are refused", "free some; KIOSK_KEEP_DAYS keeps less")
    elif free < FEW_BYTES:
        yield note("disk", text, "that is not much; KIOSK_KEEP_DAYS keeps less")
    else:
        yield ok("disk", text)


def clock(box: Box) -> Iterator[Finding]:
    """Look at the clock: certificates and the age of clips hang on it."""
    now = datetime.now(timezone.utc)
    if now < OLDEST:
        yield wrong(
            "clock", f"it says {now:%Y-%m-%d}", "sudo timedatectl set-ntp true, or set-time"
        )
        return
    synced = box.ask("timedatectl", "show", "--property=NTPSynchronized", "--value").stdout.strip()
    if synced == "yes":
        yield ok("clock", f"{now:%Y-%m-%d %H:%M} UTC, set by the network")
    else:
        yield note("clock", f"{now:%Y-%m-%d %H:%M} UTC, not set by the network",
                   "look whether that is right; sudo timedatectl set-ntp true")  # fmt: skip


def network_address() -> str | None:
    """Return this machine's address on the network; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


ALLOWED: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
)
"""The networks of squat-kiosk.service; the test of the units compares them."""


def network(address: str | None) -> Iterator[Finding]:
    """Look at the address that phones use."""
    if address is None:
        yield note("network", "none: the kiosk works, phones do not reach it", "docs/https.md")
    elif any(ipaddress.ip_address(address) in allowed for allowed in ALLOWED):
        yield ok("network", address)
    else:
        whole = ipaddress.ip_network(f"{address}/24", strict=False)
        yield wrong(
            "network",
            f"{address} is in none of the networks that the services let in",
            "sudo systemctl edit squat-kiosk squat-https, add below [Service] a line "
            f"IPAddressAllow={whole} (or however large your network is), and restart both",
        )
