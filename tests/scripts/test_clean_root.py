"""The installer on a clean Debian with its own systemd: real packages, users, units, kiosk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kiosk_ui.fakes import until
from tests.scripts.machines import Machine, booted

pytestmark = [pytest.mark.long, pytest.mark.timeout(3000)]

PACKAGES = "dpkg-query -W -f='${Package}\\n' | sort"
USERS = "cut -d: -f1 /etc/passwd /etc/group | sort"
SEE = (
    "import json, urllib.request as u; "
    "print(json.load(u.urlopen('http://127.0.0.1:8080/readyz'))['status'])"
)


def property_of(machine: Machine, unit: str, name: str) -> str:
    return machine.says(f"systemctl show {unit} --property={name} --value")


def test_a_clean_debian_becomes_a_kiosk_and_a_clean_debian_again(tmp_path: Path) -> None:
    with booted(tmp_path) as machine:
        packages, users = machine.says(PACKAGES), machine.says(USERS)
        files = machine.files()
        assert "program: not installed" in machine.run("scripts/doctor").stdout

        plan = machine.says("scripts/install --dry-run")
        assert machine.files() == files and machine.says(PACKAGES) == packages
        log = machine.says("scripts/install")
        planned = {line.replace("would ", "") for line in plan.splitlines() if "would " in line}
        assert planned <= set(log.splitlines())  # what it said it would do is what it did

        assert property_of(machine, "squat-kiosk", "ActiveState") == "active"
        assert property_of(machine, "squat-kiosk", "StatusText") == "clips can be scored"
        assert machine.says(f'python3 -c "{SEE}"') == "ready"
        main = property_of(machine, "squat-kiosk", "MainPID")
        assert machine.says(f"stat -c %U /proc/{main}") == "squat-kiosk"
        status = machine.says(f"cat /proc/{main}/status")
        assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
        assert property_of(machine, "squat-retention.timer", "ActiveState") == "active"
        assert machine.says("stat -c '%a %U' /var/lib/squat-kiosk") == "700 squat-kiosk"

        again = machine.says("scripts/install").splitlines()
        assert again[9].endswith("there") and "nothing to do: all is there" in again
        before = property_of(machine, "squat-kiosk", "MainPID")
        assert before == main  # a second run disturbs nobody
        doctor = machine.run("scripts/doctor").stdout
        assert "ok     kiosk at 127.0.0.1" in doctor and "ok     squat-kiosk.service" in doctor
        told = json.loads(machine.says("cat /etc/squat-kiosk/installed.json"))
        assert "espeak-ng" in told["packages"]

        the_watchdog_ends_what_hangs(machine, main)

        machine.says("scripts/install --uninstall")
        left = machine.files() - files
        ours = {name for name in left if "squat" in name}
        assert ours and all(
            name.startswith(("var/lib/squat-kiosk/", "etc/squat-kiosk/")) for name in ours
        )
        machine.says("scripts/install --uninstall --delete-data")
        assert not {name for name in machine.files() - files if "squat" in name}
        added = set(machine.says(PACKAGES).split()) - set(packages.split())
        assert "chromium" in added  # they are named, and stay unless that is asked for
        assert not {name for name in machine.says(USERS).split() if name.startswith("squat")}
        assert set(users.split()) <= set(machine.says(USERS).split())


def the_watchdog_ends_what_hangs(machine: Machine, main: str) -> None:
    """A kiosk that stands still is ended and started anew."""
    machine.says("mkdir -p /run/systemd/system/squat-kiosk.service.d")
    machine.says(
        "printf '[Service]\\nWatchdogSec=4\\nRestartSec=1\\n' "
        "> /run/systemd/system/squat-kiosk.service.d/quick.conf; "
        "systemctl daemon-reload; systemctl restart squat-kiosk"
    )
    first = property_of(machine, "squat-kiosk", "MainPID")
    assert first != main
    machine.says(f"kill -STOP {first}")
    until(lambda: property_of(machine, "squat-kiosk", "NRestarts") != "0", 60)
    until(lambda: property_of(machine, "squat-kiosk", "ActiveState") == "active", 120)
    journal = machine.says("journalctl -u squat-kiosk --no-pager")
    assert "Watchdog timeout" in journal
