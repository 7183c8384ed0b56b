"""Records which calls each version of TensorRT has, for the stand-in that the tests run on.

    python scripts/trials/tensorrt_api.py

Downloads NVIDIA's Python bindings alone (the libraries behind them are not in the registry), puts
empty libraries in their place so that the bindings can be imported, and writes the names and call
signatures that are then seen to tests/data/tensorrt_api.json. Needs Python 3.11, pip and gcc, on
x86-64. TensorRT-RTX is taken from this environment, libraries and all.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
TARGET: Final = ROOT / "tests" / "data" / "tensorrt_api.json"

BINDINGS: Final = {
    "8.6": "tensorrt-bindings==8.6.1",
    "10.3": "tensorrt-cu12-bindings==10.3.0",
    "10.13": "tensorrt-cu13-bindings==10.13.3.9",
    "10.16": "tensorrt-cu13-bindings==10.16.1.11",
    "11.4": "tensorrt-cu13-bindings==11.4.0.106",
}
"""JetPack 5 has 8.5, whose bindings are in no registry; JetPack 6 10.3, 7.1 10.13, 7.2 10.16."""

LIBRARIES: Final = ("libnvinfer", "libnvinfer_plugin", "libnvonnxparser", "libnvparsers")
SYMBOLS: Final = """
createInferBuilder_INTERNAL createInferRefitter_INTERNAL createInferRuntime_INTERNAL
createNvOnnxParser_INTERNAL createNvOnnxParserRefitter_INTERNAL getBuilderPluginRegistry
getNvOnnxParserVersion getPluginRegistry initLibNvInferPlugins
_ZN11nvuffparser15createUffParserEv _ZN11nvuffparser8FieldMapC1EPKcPKvNS_9FieldTypeEi
_ZN14nvcaffeparser117createCaffeParserEv _ZN14nvcaffeparser123shutdownProtobufLibraryEv
"""
"""Everything that any of the bindings takes from NVIDIA's libraries."""

LEFT_OUT: Final = re.compile(r"Layer|Plugin|^_|^(os|sys|ctypes|warnings|attr|value)$|_libs$")
"""We neither build networks layer by layer nor write plugins."""

Seen = dict[str, dict[str, str]]
"""For each class, and for "" the module itself: each member with its signature or value."""


def main() -> None:
    """Record all versions."""
    if sys.argv[1:2] == ["--seen"]:
        print(json.dumps(look(sys.argv[2])))
        return
    versions: dict[str, str] = {}
    api: dict[str, dict[str, dict[str, list[str]]]] = {}
    with tempfile.TemporaryDirectory() as name:
        empty = empty_libraries(Path(name) / "empty")
        for version, wheel in BINDINGS.items():
            folder = unpacked(wheel, Path(name) / version)
            environment = {"LD_LIBRARY_PATH": str(empty), "PYTHONPATH": str(folder)}
            add(api, versions, version, seen_by_a_child("tensorrt_bindings", environment))
    add(api, versions, "rtx", seen_by_a_child("tensorrt_rtx", {}))
    compact = {
        part: {
            member: {" ".join(where): said for said, where in ways.items()}
            for member, ways in sorted(members.items())
        }
        for part, members in sorted(api.items())
    }
    text = json.dumps({"versions": versions, "api": compact}, indent=1, ensure_ascii=False)
    TARGET.write_text(text + "\n", encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(compact) - 1} classes, {versions}")


def add(
    api: dict[str, dict[str, dict[str, list[str]]]],
    versions: dict[str, str],
    version: str,
    seen: Seen,
) -> None:
    """Add what one version has to what is known of the others."""
    versions[version] = seen[""].pop("__version__")
    for part, members in seen.items():
        for member, said in members.items():
            api.setdefault(part, {}).setdefault(member, {}).setdefault(said, []).append(version)


def empty_libraries(folder: Path) -> Path:
    """Make libraries that have every symbol needed and do nothing."""
    folder.mkdir()
    source = folder / "empty.c"
    source.write_text("".join(f"void *{s}(void) {{ return 0; }}\n" for s in SYMBOLS.split()))
    for library in LIBRARIES:
        for major in (8, 10, 11):
            file = f"{library}.so.{major}"
            command = ["gcc", "-shared", "-fPIC", f"-Wl,-soname,{file}", "-o", str(folder / file)]
            subprocess.run([*command, str(source)], check=True)
    return folder


def unpacked(wheel: str, folder: Path) -> Path:
    """Download one wheel and unpack it."""
    folder.mkdir()
    pip = [sys.executable, "-m", "pip", "-qq", "download", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "-d", str(folder), wheel], check=True)
    (file,) = folder.glob("*.whl")
    zipfile.ZipFile(file).extractall(folder)
    return folder


def seen_by_a_child(module: str, environment: dict[str, str]) -> Seen:
    """Look in a process of its own, since a process can hold only one version."""
    command = [sys.executable, __file__, "--seen", module]
    done = subprocess.run(
        command, env=os.environ | environment, check=True, capture_output=True, text=True
    )
    seen: Seen = json.loads(done.stdout)
    return seen


def look(name: str) -> Seen:
    """Return everything public that a module has."""
    module: ModuleType = __import__(name)
    seen: Seen = {"": {"__version__": module.__version__}}
    for key, value in vars(module).items():
        if LEFT_OUT.search(key) or isinstance(value, ModuleType):
            continue
        if isinstance(value, type):
            seen[key] = members(value)
        else:
            seen[""][key] = signature(value)
    return seen


def members(part: type) -> dict[str, str]:
    """Return a class's public members, and how it is made."""
    if hasattr(part, "__members__"):
        return {key: f"= {int(value)}" for key, value in part.__members__.items()}
    found = {key: signature(getattr(part, key)) for key in dir(part) if not key.startswith("_")}
    return found | {"__init__": signature(vars(part).get("__init__"))}


def signature(value: Any) -> str:
    """Return how something is called, as pybind11 says in its first line or lines.

    Empty for what is not called, such as a property, and for a class that Python cannot make.
    """
    if isinstance(value, type):
        return "class"
    if inspect.isfunction(value):
        return str(inspect.signature(value))
    if not callable(value):
        return ""
    lines = re.findall(r"^(?:\d+\. )?\w+(\(.*\).*?)$", value.__doc__ or "", re.MULTILINE)
    return " | ".join(plain(line) for line in lines if line != "(*args, **kwargs)")


def plain(text: str) -> str:
    """Return a signature without what differs only by the version of pybind11."""
    text = re.sub(r"tensorrt\w*(\.tensorrt\w*)?\.", "", text)
    text = re.sub(r"typing\.SupportsInt( \| typing\.SupportsIndex)?", "int", text)
    text = re.sub(r"typing\.SupportsFloat( \| typing\.SupportsIndex)?", "float", text)
    text = re.sub(r"(typing|collections\.abc)\.", "", text)
    text = re.sub(r" = <[^>]*>", " = ...", text)
    return re.sub(r"self: \w+(, )?", "", text)


if __name__ == "__main__":
    main()
