"""Why a video could not be scored, in the language of the page."""

from __future__ import annotations

import re
from typing import Final

from kiosk_ui.languages import gettext, noted

NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")

REASONS: Final = (
    noted("Something went wrong on our side. Please try again."),
    noted("The decoder did not start."),
    noted("Reading the video takes too long."),
    noted("The video could not be decoded."),
    noted("The file is empty."),
    noted("There is no such file."),
    noted("This is not a video that can be read."),
    noted("There is no picture in this file."),
    noted("The video is in a format that is not known here."),
    noted("The picture is too large (#x#); record at 1080p or below."),
    noted("The video is longer than # s; record one set of squats."),
    noted("The video has too many pictures; record one set of squats."),
    noted("The video needs too much memory."),
    noted("The video is damaged or cut off."),
    noted("The video is cut off after # of # s; record or send it again."),
)
"""The sentences that a score's error may hold; # stands for a number."""


def failure(text: str) -> str:
    """Return an error of :class:`kiosk_ui.scores.Score` in the language of the request.

        failure("The video is longer than 180 s; record one set of squats.")

    A sentence that is not among :data:`REASONS` stays as it is.
    """
    numbers = iter(NUMBER.findall(text))
    key = NUMBER.sub("#", text).replace("#p", "1080p")
    if key not in REASONS:
        return text
    return re.sub("#", lambda _: next(numbers), gettext(key))
