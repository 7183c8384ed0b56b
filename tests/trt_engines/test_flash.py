"""The steps of a flash: what each refuses, and what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.settings import Settings
from edge.signing import sign
from tests.bundles import KEY
from tests.clips import ROOT
from tests.kiosk_ui.fakes import until
from tests.trt_engines.flashing import allow, command, make_bundle, trusting
from tests.trt_engines.standin import Standin
from trt_engines import flash as flashing
from trt_engines import selftest
from trt_engines.flash import Flash, Outcome, Stopped
from trt_engines.packing import pack
from trt_engines.records import State
from trt_engines.selftest import run
from trt_engines.slots import ENGINES, Slots


class Bench:
    """A kiosk's folder, and what was said while it was flashed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shipped = make_bundle(folder / "shipped", 0.6, "0.1.0")
        self.settings = trusting(folder / "data").model_copy(update={"bundle": shipped})
        self.slots = Slots(folder / "data" / ENGINES, "squat")
        self.said: list[str] = []

    def flash(self, source: Path, settings: Settings | None = None, **options: Any) -> Outcome:
        def say(step: str, line: str) -> None:
            self.said.append(f"{step}: {line}")

        return Flash(settings or self.settings, say, **options).run(source)

    def stopped(self, source: Path, **options: Any) -> Stopped:
        with pytest.raises(Stopped) as stopped:
            self.flash(source, **options)
        return stopped.value

    def bundle(self, correct: float = 0.9, version: str = "1.0.0", **options: Any) -> Path:
        return make_bundle(self.folder / version, correct, version, **options)

    def good(self, letter: str) -> None:
        assert self.slots.mark_good(self.slots.read(letter), "ran well")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(flashing, "self_test", run)  # in this process; test_selftest has the other
    monkeypatch.setattr(selftest, "SECONDS", 0.2)
    return Bench(tmp_path)


def test_every_step_says_one_line(bench: Bench) -> None:
    assert bench.flash(bench.bundle()) is Outcome.DONE
    steps = [line.split(":")[0] for line in bench.said]
    assert steps == ["check", "unpack", "build", "test", "test", "switch", "trial"]
    assert bench.slots.read("A").state is State.TRIAL
    assert "no kiosk that uses squat runs here" in bench.said[-1]


def test_a_single_file_is_the_same(bench: Bench) -> None:
    file = pack(bench.bundle(), bench.folder / "squat.bundle")
    assert bench.flash(file) is Outcome.DONE
    assert bench.slots.read("A").label == "squat 1.0.0"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"signed": False}, "is not signed"),
        ({"min_software": "9.0.0"}, "update it first"),
        ({"exercise": "push_up"}, "judges push_up, and the kiosk squat"),
        ({"name": "squad"}, "the kiosk looks for squat"),
        ({"kind": "pose", "backend": "nothing"}, "takes bundles for blazepose, openpose"),
        ({"kind": "pose", "backend": "pyopenpose"}, "takes bundles for blazepose, openpose"),
    ],
)
def test_a_bundle_that_cannot_be_accepted_changes_nothing(
    bench: Bench, options: dict[str, Any], told: str
) -> None:
    stopped = bench.stopped(bench.bundle(**options))
    assert stopped.outcome is Outcome.REFUSED
    assert told in stopped.why
    assert not bench.slots.folder.exists()


