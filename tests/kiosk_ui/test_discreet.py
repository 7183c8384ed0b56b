from __future__ import annotations

import logging
import secrets

from kiosk_ui.discreet import DiscreetFormatter, discreet


def test_what_opens_something_is_cut_short() -> None:
    for _ in range(200):
        key = secrets.token_urlsafe(16)
        for text in (f"score {key} failed", f"/data/scores/{key}/clip.mp4", f"live-{key}.mp4"):
            assert key not in discreet(text)
    assert discreet("GET /t/dQw4w9WgXcQx failed") == "GET /t/dQw4w9... failed"


def test_the_rest_stays() -> None:
    for text in (
        "listening: http://localhost:8080/", "ready: squat 1.0.0, blazepose-full", "scores.sqlite3",
        "test_what_opens_something_is_cut_short", "2026-11-26T06:12:20.361Z",
        "a-b-c-d-e-f-g-h-i-j-k-l",
    ):  # fmt: skip
        assert discreet(text) == text


def test_tracebacks_are_cut_short_too() -> None:
    key = secrets.token_urlsafe(16)
    try:
        raise OSError(f"/data/{key}")
    except OSError as error:
        record = logging.LogRecord("a", 40, "f", 1, "score %s", (key,), (OSError, error, None))
    line = DiscreetFormatter("%(message)s").format(record)
    assert key not in line and key[:6] in line and "OSError" in line
