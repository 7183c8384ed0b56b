"""The installer on a clean Debian with its own systemd: real packages, users, units, kiosk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import release

from edge.private_keys import new_private_key, read_private_key
from tests.clips import ROOT
from tests.edge.mutations import make_corpus, mutation
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

        decoders_are_confined(machine, tmp_path)
        a_bundle_is_flashed(machine)
        the_screen_shows_the_kiosk(machine)
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


UPLOAD = """
import json, sys, time, urllib.error, urllib.request as u
for name in sys.argv[1:]:
    body = b"--x\\r\\nContent-Disposition: form-data; name=video; filename=x\\r\\n\\r\\n"
    body += open(name, "rb").read() + b"\\r\\n--x--\\r\\n"
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    address = "http://127.0.0.1:8080/api/v1/scores"
    try:
        score = json.load(u.urlopen(u.Request(address, body, kind)))
    except urllib.error.HTTPError as error:
        print(name, error.code)
        continue
    while score["status"] in ("queued", "running"):
        time.sleep(0.5)
        score = json.load(u.urlopen(address + "/" + score["id"]))
    print(name, score["status"], json.dumps(score))
"""
"""Run on the machine: sends videos, and says what came of each."""


def decoders_are_confined(machine: Machine, folder: Path) -> None:
    """A real video is scored; damaged ones get words; every layer holds in the unit."""
    sent = machine.root / "root/sent"
    sent.mkdir()
    shutil.copy(ROOT / "edge/demo/good.mp4", sent / "good.mp4")
    (folder / "corpus").mkdir()
    corpus = make_corpus(folder / "corpus")
    for number in range(12):
        (sent / f"damaged-{number}").write_bytes(mutation(corpus, number)[2])
    (machine.root / "root/upload.py").write_text(UPLOAD)
    lines = machine.says("python3 /root/upload.py /root/sent/*").splitlines()
    assert len(lines) == 13
    good = next(line for line in lines if "good.mp4" in line)
    assert '"verdict": "good"' in good
    assert not [line for line in lines if line.split()[1] not in ("done", "failed", "400", "422")]
    journal = machine.says("journalctl -u squat-kiosk --no-pager")
    assert "decoders are confined by every layer" in journal
    assert "confined without" not in journal
    assert property_of(machine, "squat-kiosk", "NRestarts") == "0"


def a_bundle_is_flashed(machine: Machine) -> None:
    """By root, from a home that the kiosk's user may not read."""
    machine.says("echo KIOSK_TRIAL_MINUTES=0.1 >> /etc/squat-kiosk/kiosk.env")
    machine.says("systemctl restart squat-kiosk")
    current = "/opt/squat-kiosk/current"
    machine.says(
        f"cd /root; PYTHONPATH={current} {current}/.venv/bin/python -m trt_engines.bundle "
        f"pack {current}/trt_engines/bundles/squat"
    )
    said = machine.says("cd /root; squat-kiosk flash_engine squat-*.bundle")
    assert "signed by project" in said and "good:    slot A" in said
    assert "slot A" in machine.says("squat-kiosk engines status squat")


def the_screen_shows_the_kiosk(machine: Machine) -> None:
    """Cage and Chromium, closed as the unit says, on a display that only lacks glass and wires."""
    drop_in = machine.root / "run/systemd/system/squat-screen.service.d/headless.conf"
    machine.says(f"mkdir -p {Path('/') / drop_in.parent.relative_to(machine.root)}")
    machine.says(
        "printf '[Unit]\\nConditionPathExists=\\n[Service]\\nPAMName=\\nTTYPath=\\n"
        "UtmpIdentifier=\\nStandardInput=null\\nEnvironment=WLR_BACKENDS=headless "
        "WLR_RENDERER=pixman LIBSEAT_BACKEND=noop\\n' "
        f"> {Path('/') / drop_in.relative_to(machine.root)}; systemctl daemon-reload; "
        "systemctl start squat-screen"
    )
    find = "pgrep -f -- '[-]-type=renderer'"  # and not the shell that looks for it
    until(lambda: bool(machine.run(find).stdout), 90)
    page = machine.says(f"{find} | tail -1")
    status = machine.says(f"cat /proc/{page}/status")
    assert "Seccomp:\t2" in status and "NoNewPrivs:\t1" in status
    assert machine.says(f"readlink /proc/{page}/ns/net") != machine.says("readlink /proc/1/ns/net")
    assert property_of(machine, "squat-screen", "NRestarts") == "0"
    machine.says("systemctl stop squat-screen")


def test_a_signed_version_is_taken_and_a_broken_one_is_given_up(tmp_path: Path) -> None:
    """By the unit, which somebody wakes who puts an archive and its signature in a folder."""
    with booted(tmp_path) as machine:
        machine.says("scripts/install --without-screen --without-https")
        first = machine.says("readlink /opt/squat-kiosk/current")
        new_private_key(tmp_path / "anna.key")

        def put(name: str, folder: str, more: str) -> str:
            checkout = tmp_path / name
            for part in ("edge", "kiosk_ui", "trt_engines", "scripts", "systemd", "docs"):
                shutil.copytree(ROOT / part, checkout / part)
            for part in ("README.md", "CHANGELOG.md", "pyproject.toml"):
                shutil.copy(ROOT / part, checkout / part)
            with (checkout / folder).open("a") as file:
                file.write(more)
            archive = release.make(tmp_path, read_private_key(tmp_path / "anna.key"), checkout)
            for file_ in (archive, release.signature_of(archive)):
                shutil.copy(file_, machine.root / "var/lib/squat-update")
            waiting = "ls /var/lib/squat-update/*.sig; systemctl is-active squat-update"
            until(lambda: machine.run(waiting).stdout.strip() in ("inactive", "failed"), 900)
            return machine.says("journalctl -u squat-update -o cat --no-pager | tail -25")

        assert "unknown key" in put("nobodys", "docs/install.md", "\n")
        keys = machine.root / "etc/squat-kiosk/release-keys"
        keys.mkdir()
        shutil.copy(tmp_path / "anna.pem", keys)
        broken = put("broken", "kiosk_ui/__init__.py", "\nraise SystemExit('broken')\n")
        assert f"{Path(first).name}, runs again" in broken
        assert machine.says("readlink /opt/squat-kiosk/current") == first
        assert machine.says(f'python3 -c "{SEE}"') == "ready"
        assert "squat-update.service: the last new" in machine.run("scripts/doctor").stdout
        taken = put("good", "docs/install.md", "\n\n")
        assert "squat-screen" not in taken  # what was left out is left out again
        assert machine.says("readlink /opt/squat-kiosk/current") != first
        assert machine.says(f'python3 -c "{SEE}"') == "ready"
        assert property_of(machine, "squat-update", "Result") == "success"


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
    until(lambda: property_of(machine, "squat-kiosk", "NRestarts") != "0")
    until(lambda: property_of(machine, "squat-kiosk", "ActiveState") == "active", 120)
    journal = machine.says("journalctl -u squat-kiosk --no-pager")
    assert "Watchdog timeout" in journal
