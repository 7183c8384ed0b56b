"""The benchmark, on a second of a clip: that it measures, never how fast anything is."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from benchmarking.__main__ import main
from benchmarking.box import Use, Watch, describe
from benchmarking.ours import LiveSet
from benchmarking.runs import Run
from benchmarking.served import Served
from benchmarking.table import Results, markdown, spread
from click.testing import CliRunner

from edge.frames.camera import DEMO_CLIPS


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first second of the demo clip."""
    path = tmp_path_factory.mktemp("clips") / "second.mp4"
    with av.open(str(DEMO_CLIPS / "good.mp4")) as source, av.open(str(path), "w") as target:
        video = source.streams.video[0]
        copy = target.add_stream_from_template(video)
        for packet in source.demux(video):
            if (
                packet.dts is not None
                and packet.pts is not None
                and packet.pts * video.time_base < 1
            ):
                packet.stream = copy
                target.mux(packet)
    return path


def test_both_pipelines_and_the_live_camera_are_measured(second: Path, tmp_path: Path) -> None:
    arguments = [str(second), "--repeats=1", "--sets=1", "--seconds=1", "--starts=0", "--json"]
    done = CliRunner().invoke(main, [*arguments, f"--keras={tmp_path / 'none.keras'}"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert "no Keras" in found["predicting"] or "no trained Keras model" in found["predicting"]
    (ours,), (plain,), (live,) = found["ours"], found["plain"], found["live"]
    assert ours["frames"] == len(ours["pose_ms"]) == plain["frames"] / 2  # every second one
    assert plain["frames"] == len(plain["pose_ms"]) == 30
    assert set(plain["stages"]) == {"decoding", "pose", "judging", "replay"}
    assert 0 < ours["verdict"] < ours["replay"] and 0 < plain["verdict"] < plain["replay"]
    assert live["judged"] == len(live["pose_ms"]) > 0
    assert found["machine"] == describe()


def test_the_table_has_medians_percentiles_and_ratios() -> None:
    ours = Run("a.mp4", 10.0, 300, [5.0, 7.0, 30.0], 2.0, 3.0, 5.0, 0.9)
    plain = Run("a.mp4", 10.0, 300, [10.0, 14.0, 40.0], 4.0, 9.0, 8.0, None)
    results = Results("box", "Keras predict", Use(0.3, 0.0, 2.5), [ours], [plain])
    results.live = [LiveSet(170, 9, 1, 80.0, [9.0], 0.9), LiveSet(180, 0, 0, 60.0, [8.0], 0.9)]
    results.served = Served([2.0, 3.0], 8, 40.0, 100.0, 150.0, 200.0)
    table = markdown(results)
    assert "busy with other things: others used 30%" in table
    assert "| pose, a frame | 7.0 / 27.7 ms | 14.0 / 37.4 ms | 2.00 |" in table
    assert "| upload to verdict and replay / length | 0.30 / 0.30  | 0.90 / 0.90  | 3.00 |" in table
    assert "| processor time / length | 0.50 / 0.50  | 0.80 / 0.80  | 1.60 |" in table
    assert "| score | 0.9000 | not judged |  |" in table
    assert "350 / 9 / 1" in table
    assert "| uploads with replay a minute, of 8 | 12.0 |" in table
    assert "100 / 150 / 200 MB" in table
    assert spread([], "ms") == "-"


def test_others_on_the_machine_are_told_apart_from_us() -> None:
    with Watch() as watch:
        sum(range(200_000))
    assert 0 <= watch.use.others <= 1 and 0 <= watch.use.stolen <= 1
    assert str(Use(0.0, 0.01, 1.0)).startswith("quiet")
