"""The checkout's copy, beside earlier ones, and the environment that belongs to it."""

from __future__ import annotations

import functools
import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from installing.box import CHECKOUT, PREFIX, Box, InstallError
from installing.steps import Step

RELEASES: Final = PREFIX / "releases"
CURRENT: Final = PREFIX / "current"
"""Points to the release that runs."""

COPIED: Final = (
    "edge", "kiosk_ui", "trt_engines", "scripts", "systemd", "docs",
    "README.md", "CHANGELOG.md", "pyproject.toml",
)  # fmt: skip
"""Of the checkout; ``training`` and ``tests`` have nothing to do on a wall."""

LEFT_OUT: Final = ("__pycache__", ".mypy_cache", ".ruff_cache", "build", "var")
KEPT: Final = 2
"""Releases that stay on the disk: the one that runs, and the one before."""


def files(checkout: Path) -> Iterator[Path]:
    """Give what is copied, by its path in the checkout, in a fixed order."""
    for name in COPIED:
        top = checkout / name
        for path in sorted([top] if top.is_file() else top.rglob("*")):
            inside = path.relative_to(checkout)
            if path.is_file() and not set(inside.parts) & set(LEFT_OUT):
                yield inside


def release_name(checkout: Path) -> str:
    """Return a name that differs as soon as one byte does, such as ``0.1.0-3f2a91c07b5e``."""
    digest = hashlib.sha256()
    for path in files(checkout):
        content = (checkout / path).read_bytes()
        runs = bool((checkout / path).stat().st_mode & 0o100)
        digest.update(f"{path}\0{len(content)}\0{runs}\0".encode() + content)
    found = re.search(r'^version = "([^"]+)"', (checkout / "pyproject.toml").read_text(), re.M)
    return f"{found[1] if found else 'unknown'}-{digest.hexdigest()[:12]}"


@functools.cache
def this_release() -> str:
    """Return the name of what is installed now: one for all steps, also where somebody works in
    the checkout meanwhile.
    """
    return release_name(CHECKOUT)


class Release(Step):
    """The program, at a fixed place, owned by root."""

    title = "program"

    @property
    def folder(self) -> Path:
        """Where this version goes."""
        return RELEASES / this_release()

    def plan(self, box: Box) -> list[str]:
        """Return whether it has to be copied."""
        return [] if box.path(self.folder).is_dir() else [f"copy it to {self.folder}"]

    def do(self, box: Box) -> None:
        """Copy it; a copy that is not whole has another name."""
        target = box.path(self.folder)
        partial = target.with_name(target.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        for path in files(CHECKOUT):
            (partial / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / path, partial / path)
        for path in [partial, *partial.rglob("*")]:
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
        if release_name(partial) != target.name:
            raise InstallError("the checkout was changed while it was copied: run this again")
        partial.rename(target)

    def leftovers(self, box: Box) -> list[str]:
        """Return whether there is any version."""
        return [f"remove {RELEASES}"] if box.path(RELEASES).exists() else []

    def undo(self, box: Box) -> None:
        """Remove all versions."""
        box.remove(RELEASES)


class Environment(Release):
    """Its Python packages, from the lock, with hashes; on a Jetson with the system's TensorRT."""

    title = "environment"

    def plan(self, box: Box) -> list[str]:
        """Return whether it has to be made, or lacks what JetPack has brought meanwhile."""
        folder = self.folder / ".venv"
        if not box.path(folder / "installed").is_file():
            return ["install the locked Python packages and the pose networks"]
        cuda = box.jetson and box.path("/usr/local/cuda/include/cuda.h").is_file()
        lacks = cuda and not box.path(folder / "stamp-jetson").is_file()
        return ["build pycuda against JetPack's CUDA"] if lacks else []

    def do(self, box: Box) -> None:
        """Make it where it will be used: an environment cannot be moved."""
        python = box.python()
        if python is None:
            raise InstallError("the system's Python is gone")
        box.run(python, str(self.folder / "scripts" / "environment.py"), "device")
        # Nobody but root may write there: what is not compiled now never will be.
        inside = [str(self.folder / name) for name in ("edge", "kiosk_ui", "trt_engines")]
        box.run(str(self.folder / ".venv/bin/python"), "-m", "compileall", "-q", *inside)
        box.write(self.folder / ".venv" / "installed", "")

    def leftovers(self, box: Box) -> list[str]:
        """Return nothing: it goes with its release."""
        return []


class Current(Release):
    """Which version runs."""

    title = "current version"

    def plan(self, box: Box) -> list[str]:
        """Return whether another one, or none, is current."""
        link = box.path(CURRENT)
        now = link.readlink() if link.is_symlink() else None
        return [] if now == self.folder else [f"make {self.folder.name} the current version"]

    def do(self, box: Box) -> None:
        """Switch to it, in one step."""
        link = box.path(CURRENT)
        before = box.before = link.readlink().name if link.is_symlink() else None
        point_to(box, self.folder)
        box.restart = True
        others = sorted(
            (path for path in box.path(RELEASES).iterdir() if path.name != self.folder.name),
            key=lambda path: (path.name == before, path.stat().st_mtime),
            reverse=True,
        )
        for old in others[KEPT - 1 :]:
            shutil.rmtree(old)

    def leftovers(self, box: Box) -> list[str]:
        """Return whether one is current."""
        return [f"remove {CURRENT}"] if box.path(CURRENT).is_symlink() else []

    def undo(self, box: Box) -> None:
        """Make none current."""
        box.remove(CURRENT)


def point_to(box: Box, folder: Path) -> None:
    """Make a release the current one, in one step."""
    link = box.path(CURRENT)
    partial = link.with_name("current.partial")
    partial.unlink(missing_ok=True)
    partial.symlink_to(folder)
    partial.replace(link)
