"""A bundle of pose networks: manifest, golden cases and card around converted networks.

write_bundle(folder, OPENPOSE_COCO, {"openpose": network}, figures)
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge.bundle import FORMAT
from edge.frames import Frame
from edge.frames.camera import DEMO_CLIPS
from edge.frames.video import VideoFile
from edge.golden import Case, write_golden
from edge.joints import BODY_25
from edge.pose.blazepose import BlazePose
from edge.pose.openpose import LEAST, NETWORK, STRIDE, OpenPose
from edge.pose.openpose_layouts import LAYOUTS
from edge.runtime import Array, Network
from edge.runtime.onnx import OnnxNetwork

MIN_SOFTWARE: Final = "0.1.0"
GOLDEN, CARD, MANIFEST = "golden.npz", "MODEL_CARD.md", "manifest.json"

GOLDEN_SECONDS: Final = (0.5, 3.5)
"""Which moments of the demo clip are golden cases: standing, and on the way down."""


@dataclass(frozen=True)
class About:
    """What a pose bundle says about itself.

    :param preprocessing: of each network's input.
    :param axes: of each network: its free axes, with the least, best and most of each.
    :param tolerances: of each network and output, in fp32 and in fp16.
    """

    name: str
    version: str
    backend: str
    joints: str
    licence: str
    source: str
    preprocessing: Mapping[str, str]
    tolerances: Mapping[str, Mapping[str, tuple[float, float]]]
    axes: Mapping[str, Mapping[str, tuple[int, int, int]]] = field(default_factory=dict)


BLAZEPOSE: Final = About(
    name="blazepose",
    version="1.0.0",
    backend="blazepose",
    joints="BLAZEPOSE_33",
    licence="Apache-2.0",
    source="MediaPipe's pose_detection.tflite and pose_landmark_full.tflite, of the PyPI package "
    "mediapipe 0.10.18",
    preprocessing={"detector": "rgb_signed_unit", "landmarks": "rgb_unit"},
    tolerances={
        # Pixels of 224, and the logit of a probability.
        "detector": {"Identity": (0.05, 1.0), "Identity_1": (0.05, 1.0)},
        # Pixels of 256 beside logits; a probability; logits of the heat maps.
        "landmarks": {"Identity": (0.05, 2.0), "Identity_1": (1e-3, 0.05), "Identity_3": (0.1, 2)},
    },
)


def openpose(
    *, joints: str, preprocessing: str, version: str, licence: str, source: str, height: int
) -> About:
    """Return what a bundle with an OpenPose network says.

    :param height: pixels of the network's input in use; its width follows the picture's shape.
    """
    wide = STRIDE * round(height * 4 / 3 / STRIDE)
    most = STRIDE * round(height * 16 / 9 / STRIDE)
    return About(
        name="openpose", version=version, backend="openpose", joints=joints, licence=licence,
        source=source, preprocessing={NETWORK: preprocessing},
        axes={NETWORK: {"H": (LEAST, height, height), "W": (LEAST, wide, most)}},
        # A part counts from 0.05 on, and is sure at 0.5.
        tolerances={NETWORK: {"maps": (2e-3, 2e-2)}},
    )  # fmt: skip


class Recorder(Network):
    """Passes everything on to a network and keeps it as golden cases."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.runtime = network.runtime
        self.inputs, self.outputs = network.inputs, network.outputs
        self.cases: list[Case] = []

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return what the network answers."""
        answers = self._network.run(inputs)
        self.cases.append(Case(dict(inputs), answers, f"case-{len(self.cases) + 1}"))
        return answers


def golden_frames() -> list[Frame]:
    """Return some frames of the rendered demo clip."""
    frames: list[Frame] = []
    with VideoFile(DEMO_CLIPS / "good.mp4") as video:
        for frame in video:
            if frame.time >= GOLDEN_SECONDS[len(frames)] - 1e-3:
                frames.append(frame)
            if len(frames) == len(GOLDEN_SECONDS):
                break
    return frames


def golden_cases(about: About, networks: Mapping[str, Network]) -> dict[str, list[Case]]:
    """Return what the networks are asked and answer when the backend looks at the golden frames."""
    recorders = {name: Recorder(network) for name, network in networks.items()}
    for frame in golden_frames():
        if about.backend == "blazepose":
            both = (recorders["detector"], recorders["landmarks"])
            people = BlazePose(networks=both).open_stream().estimate(frame)
        else:
            _, high, _ = about.axes[NETWORK]["H"]
            estimator = OpenPose(
                recorders[NETWORK], about.joints, height=high,
                preprocessing=(about.preprocessing[NETWORK], 1),
            )  # fmt: skip
            people = estimator.open_stream().estimate(frame)
        del people  # random weights see nobody: that is for the tests to judge
    return {name: recorder.cases for name, recorder in recorders.items()}


def write_bundle(folder: Path, about: About, files: Mapping[str, Path], figures: dict[str, Any],
                 *, threads: int = 2) -> dict[str, Any]:  # fmt: skip
    """Write the folder of an unsigned bundle and return its manifest.

    :param files: the ONNX file of each network.
    :param figures: what was measured, such as the distance from the network as it was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in files.items():
        shutil.copyfile(path, folder / f"{name}.onnx")
    networks = {name: OnnxNetwork(path, threads=threads) for name, path in files.items()}
    write_golden(folder / GOLDEN, golden_cases(about, networks))
    (folder / CARD).write_text(_card(about, figures), encoding="utf-8")
    names = [*(f"{name}.onnx" for name in files), GOLDEN, CARD]
    manifest = {
        "format": FORMAT,
        "kind": "pose",
        "name": about.name,
        "version": about.version,
        "min_software": MIN_SOFTWARE,
        "backend": about.backend,
        "joints": about.joints,
        "licence": about.licence,
        "files": {name: _described(folder / name) for name in names},
        "networks": {name: _network(about, name, one) for name, one in networks.items()},
        "golden": GOLDEN,
        "card": CARD,
        "training": {
            "source": about.source,
            "converted_with": {name: version(name) for name in ("onnx", "onnxruntime")},
        },
        "figures": figures,
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def _network(about: About, name: str, network: Network) -> dict[str, Any]:
    kinds = dict(zip(("fp32", "fp16"), zip(*about.tolerances[name].values(), strict=True),
                     strict=True))  # fmt: skip
    return {
        "files": {"fp32": f"{name}.onnx"},
        "inputs": [
            {
                "name": one.name, "shape": list(one.shape), "dtype": one.dtype,
                "preprocessing": about.preprocessing[name], "preprocessing_version": 1,
            }
            for one in network.inputs
        ],
        "outputs": [
            {"name": one.name, "shape": list(one.shape), "dtype": one.dtype}
            for one in network.outputs
        ],
        "axes": {
            axis: dict(zip(("least", "best", "most"), sizes, strict=True))
            for axis, sizes in about.axes.get(name, {}).items()
        },
        "tolerances": {
            kind: dict(zip(about.tolerances[name], values, strict=True))
            for kind, values in kinds.items()
        },
    }  # fmt: skip


def _described(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _card(about: About, figures: dict[str, Any]) -> str:
    parts = LAYOUTS[about.joints].parts if about.joints in LAYOUTS else BODY_25
    measured = "\n".join(f"- {name}: {value}" for name, value in figures.items())
    return (
        f"# {about.name} {about.version}\n\n"
        f"Finds the joints of people in pictures; runs in the pose backend `{about.backend}`.\n\n"
        f"- Made from: {about.source}.\n- **Licence: {about.licence}.**\n"
        f"- Joints: {about.joints} ({len(parts)} of BODY_25 or fewer).\n"
        "- It was trained by others; nothing was trained for this bundle.\n\n"
        f"## Measured when it was converted\n\n{measured or '- nothing'}\n"
    )


def largest_difference(expected: Mapping[str, Array], answers: Mapping[str, Array]) -> float:
    """Return how far answers are from what is expected, over all outputs."""
    return max(float(np.abs(answers[name] - one).max()) for name, one in expected.items())
