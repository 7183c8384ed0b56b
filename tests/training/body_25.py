"""A network built like OpenPose's BODY_25, with random weights, in Caffe's two files.

Written from the published description (ten layers of VGG-19, then four stages of fields and two of
parts, each of five dense blocks); narrower where a test wants it small.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge.pose.openpose_layouts import BODY_25_LAYOUT
from training.pose_networks.caffe import Net

FIELDS, PARTS = 2 * len(BODY_25_LAYOUT.limbs), len(BODY_25_LAYOUT.parts) + 1


@dataclass
class Writer:
    """Writes layers into both files.

    :param share: of the full width that each inner layer has.
    """

    share: float
    rng: np.random.Generator
    lines: list[str] = field(default_factory=list)
    weights: Net = field(default_factory=Net)
    channels: dict[str, int] = field(default_factory=lambda: {"image": 3})

    def layer(self, name: str, kind: str, bottoms: list[str], top: str, rest: str = "") -> None:
        inputs = " ".join(f'bottom: "{one}"' for one in bottoms)
        self.lines.append(f'layer {{ name: "{name}" type: "{kind}" {inputs} top: "{top}" {rest} }}')

    def blobs(self, name: str, kind: str, *arrays: np.ndarray) -> None:
        layer = self.weights.layer.add(name=name, type=kind)
        for array in arrays:
            blob = layer.blobs.add(data=array.astype("<f4").tobytes())
            blob.shape.dim.extend(array.shape)

    def width(self, full: int) -> int:
        return max(2, round(full * self.share))

    def convolution(self, name: str, bottom: str, count: int, size: int) -> str:
        before = self.channels[bottom]
        spread = np.sqrt(1.6 / (before * size * size))
        self.layer(
            name, "Convolution", [bottom], name,
            f"convolution_param {{ num_output: {count} pad: {size // 2} kernel_size: {size} }}",
        )  # fmt: skip
        self.blobs(
            name, "Convolution",
            self.rng.normal(0, spread, (count, before, size, size)),
            self.rng.normal(0, 0.01, count),
        )  # fmt: skip
        self.channels[name] = count
        return name

    def relu(self, top: str) -> str:
        self.layer(f"relu_{top}", "ReLU", [top], top)  # in place, as Caffe's networks do
        return top

    def prelu(self, top: str) -> str:
        self.layer(f"prelu_{top}", "PReLU", [top], top)
        self.blobs(f"prelu_{top}", "PReLU", self.rng.uniform(0, 0.3, self.channels[top]))
        return top

    def concat(self, name: str, bottoms: list[str]) -> str:
        self.layer(name, "Concat", bottoms, name, "concat_param { axis: 1 }")
        self.channels[name] = sum(self.channels[one] for one in bottoms)
        return name

    def pool(self, name: str, bottom: str) -> str:
        self.layer(
            name, "Pooling", [bottom], name, "pooling_param { pool: MAX kernel_size: 2 stride: 2 }"
        )
        self.channels[name] = self.channels[bottom]
        return name

    def stage(self, name: str, bottom: str, widths: tuple[int, int], answers: int) -> str:
        """Five dense blocks, then two single-pixel convolutions."""
        now = bottom
        for block in range(1, 6):
            parts = []
            for layer in range(3):
                now = self.prelu(
                    self.convolution(f"{name}_{block}_{layer}", now, self.width(widths[0]), 3)
                )
                parts.append(now)
            now = self.concat(f"{name}_{block}", parts)
        now = self.prelu(self.convolution(f"{name}_6", now, self.width(widths[1]), 1))
        return self.convolution(f"{name}_7", now, answers, 1)


def write_body_25(folder: Path, share: float = 1.0, seed: int = 0) -> tuple[Path, Path]:
    """Write prototxt and caffemodel; ``share`` 1 is as large as the real one."""
    to = Writer(share, np.random.default_rng(seed))
    now = "image"
    for block, (count, times) in enumerate(((64, 2), (128, 2), (256, 4), (512, 2)), start=1):
        for time in range(1, times + 1):
            name = to.convolution(f"conv{block}_{time}", now, to.width(count), 3)
            now = to.prelu(name) if (block, time) == (4, 2) else to.relu(name)
        if block < 4:
            now = to.pool(f"pool{block}", now)
    now = to.prelu(to.convolution("conv4_3", now, to.width(256), 3))
    features = to.prelu(to.convolution("conv4_4", now, to.width(128), 3))
    fields = to.stage("fields0", features, (96, 256), FIELDS)
    for stage in range(1, 4):
        before = to.concat(f"before_fields{stage}", [features, fields])
        fields = to.stage(f"fields{stage}", before, (128, 512), FIELDS)
    before = to.concat("before_parts0", [features, fields])
    parts = to.stage("parts0", before, (96, 256), PARTS)
    before = to.concat("before_parts1", [features, parts, fields])
    parts = to.stage("parts1", before, (128, 512), PARTS)
    to.concat("net_output", [parts, fields])
    text = 'name: "like BODY_25"\ninput: "image"\n'
    text += "".join(f"input_dim: {one}\n" for one in (1, 3, 16, 16)) + "\n".join(to.lines)
    prototxt, caffemodel = folder / "random.prototxt", folder / "random.caffemodel"
    prototxt.write_text(text + "\n", encoding="ascii")
    caffemodel.write_bytes(to.weights.SerializeToString())
    return prototxt, caffemodel
