from __future__ import annotations

from pathlib import Path

import pytest

from kiosk_ui.phones import secure
from kiosk_ui.phones.certificates import CERTIFICATE, PUBLIC, make_certificates
from kiosk_ui.phones.secure import SecureDoor

HOST = "squat.local"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_certificates(tmp_path, HOST, ["192.168.0.17"])
    return tmp_path


def test_a_host_that_the_certificate_names_is_kept(folder: Path) -> None:
    door = SecureDoor(folder, 8443, lambda _: True)
    assert door.url("192.168.0.17") == "https://192.168.0.17:8443"
    assert door.url("192.168.0.18") == "https://squat.local:8443"
    assert door.url("squat-2.local") == "https://192.168.0.17:8443"
    assert SecureDoor(folder, 443, lambda _: True).url(HOST) == "https://squat.local"


def test_the_front_is_not_asked_for_every_page(folder: Path) -> None:
    asked = []

    def listens(port: int) -> bool:
        asked.append(port)
        return True

    door = SecureDoor(folder, 8443, listens)
    for _ in range(5):
        assert door.url(HOST)
    assert asked == [8443]


def test_without_https_there_is_no_address(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secure, "ASK_SECONDS", 0.0)
    assert SecureDoor(folder, 8443, lambda _: False).url(HOST) is None
    assert SecureDoor(tmp_path / "none", 8443, lambda _: True).url(HOST) is None
    assert SecureDoor(tmp_path / "none", 8443).authority() is None
    door = SecureDoor(folder, 8443, lambda _: True)
    assert door.authority() == (folder / PUBLIC).read_bytes()
    (folder / CERTIFICATE).write_text("damage")
    assert door.url(HOST) is None
