"""Small bundles that can be told apart by their answers, and the environment that trusts them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.golden import Case, write_golden
from edge.runtime.onnx import OnnxNetwork
from edge.settings import Settings
from edge.signing import sign
from tests.bundles import KEY
from tests.clips import ROOT
from tests.trt_engines.onnx_files import tiny_classifier


def make_bundle(
    folder: Path,
    correct: float,
    version: str = "1.0.0",
    *,
    slow: int = 0,
    fragile: bool = False,
    off: float = 0.0,
    signed: bool = True,
    **changes: Any,
) -> Path:
    """Write a bundle whose classifier finds everything correct with the same probability.

    :param correct: that probability, 0 to 1.
    :param slow: large matrix products that it does beside it.
    :param fragile: whether it fails on people as they really move.
    :param off: how far its golden answers are from what it answers.
    :param changes: of the manifest.
    """
    folder.mkdir(parents=True)
    (folder / "classifier.onnx").write_bytes(tiny_classifier(correct, slow, fragile=fragile))
    inputs = {"differences": np.ones((1, 30, 20), np.float32)}
    answers = OnnxNetwork(folder / "classifier.onnx").run(inputs)
    golden = {name: values + np.float32(off) for name, values in answers.items()}
    write_golden(folder / "golden.npz", {"classifier": [Case(inputs, golden, "one")]})
    files = {
        name: {
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
            "bytes": (folder / name).stat().st_size,
        }
        for name in ("classifier.onnx", "golden.npz")
    }
    network = {
        "files": {"fp32": "classifier.onnx"},
        "inputs": [{"name": "differences", "shape": ["N", "T", 20], "dtype": "float32",
                    "preprocessing": "differences", "preprocessing_version": 1}],
        "outputs": [{"name": "probabilities", "shape": ["N", 2], "dtype": "float32",
                     "classes": ["incorrect", "correct"]}],
        "axes": {"N": {"least": 1, "best": 1, "most": 8},
                 "T": {"least": 2, "best": 60, "most": 900}},
    }  # fmt: skip
    manifest = {
        "format": 3, "kind": "classifier", "name": "squat", "version": version,
        "min_software": "0.1.0", "exercise": "squat", "files": files,
        "networks": {"classifier": network}, "golden": "golden.npz",
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))
    if signed:
        sign(folder, KEY)
    return folder


def allow(folder: Path, output: str, far: float) -> None:
    """Let an output of an unsigned bundle be off in fp16."""
    manifest = json.loads((folder / "manifest.json").read_text())
    network = manifest["networks"]["classifier"]
    if output not in [one["name"] for one in network["outputs"]]:
        network["outputs"].append({"name": output, "shape": ["N", 2], "dtype": "float32"})
    network["tolerances"] = {"fp16": {output: far}}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def trusting(data_dir: Path) -> Settings:
    """Return a kiosk's settings that trust the tests' key."""
    keys = data_dir / "keys"
    keys.mkdir(parents=True, exist_ok=True)
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (keys / "tests.pem").write_bytes(public)
    return Settings(data_dir=data_dir)


def command(
    module: str, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one of the commands to its end."""
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], cwd=ROOT, text=True,
        capture_output=True, check=False, timeout=120, env={**os.environ, **(environment or {})},
    )  # fmt: skip
