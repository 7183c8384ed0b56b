"""Runs: work that is kept with all that it was made from, and is not done twice.

    run = Run(Path("training/runs/compare/thesis"), {"kind": "thesis", "seed": 1})
    answers = run.once(lambda: train_and_answer())

A run is known by its settings; where its folder holds the same settings and a result, the result
is read. So a command that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import numpy.typing as npt

from training.datasets.keypoints import file_sha256

Arrays = Mapping[str, npt.NDArray[Any]]

ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Run:
    """One piece of work.

    :param folder: where it is kept.
    :param settings: all that its result depends on, as plain JSON; hashes for data.
    """

    folder: Path
    settings: Mapping[str, Any]

    @property
    def path(self) -> Path:
        """Where the result is."""
        text = json.dumps(self.settings, sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.npz"

    def once(self, work: Callable[[], Arrays]) -> dict[str, npt.NDArray[Any]]:
        """Return the result: read if it is there, else made and kept."""
        if not self.path.exists():
            began, cpu = time.time(), time.process_time()
            arrays = work()
            about = {
                "settings": self.settings,
                "git": git_hash(),
                "seconds": round(time.time() - began, 1),
                "cpu_seconds": round(time.process_time() - cpu, 1),
            }
            self.folder.mkdir(parents=True, exist_ok=True)
            self.path.with_suffix(".json").write_text(json.dumps(about, indent=2), encoding="utf-8")
            part = self.path.with_suffix(".part.npz")
            np.savez(part, allow_pickle=False, **arrays)
            part.replace(self.path)
        return self.result()

    def result(self) -> dict[str, npt.NDArray[Any]]:
        """Return what was kept.

        :raises click.ClickException: the run was never done.
        """
        if not self.path.exists():
            raise click.ClickException(f"{self.folder} was not run: python -m training.compare")
        with np.load(self.path) as archive:
            return {name: archive[name] for name in archive.files}

    @property
    def about(self) -> dict[str, Any]:
        """What was written down beside the result."""
        return dict(json.loads(self.path.with_suffix(".json").read_text(encoding="utf-8")))


def git_hash() -> str:
    """Return the commit that is checked out, with a mark if files were changed since."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def file_hash(path: Path) -> str:
    """Return the first 16 digits of a file's SHA-256."""
    return file_sha256(path)[:16]


def weights_as_arrays(weights: list[npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Return a network's weights under names that keep their order."""
    return {f"weight_{number:03d}": value for number, value in enumerate(weights)}


def weights_from_arrays(arrays: Arrays) -> list[npt.NDArray[Any]]:
    """Return what :func:`weights_as_arrays` was given."""
    return [arrays[name] for name in sorted(arrays) if name.startswith("weight_")]
