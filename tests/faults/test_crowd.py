"""Many phones at once, and many that only hold a connection open."""

from __future__ import annotations

import json
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from time import monotonic, sleep

import pytest

from tests.faults.conftest import Say, Staged
from tests.faults.phones import BUSY, Phone
from tests.faults.watching import use_of

LONG = [pytest.mark.long, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("count", [3, pytest.param(50, marks=LONG)])
def test_phones_all_at_once_and_a_set_at_the_kiosk(
    staged: Staged, squat: bytes, say: Say, count: int
) -> None:
    """Each gets its verdict, or is told when to come again and then gets it."""
    port, pid = staged.kiosk.port, staged.kiosk.process.pid
    before = use_of(pid, staged.data)
    phones = [Phone(port, number) for number in range(count)]
    ends: Counter[str] = Counter()
    began = monotonic()

    def send(phone: Phone) -> None:
        score = phone.verdict(phone.insist(squat, 900), 900)
        ends[(score["assessment"] or {}).get("verdict", score["error"])] += 1

    with ThreadPoolExecutor(count) as pool:
        waiting = [pool.submit(send, phone) for phone in phones]
        sets = [staged.kiosk.get(f"/api/v1/scores/{staged.screen.record()}")[1]]
        while count > 10 and not all(one.done() for one in waiting):
            sets.append(staged.kiosk.get(f"/api/v1/scores/{staged.screen.record()}")[1])
        for one in waiting:
            one.result()
    after = use_of(pid, staged.data)
    refused = [answer for phone in phones for answer in phone.refused]
    frames = [one["assessment"]["frames"] for one in sets]
    pushed = sum(one["pushed"] for one in frames)
    say("verdicts", dict(ends))
    say("seconds", round(monotonic() - began))
    say("told to come again", dict(Counter(answer.status for answer in refused)))
    say("sets at the kiosk", len(sets))
    say("frames of them", (pushed, sum(one["dropped"] for one in frames)))
    say("MB before and after", (round(before.memory), round(after.memory)))
    assert ends == {"good": count}
    assert all(a.status in BUSY and int(a.headers["retry-after"]) >= 1 for a in refused)
    assert all(json.loads(a.body)["detail"] for a in refused)
    assert pushed > 0
    assert after.zombies == 0
    # The clips' verdicts are there, and nothing of the crowd stays: two children may still end.
    assert after.descriptors <= before.descriptors + 20


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_slow_connections_on_both_faces(staged: Staged, say: Say) -> None:
    """Half of them pretend to be phones, half are on the device itself; some send a body."""
    port = staged.kiosk.port
    heads = (
        b"GET /phone HTTP/1.1\r\nHost: ki",
        b"POST /api/v1/scores HTTP/1.1\r\nHost: kiosk\r\nContent-Length: 900000\r\n\r\n--B",
    )
    took: dict[str, list[float]] = {"device": [], "network": []}
    with ExitStack() as stack:
        wires = []
        for number in range(200):
            address = "127.0.0.1" if number % 2 else f"127.0.1.{number // 2 % 250 + 1}"
            wire = socket.create_connection(("127.0.0.1", port), 20, (address, 0))
            wires.append(stack.enter_context(closing(wire)))
            wire.sendall(heads[number % 8 == 0])
        until_closed = monotonic() + 90
        open_wires = wires
        while True:
            took["device"].append(asked(port, "127.0.0.1", "localhost", "/"))
            took["network"].append(asked(port, "127.0.2.1", "kiosk", "/phone"))
            for wire in open_wires:
                with suppress(OSError):
                    wire.sendall(b"x")  # a byte now and then
            open_wires = [wire for wire in open_wires if not was_closed(wire)]
            if monotonic() > until_closed or not open_wires:
                break
            sleep(2.0)
        say("still open after 90 s", len(open_wires))
        assert not open_wires
    for face, seconds in took.items():
        say(f"{face} asked {len(seconds)} times, longest ms", round(1000 * max(seconds)))


def asked(port: int, address: str, host: str, path: str) -> float:
    """Ask for a page from an address; return the seconds until it was there."""
    began = monotonic()
    with closing(socket.create_connection(("127.0.0.1", port), 60, (address, 0))) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = wire.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
    return monotonic() - began


def was_closed(wire: socket.socket) -> bool:
    """Tell whether the server has hung up, without waiting for it."""
    wire.setblocking(False)
    try:
        return wire.recv(1000) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
