"""Nothing leaves the device: no page names another host, and no process sends anything to one."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kiosk_ui.app import create_app
from tests.edge.videos import ONE_SQUAT, first_part
from tests.kiosk_ui import leaving
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.kept import ON, keep
from tests.kiosk_ui.processes import ROOT

UI = ROOT / "kiosk_ui"
FOREIGN = re.compile(r"(?:https?:|wss?:|ftp:)?//(?=[\w.-]+\.\w)[^\s\"'`)<>]+", re.IGNORECASE)
NAMES = {"http://www.w3.org/2000/svg"}
"""Names that look like addresses, and are never asked for."""

PICTURES = re.compile(r"\.(mp4|jpe?g|png|webp|webm|bin|npz|mjpg)\b")

SERVED = sorted(
    path
    for folder in ("templates", "static")
    for path in (UI / folder).rglob("*")
    if path.suffix in (".html", ".js", ".css", ".svg")
)


class Addresses(HTMLParser):
    """Collects whatever a page would load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = ("src", "href", "action", "srcset", "poster", "data", "content", "ping")
        self.found += [value or "" for name, value in attrs if name.endswith(names)]


def foreign(text: str) -> list[str]:
    return [found for found in FOREIGN.findall(text) if found not in NAMES]


def without_comments(path: Path) -> str:
    text = re.sub(r"/\*.*?\*/|\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    return re.sub(r"(?<!:)//\s.*", "", text) if path.suffix == ".js" else text


@pytest.mark.parametrize("path", SERVED, ids=lambda path: path.name)
def test_no_page_script_or_style_names_another_host(path: Path) -> None:
    assert foreign(without_comments(path)) == []


def test_no_page_that_is_served_leads_elsewhere(web: Web) -> None:
    """Every page without parameters and one result, on both faces."""
    web.services.address = lambda: "http://192.168.0.17:8080"
    key, seen = keep(web), 0
    for face in ("device", "network"):
        client = web.client(face, ON)
        rules = create_app(ON, web.services, face=face).url_map.iter_rules()
        pages = [str(r) for r in rules if "GET" in (r.methods or ()) and not r.arguments]
        for page in [*pages, f"/scores/{key}", f"/scores/{key}/card"]:
            if page in ("/kiosk/events", "/kiosk/live.mjpg"):
                continue  # they do not end
            answer = client.get(page)
            if answer.mimetype != "text/html":
                continue
            seen += 1
            parser = Addresses()
            parser.feed(answer.text)
            for address in parser.found:
                assert urlsplit(address).netloc in ("", "localhost"), (page, address)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "*" not in policy and "http" not in policy
    assert seen >= 12


def test_only_clip_and_replay_are_pictures_of_people(web: Web) -> None:
    """On the network: what else could be taken home? No still, no poster, no upload."""
    app = create_app(ON, web.services, face="network")
    with_file = set()
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.endswith("static") and PICTURES.search(str(rule)):
            with_file.add(str(rule))
    assert with_file == {"/api/v1/scores/<key>/clip.mp4", "/api/v1/scores/<key>/replay.mp4"}


def modules() -> Iterator[Path]:
    for folder in ("edge", "kiosk_ui", "trt_engines"):
        yield from (ROOT / folder).rglob("*.py")


def test_no_module_of_the_device_is_a_client_of_the_network() -> None:
    """The kiosk asks nobody: it has no library for that, but where it asks itself."""
    clients = {"requests", "httpx", "aiohttp", "urllib3", "urllib.request", "http.client",
               "ftplib", "smtplib", "websocket", "websockets", "paho"}  # fmt: skip
    found = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
            found |= {(str(path.relative_to(ROOT)), n) for n in names if n in clients}
    # They ask the kiosk's own pages, over loopback.
    assert found == {
        ("kiosk_ui/watchdog.py", "http.client"),
        ("kiosk_ui/pin.py", "urllib.request"),
        ("kiosk_ui/operation/status.py", "urllib.request"),
    }


@pytest.mark.long
@pytest.mark.skipif(not leaving.possible(), reason="no network namespace may be made here")
def test_no_packet_leaves(tmp_path: Path) -> None:
    """The real kiosk with all its children in a network of its own, where every packet is seen."""
    video = first_part(ROOT / "edge/demo/good.mp4", tmp_path / "squat.mp4", ONE_SQUAT)
    program = [sys.executable, "-m", "tests.kiosk_ui.leaving", str(tmp_path), str(video)]
    environment = {**os.environ, "KIOSK_HISTORY": "1"}
    done = subprocess.run(
        [*leaving.ALONE, *program], check=False, cwd=ROOT, env=environment, text=True,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    seen = set(done.stdout.split("\n"))
    assert "counter-proof: 192.0.2.1" in seen  # a packet that leaves is noticed
    others = {line for line in seen if line.startswith("packet: ")}
    # Multicast DNS, by which phones find the kiosk, and what the system says of itself (IGMP, MLD).
    assert others <= {f"packet: {address}" for address in leaving.LOCAL}, others


def test_onnx_runtime_is_told_to_tell_nobody() -> None:
    """Seen on the wire: it looked for mobile.events.data.microsoft.com."""
    line = (
        "import os, sys, edge; assert 'onnxruntime' not in sys.modules; "
        "assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'"
    )
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", line], check=True, cwd=ROOT, env=environment)