def test_a_file_comes_through_the_standard_input(bench: Bench, tmp_path: Path) -> None:
    """The installed kiosk's user reads nobody's home: it is handed the open file."""
    file = pack(bench.bundle(), tmp_path)
    with file.open("rb") as opened:
        done = subprocess.run(
            [sys.executable, "-m", "trt_engines.flash_cli", "-", "--data-dir",
             str(bench.settings.data_dir)],
            stdin=opened, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "squat 1.0.0 is as it was shipped" in done.stdout
    empty = command("trt_engines.flash_cli", "-", "--data-dir", bench.settings.data_dir)
    assert empty.returncode == 1 and "this is no bundle" in empty.stderr


@pytest.mark.parametrize("damage", ["flip", "cut", "junk", "missing"])
def test_a_damaged_file_leaves_both_slots(bench: Bench, damage: str) -> None:
    for number in (1, 2):
        bench.flash(bench.bundle(version=f"{number}.0.0"))
        bench.good("AB"[number - 1])
    file = pack(bench.bundle(version="3.0.0"), bench.folder / "squat.bundle")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    broken = {"flip": bytes(content), "cut": bytes(content[:700]), "junk": b"junk" * 200}
    file.write_bytes(broken.get(damage, b""))
    if damage == "missing":
        file.unlink()
    assert bench.stopped(file).outcome is Outcome.REFUSED
    assert [slot.state for slot in bench.slots.both()] == [State.GOOD, State.GOOD]


def test_wrong_answers_leave_what_was_live(bench: Bench) -> None:
    bench.flash(bench.bundle())
    bench.good("A")
    stopped = bench.stopped(bench.bundle(0.8, "2.0.0", off=0.01))
    assert stopped.outcome is Outcome.FAILED
    assert "0.01 from the golden answers, and may be 0.0001" in stopped.why
    assert "slot A, squat 1.0.0, is live" in stopped.why
    assert bench.slots.read("B").state is State.BAD
    assert "did not pass its test" in bench.slots.read("B").why


def test_a_slow_one_is_refused_unless_that_is_allowed(bench: Bench) -> None:
    slow = bench.bundle(slow=40)
    stopped = bench.stopped(slow)
    assert stopped.outcome is Outcome.FAILED
    assert "more than 1.5 times as long" in stopped.why
    assert bench.flash(slow, factor=1e9) is Outcome.DONE


def test_a_bundle_without_golden_answers_is_refused(bench: Bench) -> None:
    stopped = bench.stopped(bench.bundle(golden=None))
    assert "has no golden answers of classifier" in stopped.why


def test_what_is_live_and_good_is_not_flashed_again(bench: Bench) -> None:
    source = bench.bundle()
    bench.flash(source)
    bench.good("A")
    assert bench.flash(source) is Outcome.DONE
    assert bench.said[-1] == "good: slot A of squat, squat 1.0.0, is live: ran well"
    assert bench.slots.read("B").state is State.EMPTY
    bench.flash(source, again=True)
    assert bench.slots.read("B").state is State.TRIAL


def test_a_second_flash_at_once_is_told(bench: Bench) -> None:
    with bench.slots.locks.writing():
        stopped = bench.stopped(bench.bundle())
    assert stopped.outcome is Outcome.BUSY
    assert "another flash of squat" in stopped.why


def test_a_full_disk_leaves_what_was_live(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.flash(bench.bundle())
    bench.good("A")
    second = bench.bundle(version="2.0.0")

    def full(_from: Path, _to: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    stopped = bench.stopped(second)
    assert "No space left on device" in stopped.why
    monkeypatch.undo()
    live = bench.slots.live()
    assert live and live.label == "squat 1.0.0"


def watching(bench: Bench, then: Callable[[], object]) -> None:
    """Do something as the kiosk does it, once the trial has begun."""

    def wait() -> None:
        until(lambda: any(line.startswith("trial") for line in bench.said))
        then()

    threading.Thread(target=wait).start()


def test_a_trial_is_watched_until_it_is_good(bench: Bench) -> None:
    watching(bench, lambda: bench.good("A"))
    with bench.slots.locks.used():
        assert bench.flash(bench.bundle()) is Outcome.DONE
    assert bench.said[-1] == "good: slot A: ran well"


def test_a_trial_that_fails_is_told_with_what_runs_now(bench: Bench) -> None:
    watching(bench, lambda: bench.slots.fall_back(bench.slots.read("A"), "it was lost"))
    with bench.slots.locks.used():
        stopped = bench.stopped(bench.bundle())
    assert stopped.outcome is Outcome.ROLLED_BACK
    assert stopped.why == "slot A is bad: it was lost; the bundle of the software is live"


def test_a_trial_that_a_kiosk_is_at_is_given_up_only_anyway(bench: Bench) -> None:
    bench.flash(bench.bundle())
    bench.good("A")
    bench.flash(bench.bundle(version="2.0.0"))
    third = bench.bundle(version="3.0.0", off=0.1)
    with bench.slots.locks.used():
        stopped = bench.stopped(third)
        assert stopped.outcome is Outcome.BUSY
        assert "squat 2.0.0 is on trial" in stopped.why
        assert bench.slots.read("B").state is State.TRIAL
        stopped = bench.stopped(third, anyway=True)
    assert any(
        line == "trial: the trial of squat 2.0.0 is given up to flash squat 3.0.0; live until that "
        "is tested: slot A, squat 1.0.0"
        for line in bench.said
    )
    assert stopped.outcome is Outcome.FAILED
    assert "slot A, squat 1.0.0, is live" in stopped.why


def test_a_test_that_could_not_fail_is_refused(bench: Bench) -> None:
    source = bench.bundle(off=0.5, signed=False)
    allow(source, "probabilities", 0.9)
    sign(source, KEY)
    stopped = bench.stopped(source)
    assert stopped.outcome is Outcome.REFUSED
    assert "proves nothing" in stopped.why
    assert bench.slots.read("A").state is State.EMPTY


def test_an_older_version_is_flashed_and_said_to_be_older(bench: Bench) -> None:
    bench.flash(bench.bundle(version="0.0.9"))
    assert "older: squat 0.0.9 is OLDER than squat 0.1.0, which is live" in bench.said
    bench.said.clear()
    bench.good("A")
    bench.flash(bench.bundle(version="0.0.10"))
    assert not any(line.startswith("older") for line in bench.said)


def test_engines_are_built_and_tested(bench: Bench, standin: Standin) -> None:
    assert bench.flash(bench.bundle(), factor=1e9) is Outcome.DONE  # the stand-in is slow
    slot = bench.slots.read("A")
    assert slot.record and slot.record.engines == {"classifier": "fp32"}
    assert sorted(path.name for path in slot.folder.iterdir()) == ["bundle", "engines", "slot.json"]
    assert any("on TensorRT 10.3" in line for line in bench.said)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"build_none": True}, "slot"),
        ({"build_crash": True}, "SIG"),
        ({"plan": {"wrong": 0.1}}, "from the golden answers"),
        ({"plan": {"nan": True}}, "its answer is no number"),
        ({"plan": {"launch_error": 0}}, "does not run"),
        ({"plan": {"slow": 0.05}}, "times as long"),
    ],
)
def test_a_bad_engine_leaves_what_was_live(
    bench: Bench, standin: Standin, fault: dict[str, Any], told: str
) -> None:
    bench.flash(bench.bundle(), factor=1e9)
    bench.good("A")
    standin.fault(**fault)
    stopped = bench.stopped(bench.bundle(0.8, "2.0.0"))
    assert stopped.outcome is Outcome.FAILED
    assert told in stopped.why
    live = bench.slots.live()
    assert live and live.label == "squat 1.0.0"


