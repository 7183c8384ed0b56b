"""Runs the kiosk in a network of its own and tells where every packet goes.

``unshare --map-root-user --net python -m tests.kiosk_ui.leaving FOLDER VIDEO``: there is a network
card that leads nowhere, with a route to the whole world and a name server, and whatever is sent to
it is written down: by the kiosk, its children, its libraries, or the system for them.
"""

from __future__ import annotations

import ipaddress
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from tests.kiosk_ui.processes import kiosk_process

ALONE = ["unshare", "--map-root-user", "--net", "--mount"]
LOCAL = ("224.0.0.251", "224.0.0.22", "ff02::fb", "ff02::16", "ff02::2", "ff02::1")
CARD, ADDRESS, GATEWAY, NAME_SERVER = "card0", "192.168.77.2", "192.168.77.1", "192.168.77.53"
ALL_KINDS, OUTGOING = 3, 4


def possible() -> bool:
    """Tell whether such a network can be made here."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    command = [*ALONE, "ip", "link", "add", CARD, "type", "veth", "peer", "name", "nowhere"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def main() -> None:
    """Make the network, run the kiosk in it, and print every address that was sent to."""
    folder, video = Path(sys.argv[1]), Path(sys.argv[2])
    for command in (
        "link set lo up", f"link add {CARD} type veth peer name nowhere",
        f"addr add {ADDRESS}/24 dev {CARD}", f"link set {CARD} arp off", "link set nowhere up",
        f"link set {CARD} up", f"route add default via {GATEWAY}",
    ):  # fmt: skip
        subprocess.run(["ip", *command.split()], check=True)  # noqa: S607
    names = folder / "resolv.conf"
    names.write_text(f"nameserver {NAME_SERVER}\n")
    bind = ["mount", "--bind", str(names), "/etc/resolv.conf"]
    subprocess.run(bind, check=False)
    seen: set[str] = set()
    threading.Thread(target=listen, args=(seen,), daemon=True).start()
    time.sleep(0.2)
    with kiosk_process(folder / "data") as kiosk:
        kiosk.wait_until_ready()
        for page in ("/", "/phone", "/notice", "/record", "/study", "/me", "/api/v1/openapi.json"):
            kiosk.get(page)
        start = urllib.request.Request(f"http://localhost:{kiosk.port}/kiosk/start", b"")
        kiosk.send(start)
        done = kiosk.finished(kiosk.upload(video.read_bytes())["id"])
        kiosk.get(f"/api/v1/scores/{done['id']}/replay.mp4")
        kiosk.finished(kiosk.upload(b"#EXTM3U\nhttp://192.0.2.7/a.ts\n" * 99)["id"])
        time.sleep(3.0)
    for address in sorted(seen):
        sys.stdout.write(f"packet: {address}\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.sendto(b"?", ("192.0.2.1", 53))
    time.sleep(0.3)
    if "192.0.2.1" in seen:
        sys.stdout.write("counter-proof: 192.0.2.1\n")


def listen(seen: set[str]) -> None:
    """Note where each packet on the card goes."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_KINDS)) as wire:
        wire.bind((CARD, ALL_KINDS))
        while True:
            packet, (_card, _kind, direction, *_rest) = wire.recvfrom(65_535)
            if direction != OUTGOING:
                continue
            if packet[0] >> 4 == 4:
                seen.add(str(ipaddress.ip_address(packet[16:20])))
            elif packet[0] >> 4 == 6:
                seen.add(str(ipaddress.ip_address(packet[24:40])))


if __name__ == "__main__":
    main()
