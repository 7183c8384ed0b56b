"""The plain pipeline: everything one after another, as it is written down first.

Decode all frames; find the joints in each; preprocess and ask the classifier by Keras ``predict``;
draw and encode the replay. The same networks, threads and pictures as ours, and the encoder's
settings that this software had before it was measured.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from time import perf_counter

import av
import cv2
import numpy as np

from benchmarking.runs import Run, Timed, processor_time
from edge.classifier import Classifier
from edge.errors import FeatureError
from edge.frames import Frame
from edge.frames.video import VideoFile
from edge.joints import BONES, INDEX
from edge.pose.blazepose import BlazePose
from edge.pose.blazepose_nets import default_weights
from edge.preprocessing import prepare
from edge.repetitions import find_repetitions, with_margin
from edge.runtime.litert import LiteRtNetwork
from edge.track import Pose, PoseTrack

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-training" / "bin" / "python"

Predict = Callable[[dict[str, np.ndarray]], float]
"""Returns the score of one repetition's features."""


class Keras:
    """The Keras model in a process of the training's environment, loaded once.

        keras = Keras(Path("training/runs/squat/classifier.keras"), Path("/tmp/x"))
        keras.predict(classifier.inputs(prepare(part)[None]))

    :param model: the .keras file.
    :param scratch: a folder through which features are handed over.
    """

    def __init__(self, model: Path, scratch: Path) -> None:
        self._file = scratch / "features.npz"
        self._process = subprocess.Popen(
            [str(PYTHON), str(Path(__file__).with_name("keras_child.py")), str(model)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._answer()

    def predict(self, features: dict[str, np.ndarray]) -> float:
        """Return the score of one repetition."""
        with self._file.open("wb") as file:
            np.savez(file, allow_pickle=False, **features)
        if self._process.stdin is not None:
            self._process.stdin.write(f"{self._file}\n")
            self._process.stdin.flush()
        return float(self._answer()["score"])

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)

    def _answer(self) -> dict[str, float]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("the Keras model cannot be loaded in .venv-training")
        return dict(json.loads(line))


class Plain:
    """The plain pipeline, its networks loaded.

        run = Plain(classifier, keras.predict).run(clip, folder)

    :param classifier: for the features.
    :param predict: what scores them; None: ONNX Runtime, as we do.
    """

    def __init__(self, classifier: Classifier, predict: Predict | None = None) -> None:
        folder = default_weights()
        # As published: every output is computed, the body's outline as well.
        networks = [
            LiteRtNetwork(folder / f"{name}.tflite")
            for name in ("pose_detection", "pose_landmark_full")
        ]
        self._pose = BlazePose(networks=(networks[0], networks[1]))
        self._classifier = classifier
        self._predict = predict or (lambda features: float(classifier.scores(features)[0]))

    def run(self, clip: Path, folder: Path) -> Run:
        """Bring one clip through, with its replay in ``folder``."""
        ticks, before = [perf_counter()], processor_time()
        with VideoFile(clip) as video:
            frames = list(video)
        ticks.append(perf_counter())
        stream = Timed(self._pose.open_stream())
        seen = [(frame.time, people[0]) for frame in frames if (people := stream.estimate(frame))]
        ticks.append(perf_counter())
        score = self._score(PoseTrack.from_poses(seen))
        ticks.append(perf_counter())
        write_replay(frames, dict(seen), folder / "plain.mp4")
        ticks.append(perf_counter())
        names = ("decoding", "pose", "judging", "replay")
        stages = dict(zip(names, np.diff(ticks).tolist(), strict=True))
        return Run(
            clip.name, frames[-1].time, len(frames), stream.took,
            ticks[3] - ticks[0], ticks[4] - ticks[0], processor_time() - before, score, stages,
        )  # fmt: skip

    def _score(self, track: PoseTrack) -> float | None:
        try:
            parts = [with_margin(track, one) for one in find_repetitions(track)]
            inputs = [self._classifier.inputs(prepare(part)[None]) for part in parts]
        except FeatureError:
            return None
        scores = [self._predict(one) for one in inputs]
        return float(np.mean(scores)) if scores else None


def write_replay(frames: list[Frame], seen: dict[float, Pose], path: Path) -> None:
    """Draw the skeleton into every frame and encode them."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.height, stream.width = frames[0].picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 90_000)
        stream.options = {"preset": "veryfast", "crf": "23", "g": "30"}
        for frame in frames:
            picture = frame.picture.copy()
            if frame.time in seen:
                draw(picture, seen[frame.time])
            encoded = av.VideoFrame.from_ndarray(picture, format="bgr24")
            encoded.pts, encoded.time_base = round(frame.time * 90_000), stream.time_base
            container.mux(stream.encode(encoded))
        container.mux(stream.encode(None))


def draw(picture: np.ndarray, pose: Pose) -> None:
    """Draw one person's bones."""
    for one, other in BONES:
        ends = pose.joints[[INDEX[one], INDEX[other]]]
        if np.isfinite(ends).all() and (pose.confidence[[INDEX[one], INDEX[other]]] > 0.3).all():
            a, b = np.round(ends).astype(int).clip(-10_000, 10_000).tolist()
            cv2.line(picture, a, b, (80, 220, 80), 3, cv2.LINE_AA)
