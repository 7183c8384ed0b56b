"""The keypoints of one video, by the very code of the kiosk; what a worker of the cluster does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edge.cli import silent_stderr
from edge.errors import KioskError
from edge.frames.sandbox import SandboxedVideo
from edge.pose.blazepose import BlazePose
from edge.subject import SubjectTracker
from training.datasets.keypoints import About, Keypoints, file_sha256


@dataclass(frozen=True)
class Job:
    """One video to be looked at.

    :param video: as the manifest names it.
    :param path: of the file; the same on every machine of a cluster.
    :param target: where its keypoints belong.
    :param done: SHA-256 of the video whose keypoints are there already, or "".
    """

    video: str
    path: Path
    target: Path
    done: str


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    :param keypoints: what was found; None where nothing was done.
    :param error: why there are no keypoints, or "".
    """

    keypoints: Keypoints | None = None
    error: str = ""


@cache
def estimator() -> BlazePose:
    """Return this process's pose model; a worker has one thread, and there are many workers."""
    with silent_stderr():
        return BlazePose(threads=1)


def extract(job: Job) -> Outcome:
    """Find the subject's joints in one video, unless that is done already.

        outcome = extract(Job("a.mp4", Path("a.mp4"), Path("a.npz"), done=""))

    Whatever is wrong with the video is told in the outcome: it does not stop the others.
    """
    try:
        digest = file_sha256(job.path)
        if digest == job.done:
            return Outcome()
        return Outcome(look(job.path, digest))
    except OSError as error:
        return Outcome(error=f"the file cannot be read: {error.strerror or error}")
    except KioskError as error:
        return Outcome(error=str(error))


def look(path: Path, digest: str) -> Keypoints:
    """Return the keypoints of a video.

    :raises SourceError: the video cannot be read.
    :raises PoseError: the pose networks are missing, or failed.
    """
    model = estimator()
    stream, subjects = model.open_stream(), SubjectTracker()
    frames = 0
    with SandboxedVideo(path) as video:
        for frame in video:
            subjects.push(frame.time, stream.estimate(frame))
            frames += 1
    choice, track = subjects.finish()
    return Keypoints(About(digest, model.name, choice, frames), track)
