"""Flashing over ssh: a real sshd with keys of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.errors import SlotError
from tests.clips import ROOT
from tests.kiosk_ui.fakes import until
from tests.trt_engines.flashing import command, make_bundle, trusting
from trt_engines import remote
from trt_engines.flash import Stopped
from trt_engines.remote import Kiosk

SSHD = shutil.which("sshd", path=os.environ["PATH"] + os.pathsep + "/usr/sbin")
FLASH = "trt_engines.flash_cli"

FLASHING = """
import sys
from pathlib import Path
from trt_engines import remote
remote.INSTALLED, port, key, known, file = sys.argv[1:]
kiosk = remote.Kiosk("127.0.0.1", None, int(port), Path(key), [known])
sys.exit(kiosk.flash(Path(file), ["--precision", "fp16"], lambda step, line: None))
"""
"""Flashes a kiosk that is installed elsewhere than usual."""

needs_sshd = pytest.mark.skipif(
    SSHD is None or shutil.which("ssh") is None, reason="no sshd: apt-get install openssh-server"
)


@dataclass
class Server:
    """An sshd that lets one key in."""

    folder: Path
    port: int

    @property
    def options(self) -> list[str]:
        known = f"UserKnownHostsFile={self.folder / 'known_hosts'}"
        return ["--host", "127.0.0.1", "--ssh-port", str(self.port), "--identity",
                str(self.folder / "user key"), "--ssh-option", known,
                "--ssh-option", "IdentitiesOnly=yes"]  # fmt: skip


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("host_key", "user key"):
        subprocess.run(
            [
                str(shutil.which("ssh-keygen")),
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                str(folder / name),
            ],
            check=True,
        )
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    host = (folder / "host_key.pub").read_text().split()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host[0]} {host[1]}\n")
    (folder / "authorized_keys").write_text((folder / "user key.pub").read_text())
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nPasswordAuthentication no\n"
        f"StrictModes no\nPidFile {folder}/pid\nUsePAM no\nPermitRootLogin prohibit-password\n"
        f"SetEnv HOME={folder}/home\n"
    )
    (folder / "home").mkdir()
    Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen(
        [str(SSHD), "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL
    )

    def listens() -> bool:
        with closing(socket.socket()) as wire:
            return wire.connect_ex(("127.0.0.1", port)) == 0

    until(listens)
    yield Server(folder, port)
    process.terminate()
    process.wait(10)


@needs_sshd
@pytest.mark.skipif(os.geteuid() != 0, reason="only root's sshd has a folder in /run")
def test_a_kiosk_is_flashed_over_ssh(server: Server, tmp_path: Path) -> None:
    """The names have what a shell would trip over."""
    data = tmp_path / "the kiosk's data; $(touch trap)"
    trusting(data)
    software = tmp_path / "soft ware"
    software.symlink_to(ROOT)
    bundle = make_bundle(tmp_path / "a bundle", 0.9, "1.0.0")
    there = [*server.options, "--kiosk-folder", str(software), "--data-dir", str(data)]
    flashed = command(FLASH, bundle, *there)
    assert flashed.returncode == 0, flashed
    assert "squat-1.0.0.bundle is on 127.0.0.1" in flashed.stdout
    assert "slot A is live, on trial" in flashed.stdout
    assert (data / "engines" / "squat" / "live").readlink() == Path("A")
    # What the kiosk says is what is heard here, exit code and all.
    wrong = make_bundle(tmp_path / "wrong", 0.9, "2.0.0", off=0.1)
    refused = command(FLASH, wrong, *there)
    assert refused.returncode == 3, refused
    assert "from the golden answers" in refused.stderr
    missing = command(FLASH, bundle, *server.options, "--kiosk-folder", tmp_path / "nowhere")
    assert missing.returncode == 6
    assert "--kiosk-folder" in missing.stderr
    assert not list(ROOT.glob("trap"))


@needs_sshd
@pytest.mark.skipif(os.geteuid() != 0, reason="only root's sshd has a folder in /run")
def test_an_installed_kiosk_is_handed_the_file(server: Server, tmp_path: Path) -> None:
    """With a stand-in for the command of an installed kiosk, which says what it was given."""
    installed = tmp_path / "squat-kiosk"
    installed.write_text('#!/bin/sh\necho "$@"; sha256sum; exit 4\n')
    installed.chmod(0o755)
    bundle = tmp_path / "it's squat-1.0.0.bundle"
    bundle.write_bytes(b"a bundle")
    known = f"UserKnownHostsFile={server.folder / 'known_hosts'}"
    flashed = subprocess.run(
        [sys.executable, "-c", FLASHING, str(installed), str(server.port),
         str(server.folder / "user key"), known, str(bundle)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert flashed.returncode == 4, flashed
    first, second = flashed.stdout.splitlines()
    assert first == "flash_engine - --precision fp16"
    assert second.split()[0] == hashlib.sha256(b"a bundle").hexdigest()
    assert not list((server.folder / "home").rglob("*.bundle"))


@needs_sshd
def test_a_kiosk_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        bundle = make_bundle(tmp_path / "bundle", 0.9)
        failed = command(FLASH, bundle, "--host", "127.0.0.1", "--ssh-port", port)
    assert failed.returncode == 6
    assert "works without a password" in failed.stderr


def test_a_password_that_sudo_wants_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\ncat > /dev/null\n"
                   f'case "$*" in *flash_engine*) exit {remote.ASKED};; esac\n')  # fmt: skip
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "a.bundle").touch()
    with pytest.raises(Stopped, match=r"docs/flashing\.md"):
        Kiosk("kiosk").flash(tmp_path / "a.bundle", [], lambda step, line: None)


def test_a_host_that_is_an_option_is_refused() -> None:
    for host in ("-oProxyCommand=touch /tmp/trap", ""):
        with pytest.raises(SlotError, match="is no host"):
            Kiosk(host, "squat-kiosk")


def test_nothing_is_asked_and_nothing_is_said_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for ssh keeps what it is called with."""
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >> "$(dirname "$0")/called"\ncat > /dev/null\n')
    ssh.chmod(ssh.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    file = tmp_path / "squat 1.0.0.bundle"
    file.write_bytes(b"bundle")
    kiosk = Kiosk("kiosk", "it's here", port=2222, options=["Compression=yes"])
    assert kiosk.flash(file, ["--precision", "fp16"], lambda step, line: None) == 0
    called = (tmp_path / "called").read_text()
    assert "BatchMode=yes" in called
    assert "-p\n2222\n" in called
    assert "Compression=yes" in called
    assert "'it'\"'\"'s here/scripts/flash_engine'" in called
    assert "rm -f" in called
