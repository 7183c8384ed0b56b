"""The self-test in its own process."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import SlotError
from tests.trt_engines.flashing import make_bundle, trusting
from trt_engines import selftest
from trt_engines.selftest import Job, Report, Side, run, self_test


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return trusting(tmp_path / "data").data_dir


def test_it_runs_in_a_process_of_its_own(data: Path, tmp_path: Path) -> None:
    new, live = make_bundle(tmp_path / "new", 0.9), make_bundle(tmp_path / "live", 0.8)
    report = self_test(Job(new=Side(bundle=new), live=Side(bundle=live), data_dir=data))
    assert report.refused == []
    assert [(one.output, one.far) for one in report.outputs] == [("probabilities", 0.0)]
    assert report.milliseconds and report.milliseconds[1]
    assert "ONNX Runtime" in report.runtimes["classifier"]


def test_a_test_that_does_not_come_to_its_end_says_how(data: Path, tmp_path: Path) -> None:
    job = Job(new=Side(bundle=make_bundle(tmp_path / "new", 0.9)), data_dir=data)
    with pytest.raises(SlotError, match="was ended after 0 s: it hangs"):
        self_test(job, limit=0.01)


def test_what_cannot_be_compared_is_noted(data: Path, tmp_path: Path) -> None:
    new = Side(bundle=make_bundle(tmp_path / "new", 0.9))
    report = run(Job(new=new, data_dir=data))
    assert report.notes == ["nothing is live to compare the speed with"]
    broken = make_bundle(tmp_path / "live", 0.8)
    (broken / "classifier.onnx").unlink()
    report = run(Job(new=new, live=Side(bundle=broken), data_dir=data))
    assert report.refused == []
    assert "the live one cannot be run" in report.notes[0]


def test_the_factor_does_not_count_below_a_millisecond(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selftest, "SECONDS", 0.1)
    sides = [Side(bundle=make_bundle(tmp_path / name, 0.9)) for name in ("new", "live")]
    job = Job(new=sides[0], live=sides[1], data_dir=data, factor=0.0)
    assert run(job).refused == []
    monkeypatch.setattr(selftest, "SHORT", 0.0)
    assert "times as long" in run(job).refused[0]


def test_an_unsigned_bundle_is_not_even_run(data: Path, tmp_path: Path) -> None:
    new = make_bundle(tmp_path / "new", 0.9, signed=False)
    report: Report = run(Job(new=Side(bundle=new), data_dir=data))
    assert "is not signed" in report.refused[0]
    assert report.outputs == []
