"""What a real camera and a lossy encoding do to a drawn picture.

    for picture in filmed(renderer.frames(60), sample_film(rng), rng):
        ...

Drawn pictures are too clean: after JPEG or H.264 the pose model's joints tremble 1.4 to 1.5 times
as much (second differences of ten joints, ten clips), so clips that measure it go through this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import av
import cv2
import numpy as np

Picture = np.ndarray[Any, Any]

_SPARE = 64


@dataclass(frozen=True)
class Film:
    """How pictures are spoilt on their way.

    :param blur: of the lens: standard deviation in pixels.
    :param noise: of the sensor: standard deviation in steps of 0 to 255.
    :param codec: ``jpeg`` as USB cameras send it, or ``h264`` as phones record it.
    :param quality: of JPEG, 1 to 100, or H.264's constant rate factor, 0 (best) to 51.
    """

    blur: float
    noise: float
    codec: Literal["jpeg", "h264"]
    quality: int


def sample_film(rng: np.random.Generator) -> Film:
    """Return a random camera: half of them USB cameras, half phones."""
    blur, noise = float(rng.uniform(0.3, 1.0)), float(rng.uniform(0.5, 4.0))
    if rng.random() < 0.5:
        return Film(blur, noise, "jpeg", int(rng.integers(65, 93)))
    return Film(blur, noise, "h264", int(rng.integers(19, 28)))


def filmed(pictures: Iterable[Picture], film: Film, rng: np.random.Generator) -> Iterator[Picture]:
    """Yield the pictures as they arrive, RGB uint8.

    :param pictures: [height, width, 3] RGB uint8, all of one size.
    :param film: how they are spoilt.
    :param rng: of the noise.
    """
    spoilt = _spoilt(pictures, film, rng)
    return map(_jpeg(film.quality), spoilt) if film.codec == "jpeg" else _h264(spoilt, film.quality)


def _spoilt(pictures: Iterable[Picture], film: Film, rng: np.random.Generator) -> Iterator[Picture]:
    noise: Picture | None = None
    for picture in pictures:
        height, width = picture.shape[:2]
        if noise is None:
            shape = (height + _SPARE, width + _SPARE, 3)
            noise = rng.normal(0, film.noise, shape).round().astype(np.int16)
        # A new cut of one noise costs a tenth of new noise, and the codec sees no repetition.
        top, left = rng.integers(0, _SPARE, 2)
        soft = cv2.GaussianBlur(picture, (0, 0), film.blur)
        cut = noise[top : top + height, left : left + width]
        yield cv2.add(soft, cut, dtype=cv2.CV_8U)


def _jpeg(quality: int) -> Any:
    def through(picture: Picture) -> Picture:
        _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1]

    return through


def _h264(pictures: Iterable[Picture], factor: int) -> Iterator[Picture]:
    coder: Any = None
    reader: Any = av.CodecContext.create("h264", "r")
    for number, picture in enumerate(pictures):
        if coder is None:
            coder = av.CodecContext.create("libx264", "w")
            coder.height, coder.width = picture.shape[:2]
            coder.pix_fmt, coder.framerate = "yuv420p", 30
            coder.options = {"crf": str(factor), "preset": "veryfast", "threads": "1"}
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame.pts = number
        for packet in coder.encode(frame):
            yield from _decoded(reader, packet)
    if coder is not None:
        for packet in coder.encode(None):
            yield from _decoded(reader, packet)
        yield from _decoded(reader, None)


def _decoded(reader: Any, packet: Any) -> Iterator[Picture]:
    for frame in reader.decode(packet):
        yield frame.to_ndarray(format="rgb24")
