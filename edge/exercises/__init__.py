"""The exercises: one folder each, found by themselves.

squat = edge.exercises.load("squat")
edge.exercises.names()   # ["push_up", "shoulder_press", "squat"]
squat.quantity("depth").unit
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from edge.errors import ExerciseError
from edge.exercise import Exercise

DEFAULT: Final = "squat"
"""The exercise where nobody says which."""


def names() -> list[str]:
    """Return the names of all exercises, sorted."""
    return sorted(module.name for module in iter_modules(__path__) if module.ispkg)


@cache
def load(name: str = DEFAULT) -> Exercise:
    """Return an exercise by the name of its folder.

    :raises ExerciseError: there is none of that name, or it does not fit together.
    """
    if name not in names():
        raise ExerciseError(f"there is no exercise {name!r}; there are {', '.join(names())}")
    exercise = getattr(import_module(f"{__name__}.{name}"), "EXERCISE", None)
    if not isinstance(exercise, Exercise) or exercise.name != name:
        raise ExerciseError(f"the folder {name} defines no EXERCISE called {name!r}")
    return exercise
