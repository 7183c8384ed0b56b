"""Golden cases: inputs of a bundle's networks with the answers that are expected of them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from zipfile import BadZipFile, ZipFile

import numpy as np

from edge.bundle import Bundle, BundleInput, BundleOutput, Precision
from edge.errors import BundleError, NetworkError
from edge.plain_files import open_plain
from edge.runtime import Array, Network

MOST_ARRAYS: Final = 4096
MOST_BYTES: Final = 1 << 28
"""The limits of a golden file once it is unpacked, so that a hostile one cannot fill a device."""

TOLERANCE: Final = 1e-4
"""How far an answer may be off where the bundle says nothing: what fp32 on another device costs."""


@dataclass(frozen=True, slots=True)
class Case:
    """One set of inputs with the answers that are expected.

    :param inputs: by name.
    :param outputs: by name.
    :param name: what it shows, such as ``good-1`` or ``headless``.
    """

    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]
    name: str = ""


def write_golden(path: Path, cases: Mapping[str, Sequence[Case]]) -> None:
    """Write cases of networks into one file; the same cases give the same bytes.

        write_golden(folder / "golden.npz", {"classifier": [Case(inputs, outputs, "good-1")]})

    :param cases: by the network's name; a case without a name is called by its number.
    """
    arrays: dict[str, Array] = {}
    for network, several in cases.items():
        for number, case in enumerate(several):
            name = f"{network}/{case.name or f'{number:03d}'}"
            arrays |= {f"{name}/in/{key}": value for key, value in case.inputs.items()}
            arrays |= {f"{name}/out/{key}": value for key, value in case.outputs.items()}
    if len(arrays) != sum(len(c.inputs) + len(c.outputs) for s in cases.values() for c in s):
        raise ValueError("two cases of one network have the same name")
    np.savez_compressed(path, allow_pickle=False, **arrays)


def read_golden(bundle: Bundle) -> dict[str, list[Case]]:
    """Return the cases of each network of a bundle; of none where it has no golden file.

        cases = read_golden(bundle)["classifier"]

    :raises BundleError: the file is damaged, or does not fit the manifest.
    """
    name = bundle.manifest.golden
    if name is None:
        return {}
    with open_plain(bundle.path(name), bundle.manifest.files[name].bytes) as file:
        found = _read(file, name)
    for network, cases in found.items():
        about = bundle.network(network)
        for case in cases:
            free: dict[str, int] = {}
            _check(case, "inputs", case.inputs, about.inputs, free)
            _check(case, "outputs", case.outputs, about.outputs, free)
            for axis, size in free.items():
                limits = about.axes.get(axis)
                if limits and not limits.least <= size <= limits.most:
                    raise BundleError(f"the golden case {case.name} has an {axis} of {size}")
    return found


def parity(network: Network, cases: Sequence[Case]) -> dict[str, float]:
    """Return how far each output of a network is from what is expected, at most.

        worst = parity(network, read_golden(bundle)["classifier"])
        ok = all(far <= tolerance(bundle, "classifier", "fp16", name)
                 for name, far in worst.items())

    An answer that is no number is infinitely far.

    :raises NetworkError: the network failed, or answers in another shape.
    """
    worst: dict[str, float] = {}
    for case in cases:
        answers = network.run(case.inputs)
        for name, expected in case.outputs.items():
            answer = answers.get(name)
            if answer is None or answer.shape != expected.shape:
                shape = None if answer is None else answer.shape
                raise NetworkError(f"{name} has the shape {shape}, expected is {expected.shape}")
            # An answer of 3e38 is far, but no reason to warn.
            far = np.abs(answer.astype(np.float64) - expected.astype(np.float64)).max(initial=0.0)
            worst[name] = max(worst.get(name, 0.0), float(far) if np.isfinite(far) else np.inf)
    return worst


def tolerance(bundle: Bundle, network: str, precision: Precision, output: str) -> float:
    """Return how far an output may be from what is expected.

    Where the bundle says nothing of this precision, what it says of ``fp32`` counts, else
    :data:`TOLERANCE`.
    """
    said = bundle.network(network).tolerances
    fallback = said.get("fp32", {}).get(output, TOLERANCE)
    return said.get(precision, {}).get(output, fallback)


def _read(file: BinaryIO, name: str) -> dict[str, list[Case]]:
    try:
        with ZipFile(file) as archive:
            members = archive.infolist()
        if len(members) > MOST_ARRAYS or sum(one.file_size for one in members) > MOST_BYTES:
            raise BundleError(f"{name} is too large once it is unpacked")
        file.seek(0)
        found: dict[tuple[str, str], tuple[dict[str, Array], dict[str, Array]]] = {}
        with np.load(file, allow_pickle=False) as arrays:
            for key in arrays.files:
                network, case, way, tensor = key.split("/", 3)
                both = found.setdefault((network, case), ({}, {}))
                both[("in", "out").index(way)][tensor] = arrays[key]
    except BundleError:
        raise
    except (
        OSError, ValueError, TypeError, KeyError, EOFError, MemoryError, OverflowError,
        NotImplementedError, RuntimeError, BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        raise BundleError(f"{name} holds no golden cases") from error
    cases: dict[str, list[Case]] = {}
    for (network, case), (inputs, outputs) in found.items():
        cases.setdefault(network, []).append(Case(inputs, outputs, case))
    return cases


def _check(
    case: Case,
    which: str,
    arrays: Mapping[str, Array],
    about: Sequence[BundleInput | BundleOutput],
    free: dict[str, int],
) -> None:
    """Check a case against the manifest, and note the sizes of the free axes."""
    if set(arrays) != {one.name for one in about}:
        raise BundleError(f"the golden case {case.name} has other {which} than the manifest names")
    for one in about:
        array = arrays[one.name]
        fits = array.dtype == one.dtype and array.ndim == len(one.shape)
        for size, wanted in zip(array.shape, one.shape, strict=False):
            expected = free.setdefault(wanted, size) if isinstance(wanted, str) else wanted
            fits = fits and size == expected
        if not fits:
            raise BundleError(f"the golden case {case.name} has {one.name} in another shape")
        if not np.isfinite(array).all():
            raise BundleError(f"the golden case {case.name} has {one.name} with no numbers in it")
