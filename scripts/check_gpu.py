"""Builds and runs the real engines on this machine's GPU; one table, and JSON."""

from __future__ import annotations

import json
import logging
import platform
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter
from typing import Final, TypedDict

import click
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from edge.bundle import DEFAULT_BUNDLE, PRECISIONS, Bundle, Precision  # noqa: E402
from edge.classifier import Classifier  # noqa: E402
from edge.errors import KioskError, RuntimeMissingError  # noqa: E402
from edge.exercises import load  # noqa: E402
from edge.golden import Case, parity, read_golden, tolerance  # noqa: E402
from edge.preprocessing import prepare  # noqa: E402
from edge.repetitions import find_repetitions, with_margin  # noqa: E402
from edge.runtime import Array, Network  # noqa: E402
from edge.runtime.engine import Device, EngineRecord, EngineRecords  # noqa: E402
from edge.runtime.onnx import OnnxNetwork  # noqa: E402
from edge.runtime.tensorrt import TensorRTNetwork, this_device  # noqa: E402
from edge.settings import Settings  # noqa: E402
from edge.track import PoseTrack  # noqa: E402
from trt_engines.build import build_engines  # noqa: E402

PHONES: Final = 16
"""Clips that are scored at once where half a class has sent one."""

EXIT_WRONG: Final = 1
EXIT_NO_GPU: Final = 2


class Timing(TypedDict):
    """Medians of one call in milliseconds."""

    tensorrt_ms: float
    onnx_ms: float


@dataclass
class Result:
    """What came of one network at one precision.

    :param worst: for each output, how far an answer was from ONNX Runtime's, at most.
    :param allowed: for each output, how far it may be.
    :param cases: how many sets of inputs were compared, by what they are.
    :param one: timing of one clip or picture.
    :param batch: timing of many at once; None where the network takes one at a time.
    :param error: why there is nothing more; empty: all was run.
    """

    bundle: str
    network: str
    precision: Precision
    bytes: int = 0
    build_seconds: float = 0.0
    worst: dict[str, float] = field(default_factory=dict)
    allowed: dict[str, float] = field(default_factory=dict)
    cases: dict[str, int] = field(default_factory=dict)
    one: Timing | None = None
    batch: Timing | None = None
    error: str = ""

    @property
    def well(self) -> bool:
        """Tell whether it runs and answers within what is allowed."""
        return not self.error and all(far <= self.allowed[n] for n, far in self.worst.items())


def demo_tracks() -> tuple[list[PoseTrack], str]:
    """Return what the default pose model sees in the demo clips, or why that is not known."""
    try:
        # Only here: a machine with a GPU may lack what decodes videos and finds joints.
        from edge.frames.camera import DEMO_CLIPS  # noqa: PLC0415
        from edge.frames.video import VideoFile  # noqa: PLC0415
        from edge.pose.blazepose import BlazePose  # noqa: PLC0415
        from edge.session import ScoringSession  # noqa: PLC0415

        tracks, model, judge = [], BlazePose(), Classifier.load()
        for name in ("good.mp4", "bad.mp4"):
            session = ScoringSession(model.open_stream(), judge)
            with VideoFile(DEMO_CLIPS / name) as video:
                session.push_all(video)
            session.finish()
            tracks.append(session.track)
    except (ImportError, KioskError) as error:
        return [], f"the demo clips are left out: {error}"
    return tracks, ""


def cases_of(bundle: Bundle, network: str, tracks: list[PoseTrack]) -> dict[str, list[Case]]:
    """Return inputs to compare with, by what they are; made-up ones only where there are none."""
    cases = {"golden": read_golden(bundle).get(network, []), "repetitions": []}
    if bundle.manifest.kind == "classifier":
        classifier, exercise = Classifier(bundle), load(bundle.manifest.exercise)
        for track in tracks:
            for repetition in find_repetitions(track, exercise):
                prepared = prepare(with_margin(track, repetition))[None]
                cases["repetitions"].append(Case(classifier.inputs(prepared), {}))
    found = {name: several for name, several in cases.items() if several}
    return found or {"made up": [Case(made_up(bundle, network), {})]}


