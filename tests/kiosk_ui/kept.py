"""What people keep at a kiosk: put there, and looked for on its disk."""

from __future__ import annotations

from pathlib import Path

from flask.testing import FlaskClient

from edge.assessment import Verdict
from kiosk_ui.backups import DAMAGED, FILE
from kiosk_ui.replays import save_track
from tests.kiosk_ui.conftest import CONFIG, Web
from tests.kiosk_ui.fakes import assessment, track

ON = CONFIG.model_copy(update={"history": True})


def keep(web: Web, verdict: Verdict = Verdict.GOOD, score: float = 0.8) -> str:
    """Add a result with its files and return its key."""
    clip = web.services.store.incoming / "clip.mp4"
    clip.write_bytes(b"clip")
    found = assessment(verdict, score).to_dict()
    return web.services.store.add_recording(clip, found, lambda path: save_track(track(), path))


def result(client: FlaskClient, key: str) -> str:
    return client.get(f"/scores/{key}").text


def named(
    client: FlaskClient, nickname: str = "Minsu", pin: str = "2468", before: str = ""
) -> None:
    data = {"nickname": nickname, "pin": pin, "before": before}
    answer = client.post("/me/name", data=data)
    assert answer.status_code == 303, answer.text


def everything_on_disk(web: Web) -> bytes:
    """Return what all files of the kiosk hold, those beside the database too."""
    files = [path for path in web.services.store.data_dir.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


def copy_of_the_database(web: Web) -> Path:
    """Make what a change of the tables leaves behind, and return it."""
    copy = web.services.store.data_dir / "scores.sqlite3.0001"
    copy.write_bytes(b"a copy from before a change of the tables")
    return copy


def set_aside(data_dir: Path) -> list[Path]:
    """Return the damaged databases that were put aside, the oldest first."""
    found = data_dir.glob(f"{FILE}.{DAMAGED}-*")
    return sorted(p for p in found if not p.name.endswith(("-wal", "-shm")))