def test_without_tensorrt_it_goes_on_unless_it_is_chosen(bench: Bench) -> None:
    chosen = bench.settings.model_copy(update={"runtime": "tensorrt"})
    stopped = bench.stopped(bench.bundle(), settings=chosen)
    assert "TensorRT is chosen in the settings" in stopped.why
    onnx = bench.settings.model_copy(update={"runtime": "onnx"})
    assert bench.flash(bench.bundle(version="2.0.0"), settings=onnx) is Outcome.DONE
    assert any("will run it: ONNX Runtime is chosen" in line for line in bench.said)
    assert stopped.outcome is Outcome.REFUSED


def test_an_engine_is_built_of_what_is_live_once_tensorrt_is_there(
    bench: Bench, standin: Standin
) -> None:
    source = bench.bundle()
    standin.fault(no_pycuda=True)
    bench.flash(source, precision="fp16")  # there is no such file, and none is needed
    record = bench.slots.read("A").record
    assert record and not record.engines
    assert "pycuda is not installed" in record.no_engines
    bench.good("A")
    assert bench.flash(source, factor=1e9) is Outcome.DONE
    assert bench.said[-1].startswith("good")
    standin.fault()
    bench.flash(source, factor=1e9)
    record = bench.slots.read("B").record
    assert record and (record.engines, record.no_engines) == ({"classifier": "fp32"}, "")


def test_a_precision_that_the_bundle_lacks_is_refused_before_a_slot_is_emptied(
    bench: Bench, standin: Standin
) -> None:
    stopped = bench.stopped(bench.bundle(), precision="int8")
    assert stopped.outcome is Outcome.REFUSED
    assert "has no int8 file of classifier" in stopped.why
    assert bench.slots.read("A").state is State.EMPTY