def made_up(bundle: Bundle, network: str, many: int | None = None) -> dict[str, Array]:
    """Return random inputs of the size for which engines are fastest.

    :param many: the size of the first axis instead, where it is free.
    """
    about, random = bundle.network(network), np.random.default_rng(1)
    inputs = {}
    for one in about.inputs:
        shape = [n if isinstance(n, int) else about.axes[n].best for n in one.shape]
        if many is not None:
            shape[0] = many
        inputs[one.name] = random.uniform(-1, 1, shape).astype(one.dtype)
    return inputs


def phones(bundle: Bundle, network: str) -> int | None:
    """Return how many at once a network can be given; None: one at a time."""
    about = bundle.network(network)
    first = about.inputs[0].shape[0]
    if isinstance(first, int) or about.axes[first].most < 2:
        return None
    return min(PHONES, about.axes[first].most)


def timing(engine: Network, onnx: Network, inputs: dict[str, Array], seconds: float) -> Timing:
    """Return the medians of both, each asked for so many seconds."""
    return Timing(
        tensorrt_ms=median_ms(engine, inputs, seconds), onnx_ms=median_ms(onnx, inputs, seconds)
    )


def median_ms(network: Network, inputs: dict[str, Array], seconds: float) -> float:
    """Return the median of a call in milliseconds, after a few calls to warm up."""
    for _ in range(3):
        network.run(inputs)
    took: list[float] = []
    end = perf_counter() + seconds
    while len(took) < 5 or perf_counter() < end:
        began = perf_counter()
        network.run(inputs)
        took.append(1000 * (perf_counter() - began))
    return statistics.median(took)


class Check:
    """The check of one machine.

    :param folder: where the engines are built.
    :param seconds: how long each network is timed.
    :param threads: processor threads of ONNX Runtime.
    """

    def __init__(self, folder: Path, tracks: list[PoseTrack], seconds: float, threads: int) -> None:
        self._folder = folder
        self._tracks = tracks
        self._seconds = seconds
        self._threads = threads

    def bundle(self, bundle: Bundle) -> Iterator[Result]:
        """Check every network of a bundle at every precision that all of them have."""
        networks = bundle.manifest.networks
        for precision in PRECISIONS:
            if not all(precision in one.files for one in networks.values()):
                continue
            folder = self._folder / f"{bundle.manifest.name}-{precision}"
            try:
                records = build_engines(
                    bundle, folder, precision=precision, cache=self._folder / "timing.cache"
                )
            except RuntimeMissingError:
                raise
            except KioskError as error:
                for name in networks:
                    yield Result(bundle.label, name, precision, error=str(error))
                continue
            for record in records:
                yield self._network(bundle, folder, record)

    def _network(self, bundle: Bundle, folder: Path, record: EngineRecord) -> Result:
        name, precision = record.network, record.precision
        result = Result(
            bundle.label, name, precision, bytes=record.bytes, build_seconds=record.seconds
        )
        onnx = OnnxNetwork(bundle.network_path(name), threads=self._threads)
        try:
            # As the kiosk does it: from the record, for exactly this device.
            plan = EngineRecords.read(folder).plan(folder, bundle, name, this_device())
            engine = TensorRTNetwork(plan, precision=precision)
            try:
                self._compare(bundle, result, engine, onnx)
                result.one = timing(engine, onnx, made_up(bundle, name), self._seconds)
                many = phones(bundle, name)
                if many is not None:
                    inputs = made_up(bundle, name, many)
                    result.batch = timing(engine, onnx, inputs, self._seconds)
            finally:
                engine.close()
        except KioskError as error:
            result.error = str(error)
        return result

    def _compare(self, bundle: Bundle, result: Result, engine: Network, onnx: Network) -> None:
        name, precision = result.network, result.precision
        for kind, cases in cases_of(bundle, name, self._tracks).items():
            expected = [Case(case.inputs, onnx.run(case.inputs), case.name) for case in cases]
            result.cases[kind] = len(expected)
            for output, far in parity(engine, expected).items():
                result.worst[output] = max(far, result.worst.get(output, 0.0))
                result.allowed[output] = tolerance(bundle, name, precision, output)


