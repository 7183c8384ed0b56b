"""What is known of a TensorRT engine: for which device, from which bundle, with which hash."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.bundle import Bundle, Precision
from edge.errors import EngineError

RECORDS: Final = "engines.json"
"""The file beside the engines that says what they are."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Device(_Part):
    """All of a device that an engine depends on; an engine of another one is never loaded.

    :param tensorrt: its version, with ``RTX`` before it where it is TensorRT-RTX.
    :param gpu: the GPU's name.
    :param capability: the GPU's compute capability, such as ``8.7``.
    :param jetpack: the release of JetPack's L4T, such as ``R36.4.0``; empty off a Jetson.
    """

    tensorrt: str
    gpu: str
    capability: str
    jetpack: str = ""


class EngineRecord(_Part):
    """One engine that this device has built.

    :param bundle: the digest of the bundle, :attr:`edge.bundle.Bundle.digest`.
    :param network: its name in the bundle.
    :param file: the engine's file beside the record.
    :param sha256: of that file.
    :param seconds: how long building it took.
    """

    bundle: str
    network: str
    precision: Precision
    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    bytes: int = Field(default=0, ge=0)
    device: Device
    seconds: float


class EngineRecords(_Part):
    """Everything in one folder of engines."""

    engines: list[EngineRecord] = Field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> EngineRecords:
        """Return what is known of a folder's engines; none where nothing was recorded.

        :raises EngineError: the record is damaged.
        """
        try:
            return cls.model_validate_json((folder / RECORDS).read_bytes())
        except FileNotFoundError:
            return cls()
        except (ValidationError, OSError) as error:
            raise EngineError(f"{RECORDS} is damaged: build the engines again") from error

    def of(self, network: str) -> EngineRecord:
        """Return what is known of a network's engine.

        :raises EngineError: there is none.
        """
        for record in self.engines:
            if record.network == network:
                return record
        raise EngineError(f"no engine was built of {network}")

    def plan(self, folder: Path, bundle: Bundle, network: str, device: Device) -> bytes:
        """Return an engine's bytes once all that it depends on is as it was.

        Engines are executable: only what this device built and recorded comes through here.

        :raises EngineError: there is no such engine, or it must be built again; says why.
        """
        record = self.of(network)
        if record.bundle != bundle.digest:
            raise EngineError(f"the engine of {network} was built from another bundle")
        for name, was in record.device.model_dump().items():
            now = getattr(device, name)
            if was != now:
                raise EngineError(
                    f"the engine of {network} was built for {name} {was or 'none'}, "
                    f"this is {now or 'none'}: build it again"
                )
        path = folder / record.file
        if path.name != record.file or not path.is_file():
            raise EngineError(f"the engine {record.file} is missing: build it again")
        plan = path.read_bytes()
        if hashlib.sha256(plan).hexdigest() != record.sha256:
            raise EngineError(
                f"{record.file} is not the engine that was built here: build it again"
            )
        return plan
