"""Model bundles: a folder with networks and a manifest that says what they are."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge import __version__
from edge.errors import BundleError
from edge.plain_files import hash_plain
from edge.signing import MANIFEST, SIGNATURE, Trust, verify

DEFAULT_BUNDLE: Final = Path(__file__).resolve().parents[1] / "trt_engines" / "bundles" / "squat"
"""The bundle that comes with the project."""

Precision = Literal["fp32", "fp16", "int8"]
"""How exactly a network calculates; fp32 is what was trained."""

PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)


FORMAT: Final = 3

MOST_FILES: Final = 64
MOST_BYTES: Final = 1 << 30
"""The limits of a bundle, so that a hostile one cannot fill a device; BODY_25 has 0.1 GB."""

FileName = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""The name of a file of a bundle: no path, nothing hidden, nothing that a shell would read."""

Version = Annotated[
    str, Field(pattern=r"^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$")
]
Size = Annotated[int, Field(ge=1, le=1 << 31)] | Annotated[str, Field(max_length=40)]
"""How long an axis is, or its name where it is free."""

NetworkName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")]


class _Part(BaseModel):
    """A part of the manifest; unknown keys are kept out so that a typing error is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BundleFile(_Part):
    """One file of the bundle."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(ge=1, le=MOST_BYTES)


class BundleInput(_Part):
    """One named input of a network, and how it is made.

    :param absent: what it holds where the source lacks it; None: every source has it.
    """

    name: str
    shape: list[Size]
    dtype: Literal["float32"]
    preprocessing: str
    preprocessing_version: int
    absent: float | None = None


class BundleOutput(_Part):
    """One named output of a network.

    :param classes: the meaning of its last axis, where that has names.
    """

    name: str
    shape: list[Size]
    dtype: Literal["float32"]
    classes: list[str] = Field(default_factory=list)


class FreeAxis(_Part):
    """How long a free axis may be: engines are built for this range, and fastest at ``best``.

    :param reason: why this range.
    """

    least: int = Field(ge=1)
    best: int = Field(ge=1)
    most: int = Field(ge=1, le=1 << 20)
    reason: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> FreeAxis:
        if not self.least <= self.best <= self.most:
            raise ValueError("least, best and most are not in this order")
        return self


class BundleNetwork(_Part):
    """One network of the bundle.

    :param files: its ONNX file for each precision; ``fp32`` must be there.
    :param axes: for each free axis of its inputs, by the axis's name, how long it may be.
    :param tolerances: for each precision and output, how far an engine's answers may be from the
        golden ones; see :func:`edge.golden.tolerance`.
    :param reasons: for each precision, why its tolerances are what they are.
    """

    files: dict[Precision, FileName]
    inputs: list[BundleInput]
    outputs: list[BundleOutput]
    axes: dict[str, FreeAxis] = Field(default_factory=dict)
    tolerances: dict[Precision, dict[str, Annotated[float, Field(ge=0)]]] = Field(
        default_factory=dict
    )
    reasons: dict[Precision, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> BundleNetwork:
        if "fp32" not in self.files:
            raise ValueError("the fp32 file is missing")
        free = {size for one in self.inputs for size in one.shape if isinstance(size, str)}
        if free != set(self.axes):
            raise ValueError("axes must name the free axes of the inputs, and no others")
        outputs = {one.name for one in self.outputs}
        if any(set(one) - outputs for one in self.tolerances.values()):
            raise ValueError("a tolerance is of no output")
        return self


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
    version: Version
    min_software: Version
    exercise: str = ""
    backend: str = ""
    joints: str = ""
    licence: str = ""
    files: dict[FileName, BundleFile] = Field(min_length=1, max_length=MOST_FILES)
    networks: dict[NetworkName, BundleNetwork] = Field(max_length=MOST_FILES)
    golden: FileName | None = None
    card: FileName | None = None
    threshold: float = Field(default=0.5, ge=0, le=1)
    visible_to: dict[str, float] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    figures: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> Manifest:
        if {MANIFEST, SIGNATURE} & set(self.files):
            raise ValueError("files names the manifest or its signature")
        if sum(one.bytes for one in self.files.values()) > MOST_BYTES:
            raise ValueError(f"the files have more than {MOST_BYTES} bytes in all")
        named = {name for one in self.networks.values() for name in one.files.values()}
        named |= {name for name in (self.golden, self.card) if name is not None}
        if missing := named - set(self.files):
            raise ValueError(f"files lacks {min(missing)}")
        return self

    @classmethod
    def parse(cls, content: bytes) -> Manifest:
        """Return what the bytes of a manifest say.

        :raises BundleError: it is not understood, or is made for a newer version.
        """
        try:
            needs = _Needs.model_validate_json(content)
            if _numbers(needs.min_software) > _numbers(__version__):
                raise BundleError(
                    f"the bundle needs version {needs.min_software} of this software or a newer "
                    f"one, and this is {__version__}: update it first"
                )
            if needs.format != FORMAT:
                raise BundleError(
                    f"{MANIFEST} has the format {needs.format}, and this software reads "
                    f"{FORMAT}: get a bundle that was exported for it"
                )
            return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BundleError(
                f"{MANIFEST} is not understood: {one_line(where)}: {one_line(first['msg'])}"
            ) from error


class _Needs(BaseModel):
    """What is asked of a manifest before anything else, whatever its format."""

    model_config = ConfigDict(frozen=True)

    format: int
    min_software: Version = "0.0.0"


class Bundle:
    """A bundle whose files are those that its manifest names.

        bundle = Bundle.open(DEFAULT_BUNDLE)
        network = bundle.path("classifier.onnx")

    :param folder: where the bundle lies.
    :param manifest: what it says about itself.
    :param digest: SHA-256 of the manifest, and thereby of the whole bundle.
    :param signer: whose key signed it; None: nobody trusted, which the settings allow.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, digest: str, signer: str | None = None
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.digest = digest
        self.signer = signer

    @classmethod
    def open(cls, folder: Path, trust: Trust | None = None) -> Bundle:
        """Check who signed the manifest and every file against its hash.

        Other files in the folder are never looked at.

        :param trust: whose bundles are opened; None: as the settings of this device say.
        :raises SignatureError: it is not signed by anybody trusted, or was altered.
        :raises BundleError: a file is missing or altered, or the manifest is not understood.
        """
        try:
            content, signer = verify(folder, trust or Trust.default())
        except FileNotFoundError as error:
            raise BundleError(f"there is no model bundle in {folder.name}/") from error
        manifest = Manifest.parse(content)
        check_files(folder, manifest)
        return cls(folder, manifest, hashlib.sha256(content).hexdigest(), signer)

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


def check_files(folder: Path, manifest: Manifest) -> None:
    """Check every file that a manifest names against its hash, whoever has signed it.

    :raises BundleError: a file is missing or altered.
    """
    for name, expected in manifest.files.items():
        try:
            found = hash_plain(folder / name, expected.bytes)
        except FileNotFoundError as error:
            raise BundleError(f"the bundle lacks {name}; install it again") from error
        if found != (expected.sha256, expected.bytes):
            raise BundleError(f"{name} is not the file that was shipped; install it again")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def one_line(text: str) -> str:
    """Return what a hostile manifest may have chosen, fit for one line of a log or terminal."""
    return "".join(c if c.isprintable() else "?" for c in text[:200])
