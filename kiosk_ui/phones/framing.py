"""Framing help for phones that record in the page: the kiosk's gate, from a few small pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from edge.errors import KioskError
from edge.frames import Frame, Picture
from edge.frames.stills import SandboxedStills
from edge.pose import PoseStream
from edge.positioning import Guidance, PositioningGate

MOST_PHONES: Final = 6
"""Phones that are helped at once; at four pictures a second each, a third of two cores."""

MOST_OF_ONE_SENDER: Final = 2
"""A page that was reloaded begins anew while its first one is still remembered."""

FORGET_SECONDS: Final = 5.0
"""After so long without a picture a phone is forgotten."""

LEAST_GAP: Final = 0.15
"""Seconds between two pictures; whoever sends faster gets the answer before."""


class FramingFullError(KioskError, RuntimeError):
    """Too many phones are helped already."""


@dataclass
class _Phone:
    """Somebody who is being helped."""

    sender: str
    stream: PoseStream
    gate: PositioningGate = field(default_factory=PositioningGate)
    guidance: Guidance = field(default_factory=Guidance)
    seen: float = 0.0
    looked: float = -1.0
    looking: threading.Lock = field(default_factory=threading.Lock)


class FramingHelp:
    """Looks at the pictures of several phones and says what stands between them and a recording.

        help = FramingHelp(lambda: scheduler.open_stream(Priority.UPLOAD))
        guidance = help.look("192.168.0.42", "page-1", jpeg)

    What is known of a phone is memory only, and forgotten after a few seconds of silence.

    :param open_stream: starts a sequence of pictures of the pose model.
    :param decode: makes a picture of a stranger's JPEG.
    :param clock: seconds that only grow.
    """

    def __init__(
        self,
        open_stream: Callable[[], PoseStream],
        *,
        decode: Callable[[bytes], Picture] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._open_stream = open_stream
        self._stills = SandboxedStills()
        self._decode = decode or self._stills.decode
        self._clock = clock
        self._lock = threading.Lock()
        self._phones: dict[tuple[str, str], _Phone] = {}

    def look(self, sender: str, page: str, jpeg: bytes) -> Guidance:
        """Take the next picture of a phone.

        :param sender: its address.
        :param page: what tells the pages of one sender apart.
        :param jpeg: the picture, not mirrored.
        :raises SourceError: it is no JPEG of a few hundred pixels.
        :raises PoseError: the pose model failed.
        :raises FramingFullError: too many are helped already.
        """
        phone = self._phone(sender, page)
        with phone.looking:
            now = self._clock()
            if now - phone.looked < LEAST_GAP:
                return phone.guidance
            picture = self._decode(jpeg)
            people = phone.stream.estimate(Frame(picture, now))
            height, width = picture.shape[:2]
            phone.guidance = phone.gate.push(now, people, (width, height))
            phone.looked = now
            return phone.guidance

    def _phone(self, sender: str, page: str) -> _Phone:
        with self._lock:
            now = self._clock()
            for key, phone in list(self._phones.items()):
                if now - phone.seen > FORGET_SECONDS:
                    del self._phones[key]
            found = self._phones.get((sender, page))
            if found is None:
                of_sender = sum(phone.sender == sender for phone in self._phones.values())
                if len(self._phones) >= MOST_PHONES or of_sender >= MOST_OF_ONE_SENDER:
                    raise FramingFullError("too many phones are helped already")
                found = self._phones[sender, page] = _Phone(sender, self._open_stream())
            found.seen = now
            return found

    def close(self) -> None:
        """End the child that decodes pictures."""
        self._stills.close()