def table(results: list[Result]) -> str:
    """Return the results as one Markdown table."""
    lines = [
        "| bundle | network | precision | engine | built in | compared | worst of what is allowed "
        "| one: TensorRT, ONNX Runtime | many: TensorRT, ONNX Runtime | |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in results:
        worst = [f"{name} {far:.1e} of {one.allowed[name]:.0e}" for name, far in one.worst.items()]
        compared = [f"{many} {kind}" for kind, many in one.cases.items()]
        cells = [
            one.bundle, one.network, one.precision, f"{one.bytes / 1e6:.1f} MB",
            f"{one.build_seconds:.1f} s", ", ".join(compared), "; ".join(worst),
            milliseconds(one.one), milliseconds(one.batch),
            "ok" if one.well else f"**{one.error or 'WRONG'}**",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)


def milliseconds(one: Timing | None) -> str:
    """Return the medians as they stand in the table."""
    return "-" if one is None else f"{one['tensorrt_ms']:.2f}, {one['onnx_ms']:.2f} ms"


def installed_pose_bundles(data: Path) -> list[Path]:
    """Return the pose bundles that are live on this device."""
    return [
        folder
        for name in ("blazepose", "openpose")
        if (folder := data / "engines" / name / "live" / "bundle").is_dir()
    ]


@click.command()
@click.option(
    "--bundle",
    "bundles",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of a bundle; may be given several times "
    "[default: the shipped one and the installed pose bundles].",
)
@click.option(
    "--json", "target", type=click.Path(path_type=Path, dir_okay=False), help="Where to write JSON."
)
@click.option(
    "--seconds", default=2.0, show_default=True, type=click.FloatRange(0.01, 600),
    help="How long each call is timed.",
)  # fmt: skip
@click.option(
    "--threads", default=2, show_default=True, type=click.IntRange(1, 64),
    help="Threads of ONNX Runtime.",
)  # fmt: skip
@click.option("--demo/--no-demo", default=True, help="Compare on the demo clips as well.")
def main(
    bundles: tuple[Path, ...], target: Path | None, seconds: float, threads: int, demo: bool
) -> None:
    """Build and run the engines on this machine's GPU, and compare them with ONNX Runtime."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    try:
        device = this_device()
        print(heading(device), flush=True)
        folders = bundles or (DEFAULT_BUNDLE, *installed_pose_bundles(Settings().data_dir))
        opened = [Bundle.open(folder) for folder in folders]
        tracks, left_out = demo_tracks() if demo else ([], "the demo clips are left out: --no-demo")
        with tempfile.TemporaryDirectory() as folder:
            check = Check(Path(folder), tracks, seconds, threads)
            results = [result for bundle in opened for result in check.bundle(bundle)]
    except RuntimeMissingError as error:
        print(f"There is no GPU to check: {error}", file=sys.stderr)
        sys.exit(EXIT_NO_GPU)
    except KioskError as error:
        print(f"This cannot be checked: {error}", file=sys.stderr)
        sys.exit(EXIT_WRONG)
    print("\n".join(filter(None, ("", table(results), "", left_out))))
    if target is not None:
        content = {
            "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "machine": platform.platform(),
            "device": device.model_dump(),
            "onnxruntime": OnnxNetwork.runtime,
            "threads": threads,
            "many": PHONES,
            "results": [asdict(one) | {"well": one.well} for one in results],
        }
        target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.exit(0 if all(one.well for one in results) else EXIT_WRONG)


def heading(device: Device) -> str:
    """Return the line above the table: on what this was run."""
    parts = [device.gpu, f"compute capability {device.capability}", f"TensorRT {device.tensorrt}"]
    if device.jetpack:
        parts.append(f"L4T {device.jetpack}")
    parts += [OnnxNetwork.runtime, f"Python {platform.python_version()}", platform.machine()]
    return ", ".join(parts)


if __name__ == "__main__":
    main(prog_name="scripts/check_gpu")
