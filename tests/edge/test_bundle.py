"""Bundles: what is refused and why."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import DEFAULT_BUNDLE, Bundle
from edge.errors import BundleError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle"))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_the_shipped_bundle_is_whole() -> None:
    bundle = Bundle.open(DEFAULT_BUNDLE)
    assert bundle.manifest.exercise == "squat"
    assert bundle.label == f"{bundle.manifest.name} {bundle.manifest.version}"
    assert bundle.path("classifier.onnx").stat().st_size < 1_500_000
    assert (DEFAULT_BUNDLE / "MODEL_CARD.md").is_file()


def test_only_what_may_be_shipped_was_trained_on() -> None:
    names = [data["name"] for data in Bundle.open(DEFAULT_BUNDLE).manifest.training["data"]]
    assert names
    assert all(name.startswith(("uiprmd", "synthetic")) for name in names)


def test_an_altered_network_is_refused(folder: Path) -> None:
    network = folder / "classifier.onnx"
    data = bytearray(network.read_bytes())
    data[1000] ^= 1
    network.write_bytes(data)
    with pytest.raises(BundleError, match="not the file that was shipped"):
        Bundle.open(folder)


def test_a_missing_network_is_refused(folder: Path) -> None:
    (folder / "classifier.onnx").unlink()
    with pytest.raises(BundleError, match=r"lacks classifier\.onnx"):
        Bundle.open(folder)


def test_a_name_that_leads_outside_is_refused(folder: Path) -> None:
    edit(folder, lambda m: m["files"].update({"../x": m["files"]["classifier.onnx"]}))
    (folder.parent / "x").write_bytes((folder / "classifier.onnx").read_bytes())
    with pytest.raises(BundleError, match=r"lacks \.\./x"):
        Bundle.open(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("name"), "name: Field required"),
        (lambda m: m.update(format=2), "format"),
        (lambda m: m.update(colour="red"), "colour"),
        (lambda m: m.update(threshold=2), "threshold"),
        (lambda m: m.update(version="new"), "version"),
        (lambda m: m.update(visible_to={"neck": "far"}), "visible_to"),
        (lambda m: m["networks"]["classifier"]["inputs"][0].update(absent="nothing"), "absent"),
    ],
)
def test_a_manifest_that_is_not_understood_says_where(
    change: Callable[[dict[str, Any]], object], message: str, folder: Path
) -> None:
    edit(folder, change)
    with pytest.raises(BundleError, match=message):
        Bundle.open(folder)


def test_no_bundle_and_no_json(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no model bundle"):
        Bundle.open(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(BundleError, match="not understood"):
        Bundle.open(tmp_path)


def test_a_file_that_the_manifest_does_not_name(folder: Path) -> None:
    with pytest.raises(BundleError, match="not in the manifest"):
        Bundle.open(folder).path("other.onnx")
