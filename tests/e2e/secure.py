"""A kiosk behind its real HTTPS front, and a browser that trusts its authority."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import cv2
import pytest
from playwright.sync_api import BrowserContext, Playwright

from edge.frames.camera import DEMO_CLIPS
from edge.frames.video import VideoFile
from kiosk_ui.phones.certificates import PUBLIC, make_certificates
from kiosk_ui.phones.front import nginx_path
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, PHONE
from tests.kiosk_ui.fakes import until
from tests.kiosk_ui.processes import ROOT, KioskProcess, kiosk_process
from tests.kiosk_ui.servers import free_port

HOST = "squat.local"
needs_nginx = pytest.mark.skipif(
    nginx_path() is None, reason="no nginx: apt-get install nginx-light"
)
needs_certutil = pytest.mark.skipif(
    shutil.which("certutil") is None, reason="no certutil: apt-get install libnss3-tools"
)


@dataclass
class SecureKiosk:
    """A kiosk, its HTTPS port, and its folder."""

    kiosk: KioskProcess
    port: int
    folder: Path

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.port}"

    @property
    def plain(self) -> str:
        return f"http://{HOST}:{self.kiosk.port}"


def answers(port: int) -> bool:
    try:  # trying its configuration nginx listens for a moment, but shakes no hands
        ssl.get_server_certificate(("127.0.0.1", port), timeout=5)
    except OSError:
        return False
    return True


@contextmanager
def front(data_dir: Path, port: int, upstream: int) -> Iterator[None]:
    """Run HTTPS as ``scripts/run_https`` does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk_ui.phones.https", "run", "--data-dir", str(data_dir),
         "--port", str(port), "--upstream", str(upstream), "--address", "127.0.0.1"],
        cwd=ROOT,
    )  # fmt: skip
    try:
        until(lambda: answers(port) or process.poll() is not None)
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.wait(20)


@contextmanager
def secure_kiosk(data_dir: Path) -> Iterator[SecureKiosk]:
    """Run a kiosk behind its front until the block ends."""
    port = free_port()
    make_certificates(data_dir / "https", HOST, ["127.0.0.1"])
    with (
        kiosk_process(data_dir, environment={"KIOSK_HTTPS_PORT": str(port)}) as kiosk,
        front(data_dir, port, kiosk.port),
    ):
        kiosk.wait_until_ready()
        yield SecureKiosk(kiosk, port, data_dir / "https")


def trusting_home(folder: Path, home: Path) -> Path:
    """Make a home folder whose Chromium trusts the kiosk's authority, as its owner would."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    certificate = home / "ca.pem"
    certificate.write_text(ssl.DER_cert_to_PEM_cert((folder / PUBLIC).read_bytes()))
    for command in (
        ["-N", "--empty-password"],
        ["-A", "-t", "C,,", "-n", "squat", "-i", str(certificate)],
    ):
        certutil = shutil.which("certutil") or "certutil"
        subprocess.run([certutil, "-d", f"sql:{store}", *command], check=True)
    return home


def camera_file(path: Path, clip: Path = DEMO_CLIPS / "good.mp4") -> Path:
    """Write a clip as the Motion JPEG that Chromium's fake camera plays, over and over.

    Whoever is in it first stands still for three seconds, as somebody does who is guided.
    """
    with VideoFile(clip) as video, path.open("wb") as file:
        for number, frame in enumerate(video):
            jpeg = bytes(cv2.imencode(".jpg", frame.picture)[1])
            file.write(jpeg * (90 if number == 0 else 1))
    return path


@contextmanager
def phone_browser(
    playwright: Playwright, profile: Path, *, home: Path | None, camera: Path | None, language: str
) -> Iterator[BrowserContext]:
    """Start a Chromium of its own, as a phone that trusts an authority and has a camera.

    :param profile: folder of its own.
    :param home: with the authorities that its owner trusts; None: nobody's but the usual ones.
    :param camera: what its camera sees; None: it has none.
    """
    fake = (
        ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
         f"--use-file-for-fake-video-capture={camera}"] if camera else []
    )  # fmt: skip
    context = playwright.chromium.launch_persistent_context(
        profile,
        executable_path=CHROMIUM,
        args=[*ARGUMENTS, *fake, f"--host-resolver-rules=MAP {HOST} 127.0.0.1"],
        env={"HOME": str(home or profile)},
        locale=language,
        **PHONE,
    )
    try:
        yield context
    finally:
        context.close()
