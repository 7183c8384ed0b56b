"""Lets through only what the real bindings of a version have, called as they are called."""

from __future__ import annotations

import functools
import inspect
import json
import re
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from tests.trt_engines.standin.state import version

RECORD: Final = Path(__file__).resolve().parents[2] / "data" / "tensorrt_api.json"
SIMPLE: Final[dict[str, Any]] = {"str": str, "int": int, "bool": bool, "float": (int, float)}


@functools.cache
def api(played: str) -> dict[str, dict[str, str]]:
    """Return for each class its members and their signatures in one version."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))["api"]
    return {
        part: {
            member: said
            for member, ways in members.items()
            for where, said in ways.items()
            if played in where.split()
        }
        for part, members in record.items()
    }


@functools.cache
def signatures(said: str) -> list[inspect.Signature]:
    """Return the ways of calling something, from what pybind11 says of it."""
    found = []
    for way in said.split(" | ("):
        inside = way.strip("(").rsplit(") ->", 1)[0]
        parameters = []
        for part in re.split(r", (?![^\[]*\])", inside) if inside.strip(") ") else []:
            name, _, rest = part.partition(":")
            kind, _, default = rest.partition("=")
            parameters.append(
                inspect.Parameter(
                    name.strip(),
                    inspect.Parameter.POSITIONAL_OR_KEYWORD,
                    default=default.strip() if default else inspect.Parameter.empty,
                    annotation=kind.strip(),
                )
            )
        found.append(inspect.Signature(parameters))
    return found


def check_call(where: str, said: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raise TypeError unless the real thing can be called so."""
    for way in signatures(said):
        try:
            bound = way.bind(*args, **kwargs)
        except TypeError:
            continue
        kinds = {p.name: SIMPLE.get(p.annotation, object) for p in way.parameters.values()}
        if all(isinstance(v, kinds[n]) for n, v in bound.arguments.items()):
            return
    raise TypeError(f"{where}: incompatible function arguments {args} {kwargs}; {said}")


def members(part: str) -> dict[str, str]:
    """Return what a class has in the version that is played; empty: there is no such class."""
    return api(version()).get(part, {})


def lacks(part: str, name: str) -> AttributeError:
    """Return the error of something that this version does not have."""
    what = f"{part}.{name}" if part else name
    return AttributeError(f"TensorRT {version()} has no {what}")


class Recorded:
    """A class of the stand-in, with what the real class of the same name has."""

    def __init__(self, *_args: Any) -> None:
        return

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        part = part_of(type(self))
        has = members(part)
        if name not in has:
            mine = name in vars(type(self)) or name in object.__getattribute__(self, "__dict__")
            if mine and type(self).__name__ != part:
                return object.__getattribute__(self, name)  # a subclass's own, as of a logger
            raise lacks(part, name)
        value = object.__getattribute__(self, name)
        users = type(self).__name__ != part and name in vars(type(self))
        if not callable(value) or not has[name] or users:
            return value

        @functools.wraps(value)
        def checked(*args: Any, **kwargs: Any) -> Any:
            check_call(f"{part}.{name}", has[name], args, kwargs)
            return value(*args, **kwargs)

        return checked

    def __getattr__(self, name: str) -> Any:
        if name in members(part_of(type(self))):
            raise NotImplementedError(f"the stand-in does not play {type(self).__name__}.{name}")
        raise lacks(type(self).__name__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        part = part_of(type(self))
        subclass = type(self).__name__ != part
        if not name.startswith("_") and name not in members(part) and not subclass:
            raise lacks(part, name)
        object.__setattr__(self, name, value)


def part_of(kind: type) -> str:
    """Return the recorded class that a class is, or comes from."""
    for one in kind.__mro__:
        if Recorded in one.__bases__:
            return one.__name__
    raise TypeError(f"{kind.__name__} plays nothing")


def enumeration(name: str) -> type[IntEnum]:
    """Return an enumeration with the members and values of the version that is played."""
    values = {key: int(said[2:]) for key, said in members(name).items() if said.startswith("= ")}
    return IntEnum(name, values)  # type: ignore[return-value]
