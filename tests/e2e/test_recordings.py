"""Files that a real browser's MediaRecorder writes can be read."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from edge.frames.sandbox import SandboxedVideo

RECORD = """async type => {
    const canvas = document.createElement("canvas");
    canvas.width = 320; canvas.height = 240;
    const paint = canvas.getContext("2d");
    let shade = 0;
    const timer = setInterval(() => {
        paint.fillStyle = `rgb(${shade++ % 256}, 90, 40)`;
        paint.fillRect(0, 0, 320, 240);
    }, 30);
    const recorder = new MediaRecorder(canvas.captureStream(30), {mimeType: type});
    const pieces = [];
    recorder.ondataavailable = event => pieces.push(event.data);
    const stopped = new Promise(resolve => { recorder.onstop = resolve; });
    recorder.start(500);  // in pieces, as a phone that sends while it records
    await new Promise(resolve => setTimeout(resolve, 2000));
    recorder.stop();
    await stopped;
    clearInterval(timer);
    const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
    return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""));
}"""


@pytest.mark.parametrize("codec", ["vp8", "vp9"])
def test_a_recording_of_the_browser_is_read(browser: Browser, codec: str, tmp_path: Path) -> None:
    page = browser.new_page()
    encoded = page.evaluate(RECORD, f"video/webm;codecs={codec}")
    page.close()
    path = tmp_path / "recording.webm"
    path.write_bytes(base64.b64decode(encoded))
    with SandboxedVideo(path) as video:
        assert video.duration is None  # a MediaRecorder does not know how long it will last
        frames = list(video)
    assert 10 < len(frames) <= 70
    assert 1.0 < frames[-1].time < 3.5
    assert frames[0].picture.shape == (240, 320, 3)
