"""Model bundles: a folder with networks and a manifest that says what they are."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import BundleError

MANIFEST: Final = "manifest.json"
DEFAULT_BUNDLE: Final = Path(__file__).resolve().parents[1] / "trt_engines" / "bundles" / "squat"
"""The bundle that comes with the project."""

Precision = Literal["fp32", "fp16", "int8"]
"""How exactly a network calculates; fp32 is what was trained."""

PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)


class _Part(BaseModel):
    """A part of the manifest; unknown keys are kept out so that a typing error is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BundleFile(_Part):
    """One file of the bundle."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)


class BundleInput(_Part):
    """One named input of a network, and how it is made.

    :param absent: what it holds where the source lacks it; None: every source has it.
    """

    name: str
    shape: list[int | str]
    dtype: Literal["float32"]
    preprocessing: str
    preprocessing_version: int
    absent: float | None = None


class BundleOutput(_Part):
    """One named output of a network.

    :param classes: the meaning of its last axis, where that has names.
    """

    name: str
    shape: list[int | str]
    dtype: Literal["float32"]
    classes: list[str] = Field(default_factory=list)


class FreeAxis(_Part):
    """How long a free axis may be: engines are built for this range, and fastest at ``best``."""

    least: int = Field(ge=1)
    best: int = Field(ge=1)
    most: int = Field(ge=1)


class BundleNetwork(_Part):
    """One network of the bundle.

    :param files: its ONNX file for each precision; ``fp32`` must be there.
    :param axes: for each free axis of its inputs, by the axis's name, how long it may be.
    :param tolerances: for each precision and output, how far an engine's answers may be from the
        golden ones; where nothing is said, ``fp32``'s count, else 1e-4.
    """

    files: dict[Precision, str]
    inputs: list[BundleInput]
    outputs: list[BundleOutput]
    axes: dict[str, FreeAxis] = Field(default_factory=dict)
    tolerances: dict[Precision, dict[str, float]] = Field(default_factory=dict)


class Manifest(_Part):
    """What ``manifest.json`` says; see docs/bundle.md for each key.

    :param kind: ``classifier`` judges repetitions, ``pose`` finds joints.
    :param name: the slots that it goes into are called so.
    :param exercise: what a classifier judges.
    :param backend: which pose backend runs a pose bundle, such as ``blazepose`` or ``openpose``.
    :param joints: the order of the joints that a pose bundle's network answers.
    :param min_software: the oldest version of this software that can run it.
    :param golden: the file with inputs and the answers that are expected; see ``edge/golden.py``.
    :param card: the model card.
    :param visible_to: by how many degrees somebody may be turned for each part to be judged.
    """

    format: Literal[3]
    kind: Literal["classifier", "pose"]
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    min_software: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    exercise: str = ""
    backend: str = ""
    joints: str = ""
    licence: str = ""
    files: dict[str, BundleFile]
    networks: dict[str, BundleNetwork]
    golden: str | None = None
    card: str | None = None
    threshold: float = Field(default=0.5, ge=0, le=1)
    visible_to: dict[str, float] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    figures: dict[str, Any] = Field(default_factory=dict)


class Bundle:
    """A bundle whose files are those that its manifest names.

        bundle = Bundle.open(DEFAULT_BUNDLE)
        network = bundle.path("classifier.onnx")

    :param folder: where the bundle lies.
    :param manifest: what it says about itself.
    :param digest: SHA-256 of the manifest, and thereby of the whole bundle.
    """

    def __init__(self, folder: Path, manifest: Manifest, digest: str) -> None:
        self.folder = folder
        self.manifest = manifest
        self.digest = digest

    @classmethod
    def open(cls, folder: Path) -> Bundle:
        """Read the manifest and check every file against its hash.

        :raises BundleError: a file is missing or altered, or the manifest is not understood.
        """
        path = folder / MANIFEST
        try:
            content = path.read_bytes()
            manifest = Manifest.model_validate_json(content)
        except FileNotFoundError as error:
            raise BundleError(f"there is no model bundle in {folder.name}/") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BundleError(f"{MANIFEST} is not understood: {where}: {first['msg']}") from error
        for name, expected in manifest.files.items():
            file = folder / name
            # A name with a path in it could reach outside the bundle.
            if Path(name).name != name or not file.is_file():
                raise BundleError(f"the bundle lacks {name}; install it again")
            if hashlib.sha256(file.read_bytes()).hexdigest() != expected.sha256:
                raise BundleError(f"{name} is not the file that was shipped; install it again")
        return cls(folder, manifest, hashlib.sha256(content).hexdigest())

    @property
    def label(self) -> str:
        """Return name and version, as reports show them."""
        return f"{self.manifest.name} {self.manifest.version}"

    def path(self, name: str) -> Path:
        """Return where a file of the bundle lies."""
        if name not in self.manifest.files:
            raise BundleError(f"{name} is not in the manifest")
        return self.folder / name

    def network(self, name: str) -> BundleNetwork:
        """Return what the manifest says of a network."""
        try:
            return self.manifest.networks[name]
        except KeyError as error:
            raise BundleError(f"the bundle {self.label} has no network {name}") from error

    def network_path(self, name: str, precision: Precision = "fp32") -> Path:
        """Return where a network's ONNX file for this precision lies."""
        files = self.network(name).files
        if precision not in files:
            raise BundleError(f"the bundle {self.label} has no {precision} file of {name}")
        return self.path(files[precision])
