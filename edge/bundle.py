"""Model bundles: a folder with networks and a manifest that says what they are."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import BundleError

MANIFEST: Final = "manifest.json"
DEFAULT_BUNDLE: Final = Path(__file__).resolve().parents[1] / "trt_engines" / "bundles" / "squat"
"""The bundle that comes with the project."""


class _Part(BaseModel):
    """A part of the manifest; unknown keys are kept out so that a typing error is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BundleFile(_Part):
    """One file of the bundle."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)


class BundleInput(_Part):
    """One named input: which network it belongs to and how it is made from a track.

    :param absent: what it holds where the source lacks it; None: every source has it.
    """

    name: str
    file: str
    shape: list[int | str]
    dtype: Literal["float32"]
    preprocessing: str
    preprocessing_version: int
    absent: float | None = None


class BundleOutput(_Part):
    """One named output and the meaning of its last axis."""

    name: str
    shape: list[int | str]
    dtype: Literal["float32"]
    classes: list[str]


class Manifest(_Part):
    """What ``manifest.json`` says; see docs/bundle.md for each key.

    :param format: 2, or 1, which has neither ``absent`` nor ``visible_to``.
    :param visible_to: by how many degrees somebody may be turned for each part to be judged.
    """

    format: Literal[1, 2]
    name: str
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    exercise: str
    files: dict[str, BundleFile]
    inputs: list[BundleInput]
    outputs: list[BundleOutput]
    threshold: float = Field(ge=0, le=1)
    visible_to: dict[str, float] = Field(default_factory=dict)
    training: dict[str, Any]
    figures: dict[str, Any]


class Bundle:
    """A bundle whose files are those that its manifest names.

        bundle = Bundle.open(DEFAULT_BUNDLE)
        network = bundle.path("classifier.onnx")

    :param folder: where the bundle lies.
    :param manifest: what it says about itself.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def open(cls, folder: Path) -> Bundle:
        """Read the manifest and check every file against its hash.

        :raises BundleError: a file is missing or altered, or the manifest is not understood.
        """
        path = folder / MANIFEST
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
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
        return cls(folder, manifest)

    @property
    def label(self) -> str:
        """Return name and version, as reports show them."""
        return f"{self.manifest.name} {self.manifest.version}"

    def path(self, name: str) -> Path:
        """Return where a file of the bundle lies."""
        if name not in self.manifest.files:
            raise BundleError(f"{name} is not in the manifest")
        return self.folder / name
