"""The files of the classifier's bundle: networks, golden cases, card, manifest, signature.

write_bundle(model, report, Path("typical.npz"), Path("squat"), prepared, key=key)
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import keras
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bundle import FORMAT, Precision
from edge.golden import Case, parity, write_golden
from edge.preprocessing import MIN_FRAMES
from edge.runtime.onnx import OnnxNetwork
from edge.signing import MANIFEST, SIGNATURE, sign
from training.card import model_card
from training.conversion import MEANINGS, largest_differences, outputs, to_onnx, widths
from training.feature_files import LONGEST, Inputs
from training.measures import THRESHOLD
from training.precisions import REASONS, TOLERANCES, costs, to_fp16, to_int8

KERAS_TOLERANCES: Final = {"probabilities": 1e-5, "parts": 1e-5, "view": 1e-3}
"""The largest differences allowed between Keras and ONNX Runtime; of the view in degrees."""

ABSENT: Final = {"head": 0.0}
"""What an input holds where the source lacks it."""

MAX_BYTES: Final = 1_500_000
"""The classifier is to stay under this size."""

NETWORK: Final = "classifier"
FILES: Final[dict[Precision, str]] = {
    "fp32": "classifier.onnx",
    "fp16": "classifier-fp16.onnx",
    "int8": "classifier-int8.onnx",
}
TYPICAL, GOLDEN, CARD = "typical.npz", "golden.npz", "MODEL_CARD.md"
NAME, VERSION = "squat", "0.4.0"

MIN_SOFTWARE: Final = "0.1.0"
"""The first version of this software that reads this format and makes these inputs."""

LICENCE: Final = "this project's own"

AXES: Final = {
    "N": {
        "least": 1,
        "best": 1,
        "most": 64,
        "reason": "the kiosk judges one repetition at a time; an explanation asks for 9 at once; "
        "64 are the repetitions of several phones",
    },
    "T": {
        "least": MIN_FRAMES - 1,
        "best": 90,
        "most": LONGEST,
        "reason": f"steps at 30 Hz: fewer than {MIN_FRAMES} frames give no features; a squat takes "
        "3 s; a recording at the kiosk has at most 30 s",
    },
}
"""How many repetitions of how many steps an engine is built for."""


class ExportError(Exception):
    """The network cannot be shipped; the message says why."""


@dataclass(frozen=True)
class Prepared:
    """Inputs that the export needs beside the network.

    :param golden: those of the golden cases by their names.
    :param calibration: as in use: from them the ranges of int8 are taken; none: no int8.
    :param measured: on what the other precisions are compared with fp32, by name and in words.
    """

    golden: Mapping[str, Inputs]
    calibration: Sequence[Inputs] = ()
    measured: Mapping[str, tuple[str, Sequence[Inputs]]] = field(default_factory=dict)


def exported_with() -> dict[str, str]:
    """Return the versions of what converts and checks the network."""
    return {name: version(name) for name in ("tf2onnx", "onnx", "onnxruntime")}


def about_network(model: keras.Model, precisions: Sequence[Precision]) -> dict[str, Any]:
    """Return what the manifest says of the network."""
    return {
        "files": {precision: FILES[precision] for precision in precisions},
        "inputs": [
            {
                "name": name,
                "shape": ["N", "T", width],
                "dtype": "float32",
                "preprocessing": name,
                "preprocessing_version": 1,
                **({"absent": ABSENT[name]} if name in ABSENT else {}),
            }
            for name, width in widths(model).items()
        ],
        "outputs": [
            {
                "name": name,
                "shape": ["N", len(MEANINGS[name])],
                "dtype": "float32",
                "classes": list(MEANINGS[name]),
            }
            for name in outputs(model)
        ],
        "axes": AXES,
        "tolerances": {
            precision: {name: TOLERANCES[precision][name] for name in outputs(model)}
            for precision in precisions
        },
        "reasons": {precision: REASONS[precision] for precision in precisions},
    }


def write_bundle(
    model: keras.Model,
    report: Mapping[str, Any],
    typical: Path,
    folder: Path,
    prepared: Prepared,
    *,
    with_int8: bool = False,
    key: Ed25519PrivateKey | None = None,
) -> dict[str, Any]:
    """Write the bundle's files and return its manifest.

    :param model: the deployable model.
    :param report: what the training wrote down, with ``training``, ``figures`` and
        ``visible_to``.
    :param typical: the file with typical repetitions that the training wrote.
    :param with_int8: whether the int8 file is in the bundle; what it costs is measured anyway.
    :param key: signs the bundle; None: it is not signed.
    :raises ExportError: ONNX Runtime and Keras disagree, the file is too large, or a precision
        is further off than its tolerance.
    """
    if with_int8 and not prepared.calibration:
        raise ExportError("int8 needs inputs for calibration: name a folder with --calibrate")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SIGNATURE).unlink(missing_ok=True)
    apart = _write_exact(model, folder / FILES["fp32"])
    shutil.copyfile(typical, folder / TYPICAL)
    cases = _write_golden(folder, prepared.golden)
    precisions: list[Precision] = ["fp32", "fp16"]
    with tempfile.TemporaryDirectory() as scratch:
        made: dict[Precision, Path] = {"fp16": folder / FILES["fp16"]}
        to_fp16(folder / FILES["fp32"], made["fp16"])
        if prepared.calibration:
            made["int8"] = (folder if with_int8 else Path(scratch)) / FILES["int8"]
            to_int8(folder / FILES["fp32"], made["int8"], prepared.calibration)
        if with_int8:
            precisions.append("int8")
        measured = {"golden": ("the golden cases", list(prepared.golden.values()))}
        found = {
            precision: {
                "bytes": path.stat().st_size,
                "shipped": precision in precisions,
                "calibrated_on": len(prepared.calibration) if precision == "int8" else 0,
                "costs": costs(folder / FILES["fp32"], path, {**measured, **prepared.measured}),
            }
            for precision, path in made.items()
        }
    for precision in precisions:
        _check_golden(folder / FILES[precision], precision, cases)
    content = {
        "format": FORMAT,
        "kind": "classifier",
        "name": NAME,
        "version": VERSION,
        "min_software": MIN_SOFTWARE,
        "exercise": "squat",
        "licence": LICENCE,
        "files": {},
        "networks": {NETWORK: about_network(model, precisions)},
        "golden": GOLDEN,
        "card": CARD,
        "threshold": THRESHOLD,
        "visible_to": report["visible_to"],
        "training": {**report["training"], "exported_with": exported_with()},
        "figures": {
            **report["figures"],
            "onnx_against_keras": {"largest_difference": apart},
            "precisions": found,
        },
    }
    (folder / CARD).write_text(model_card(content), encoding="utf-8")
    named = [*(FILES[precision] for precision in precisions), TYPICAL, GOLDEN, CARD]
    content["files"] = {name: _about(folder / name) for name in sorted(named)}
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    if key is not None:
        sign(folder, key)
    return content


def _write_exact(model: keras.Model, path: Path) -> dict[str, float]:
    """Write the fp32 network and return how far it is from Keras."""
    to_onnx(model, path)
    apart = largest_differences(model, path)
    for name, worst in apart.items():
        if worst >= KERAS_TOLERANCES[name]:
            raise ExportError(
                f"ONNX and Keras differ by {worst:.1e} in {name}, more than "
                f"{KERAS_TOLERANCES[name]:.0e}"
            )
    if path.stat().st_size >= MAX_BYTES:
        raise ExportError(f"{path.name} has {path.stat().st_size} bytes, {MAX_BYTES} is too many")
    return apart


def _write_golden(folder: Path, golden: Mapping[str, Inputs]) -> list[Case]:
    exact = OnnxNetwork(folder / FILES["fp32"])
    cases = [Case(inputs, exact.run(inputs), name) for name, inputs in golden.items()]
    write_golden(folder / GOLDEN, {NETWORK: cases})
    return cases


def _check_golden(path: Path, precision: Precision, cases: Sequence[Case]) -> None:
    for name, far in parity(OnnxNetwork(path), cases).items():
        if not far <= TOLERANCES[precision][name]:
            raise ExportError(
                f"{precision} is off by {far:.1e} in {name}, more than "
                f"{TOLERANCES[precision][name]:.0e}"
            )


def _about(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
