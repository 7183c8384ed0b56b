"""The log: text, JSON, for the journal, in a file; and what is remembered of it."""

from __future__ import annotations

import configparser
import json
import logging
import os
import secrets
import subprocess
import sys
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui import logs
from kiosk_ui.discreet import DiscreetFormatter
from kiosk_ui.logs import DiscreetJson, ForJournal, LogSettings, Ring, handlers_for, is_journal

ROOT = Path(__file__).resolve().parents[2]


def record(
    message: str, *values: object, level: int = logging.INFO, **extra: object
) -> logging.LogRecord:
    return logging.getLogger("a.b").makeRecord(
        "a.b", level, "f", 1, message, values, None, extra=extra
    )


def told(line: logging.LogRecord) -> dict[str, object]:
    text = DiscreetJson().format(line)
    assert "\n" not in text
    return dict(json.loads(text))


def test_json_has_the_fields_that_are_documented() -> None:
    found = told(record("hello %s", "you", status=200))
    assert list(found) == ["time", "level", "logger", "thread", "message", "status"]
    assert str(found.pop("time")).endswith("Z")
    assert found == {
        "level": "INFO", "logger": "a.b", "thread": "MainThread", "message": "hello you",
        "status": 200,
    }  # fmt: skip
    documented = (ROOT / "docs" / "operation.md").read_text()
    for name in (*found, "time", "traceback", "score", "route", "face", "ms"):
        assert f"| `{name}` |" in documented, name


def test_json_is_as_discreet_as_text() -> None:
    key = secrets.token_urlsafe(16)
    try:
        raise OSError(28, "no room", f"/data/scores/{key}")
    except OSError:
        found = told(logging.getLogger().makeRecord(
            "a", 40, "f", 1, "score %s\n%s", (key, key), sys.exc_info(), extra={"score": key},
        ))  # fmt: skip
    assert key not in json.dumps(found)
    assert str(found["score"]) == f"{key[:6]}..."
    assert "OSError" in str(found["traceback"])


@given(st.text(), st.text(), st.booleans())
def test_json_stays_json_whatever_is_said(before: str, after: str, path: bool) -> None:
    key = "/t/dQw4w9WgXcQx" if path else "Aa" + secrets.token_urlsafe(20)
    found = told(record(f"%s{key}%s", before, after))
    assert key not in str(found["message"])


def test_the_journal_gets_each_lines_priority() -> None:
    formatter = ForJournal(DiscreetFormatter("%(levelname)s %(message)s"))
    assert formatter.format(record("one\ntwo", level=logging.ERROR)) == "<3>ERROR one\n<3>two"
    assert formatter.format(record("", level=logging.INFO)) == "<6>INFO "
    assert ForJournal(DiscreetJson()).format(record("x", level=logging.WARNING)).startswith("<4>{")


def test_the_journal_is_known_by_its_stream() -> None:
    error = os.fstat(2)
    assert is_journal({"JOURNAL_STREAM": f"{error.st_dev}:{error.st_ino}"})
    assert not is_journal({"JOURNAL_STREAM": "1:2"})
    assert not is_journal({})


def test_a_file_is_put_aside_when_it_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "FILE_BYTES", 2000)
    file = tmp_path / "kiosk.log"
    screen, to_file = handlers_for(LogSettings(log="json", log_file=file), {})
    for number in range(200):
        to_file.handle(record("line %d", number))
    to_file.close()
    screen.close()
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == ["kiosk.log", *(f"kiosk.log.{n}" for n in range(1, logs.FILES + 1))]
    assert all(path.stat().st_size <= 2000 for path in tmp_path.iterdir())
    last = json.loads(file.read_text().splitlines()[-1])
    assert last["message"] == "line 199"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("KIOSK_LOG", "xml", "KIOSK_LOG: "), ("KIOSK_LOG_FILE", "/dev/null/x", "cannot be written")],
)
def test_what_there_is_not_is_refused_with_words(
    name: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(click.ClickException, match=words):
        logs.log_discreetly()


def test_the_ring_is_bounded_and_discreet() -> None:
    ring, key = Ring(room=3), secrets.token_urlsafe(16)
    logger = logging.Logger("a.b")
    logger.addHandler(ring)
    logger.info("nothing")
    for number in range(5):
        logger.warning("number %d of %s\nand more", number, key)
    try:
        raise OSError(f"/data/{key}")
    except OSError:
        logger.exception("x" * 1000)
    logger.error("one %d", "not a number")
    lines = ring.lines()
    assert len(lines) == 3
    assert [line.level for line in lines] == ["ERROR", "ERROR", "WARNING"]
    assert all(key not in line.message and len(line.message) <= logs.LONGEST for line in lines)
    assert lines[2].message == f"number 4 of {key[:6]}..."
    assert ring.counts == {"WARNING": 5, "ERROR": 2, "CRITICAL": 0}


PROGRAM = """
import logging, sys, threading, warnings
from kiosk_ui.logs import log_discreetly
log_discreetly()
logging.getLogger("a").info("hello")
warnings.warn("mind this")
thread = threading.Thread(target=lambda: 1 / 0, name="worker")
thread.start()
thread.join()
raise KeyError(sys.argv[1])
"""


def test_what_nobody_catches_is_in_the_log_as_well() -> None:
    key = secrets.token_urlsafe(16)
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, key], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "KIOSK_LOG": "json"},
    )  # fmt: skip
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert ended.returncode == 1 and ended.stdout == ""
    assert [(line["level"], line["logger"]) for line in lines] == [
        ("INFO", "a"), ("WARNING", "py.warnings"), ("CRITICAL", "kiosk_ui"),
        ("CRITICAL", "kiosk_ui"),
    ]  # fmt: skip
    assert "ZeroDivisionError" in lines[2]["traceback"] and lines[2]["thread"] == "worker"
    assert "KeyError" in lines[3]["traceback"] and key not in ended.stderr


def test_the_journal_has_a_ceiling() -> None:
    bounds = configparser.ConfigParser()
    bounds.optionxform = str  # type: ignore[assignment,method-assign]
    bounds.read(ROOT / "systemd" / "journald" / "squat-kiosk.conf")
    assert dict(bounds["Journal"]) == {
        "SystemMaxUse": "200M", "SystemKeepFree": "1G", "MaxFileSec": "1week",
    }  # fmt: skip
