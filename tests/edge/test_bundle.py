"""Bundles: what is refused and why."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import bundle as module
from edge.bundle import DEFAULT_BUNDLE, Bundle, Manifest
from edge.errors import BundleError
from edge.signing import MOST_MANIFEST
from tests.bundles import TRUST, copy_bundle, edit

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_bundle(tmp_path / "bundle")


def test_the_shipped_bundle_is_whole() -> None:
    bundle = Bundle.open(DEFAULT_BUNDLE)
    assert bundle.manifest.exercise == "squat"
    assert bundle.label == f"{bundle.manifest.name} {bundle.manifest.version}"
    assert bundle.path("classifier.onnx").stat().st_size < 1_500_000
    assert bundle.signer is not None


def test_only_what_may_be_shipped_was_trained_on() -> None:
    names = [data["name"] for data in Bundle.open(DEFAULT_BUNDLE).manifest.training["data"]]
    assert names
    assert all(name.startswith(("uiprmd", "synthetic")) for name in names)


# ## Files


def test_an_altered_network_is_refused(folder: Path) -> None:
    network = folder / "classifier.onnx"
    data = bytearray(network.read_bytes())
    data[1000] ^= 1
    network.write_bytes(data)
    with pytest.raises(BundleError, match="not the file that was shipped"):
        Bundle.open(folder, TRUST)


def test_a_network_that_grew_or_shrank_is_refused(folder: Path) -> None:
    network = folder / "classifier.onnx"
    whole = network.read_bytes()
    network.write_bytes(whole[:-1])
    with pytest.raises(BundleError, match="not the file that was shipped"):
        Bundle.open(folder, TRUST)
    network.write_bytes(whole + b"\0")
    with pytest.raises(BundleError, match="more than the"):
        Bundle.open(folder, TRUST)


def test_a_missing_network_is_refused(folder: Path) -> None:
    (folder / "classifier.onnx").unlink()
    with pytest.raises(BundleError, match=r"lacks classifier\.onnx"):
        Bundle.open(folder, TRUST)


def _link(path: Path) -> None:
    elsewhere = path.parent.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", ["classifier.onnx", "manifest.json", "manifest.sig"])
@pytest.mark.parametrize("become", [_link, _pipe, _folder])
def test_only_plain_files_are_read(become: Callable[[Path], None], name: str, folder: Path) -> None:
    become(folder / name)
    with pytest.raises(BundleError, match=f"{name} cannot be read"):
        Bundle.open(folder, TRUST)


def test_a_manifest_of_gigabytes_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / "manifest.json").open("r+b") as file:
        file.truncate(3 << 30)  # takes no room: nothing is in it
    with pytest.raises(BundleError, match=f"{3 << 30} bytes, more than the {MOST_MANIFEST}"):
        Bundle.open(folder, TRUST)


def test_what_else_lies_in_the_folder_is_never_looked_at(folder: Path) -> None:
    (folder / "link").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    (folder / "other.onnx").write_bytes(b"anything")
    bundle = Bundle.open(folder, TRUST)
    with pytest.raises(BundleError, match="not in the manifest"):
        bundle.path("other.onnx")


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "a/b", "..", ".hidden", "", "a\n", "manifest.json", "manifest.sig"],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str, folder: Path) -> None:
    edit(folder, lambda m: m["files"].update({name: m["files"]["classifier.onnx"]}))
    with pytest.raises(BundleError, match="not understood"):
        Bundle.open(folder, TRUST)


def test_the_folder_itself_may_be_a_link(folder: Path) -> None:
    """The live slot is one."""
    (folder.parent / "live").symlink_to("bundle")
    assert Bundle.open(folder.parent / "live", TRUST).signer == "tests"


# ## The manifest


def network(change: Change) -> Change:
    return lambda manifest: change(manifest["networks"]["classifier"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.pop("name"), "name: Field required"),
        (lambda m: m.update(format=2), "has the format 2"),
        (lambda m: m.update(format="new"), "format"),
        (lambda m: m.update(colour="red"), "colour"),
        (lambda m: m.update({"a\nred \x1b[31m": 1}), r"a\?red \?\[31m"),
        (lambda m: m.update(threshold=2), "threshold"),
        (lambda m: m.update(threshold=float("nan")), "threshold"),
        (lambda m: m.update(version="new"), "version"),
        (lambda m: m.update(version="1.0.٣"), "version"),
        (lambda m: m.update(visible_to={"neck": "far"}), "visible_to"),
        (lambda m: m.update(golden="none.npz"), r"files lacks none\.npz"),
        (lambda m: m["files"].pop("classifier.onnx"), r"files lacks classifier"),
        (lambda m: m["files"]["classifier.onnx"].update(bytes=1 << 40), "bytes"),
        (lambda m: m["files"].update({f"f{i}": {"sha256": "0" * 64, "bytes": 1 << 29}
                                      for i in range(3)}), "bytes in all"),
        (lambda m: m["files"].update({f"f{i}": {"sha256": "0" * 64, "bytes": 1}
                                      for i in range(99)}), "at most 64"),
        (network(lambda n: n["inputs"][0].update(absent="nothing")), "absent"),
        (network(lambda n: n["inputs"][0].update(shape=["N", "T", -1])), "shape"),
        (network(lambda n: n["files"].update(fp8="classifier.onnx")), "fp8"),
        (network(lambda n: n.update(files={"fp16": "classifier.onnx"})), "fp32 file is missing"),
        (network(lambda n: n["axes"].pop("T")), "must name the free axes"),
        (network(lambda n: n["axes"]["T"].update(least=500)), "not in this order"),
        (network(lambda n: n["tolerances"]["fp32"].update(parts=float("nan"))), "tolerances"),
        (network(lambda n: n["tolerances"]["fp32"].update(parts=-1)), "tolerances"),
        (network(lambda n: n["tolerances"]["fp32"].update(smell=1)), "of no output"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_not_understood_says_where(
    change: Change, message: str, folder: Path
) -> None:
    edit(folder, change)
    with pytest.raises(BundleError, match=message):
        Bundle.open(folder, TRUST)


@pytest.mark.parametrize("needed", ["0.2.0", "0.1.1", "1.0.0", "0.10.0"])
def test_what_needs_a_newer_version_says_so_whatever_else_it_holds(
    needed: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "__version__", "0.1.0")
    edit(folder, lambda m: m.update(min_software=needed, format=9, news="of the future"))
    with pytest.raises(BundleError, match=rf"needs version {needed} .* this is 0\.1\.0: update"):
        Bundle.open(folder, TRUST)


def test_what_needs_an_older_version_is_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "__version__", "0.10.0")
    edit(folder, lambda m: m.update(min_software="0.9.9"))
    assert Bundle.open(folder, TRUST)


def test_no_bundle_at_all(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none", DEFAULT_BUNDLE / "classifier.onnx"):
        with pytest.raises(BundleError, match="no model bundle"):
            Bundle.open(path, TRUST)


# ## Hostile manifests

SHIPPED = (DEFAULT_BUNDLE / "manifest.json").read_bytes()


def reads(content: bytes) -> None:
    """Check that a manifest is read or refused in one line, and nothing else happens."""
    try:
        Manifest.parse(content)
    except BundleError as error:
        assert str(error).isprintable() and len(str(error)) < 600


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000,
        b'{"format": 3, "min_software": "0.1.0", "threshold": ' + b"9" * 10_000 + b"}",
        b'{"format": ' + b"9" * 10_000 + b"}", b'{"format": 1e999}', b'{"format": NaN}',
        b'{"min_software": "' + b"9" * 100_000 + b'.0.0"}',
        b'{"format": 3, "\\ud800": 1}', b'{"format": 3, "figures": {"a": "\\udfff"}}',
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(BundleError, match="not understood"):
        Manifest.parse(content)
    reads(content)


def mutated(seed: int) -> bytes:
    """Return the shipped manifest with some bytes changed, left out or said twice."""
    chance = random.Random(seed)
    content = bytearray(SHIPPED)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content))
        to = at + chance.randrange(1, 40)
        match chance.randrange(4):
            case 0:
                content[at] = chance.randrange(256)
            case 1:
                del content[at:to]
            case 2:
                content[at:at] = content[at:to]
            case 3:
                content[at:to] = chance.choice([b"-1", b"null", b'""', b"1e400", b"[]", b"{}"])
    return bytes(content)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_manifest_is_read_or_refused(seed: int) -> None:
    reads(mutated(seed))


@pytest.mark.long
def test_many_damaged_manifests_are_read_or_refused() -> None:
    for seed in range(40, 20_000):
        reads(mutated(seed))


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
PLACES = [
    ("files",), ("files", "classifier.onnx"), ("networks",), ("networks", "classifier"),
    ("networks", "classifier", "inputs"), ("networks", "classifier", "axes", "T"),
    ("networks", "classifier", "tolerances"), ("training",), ("name",), ("min_software",),
]  # fmt: skip


@settings(max_examples=40)
@given(st.sampled_from(PLACES), WILD)
def test_anything_in_any_place_is_read_or_refused(place: tuple[str, ...], value: Any) -> None:
    manifest = json.loads(SHIPPED)
    holder = manifest
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    reads(json.dumps(manifest).encode("utf-8", "surrogatepass"))
