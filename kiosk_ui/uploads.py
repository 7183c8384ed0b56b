"""Taking a video from a request: straight to the disk, and nothing left behind."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import IO, Any, Final

from flask import Request, current_app, request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from kiosk_ui.config import WebConfig
from kiosk_ui.disk import free_bytes
from kiosk_ui.languages import gettext as _
from kiosk_ui.problems import Problem
from kiosk_ui.scores import QueueFull
from kiosk_ui.services import Services

FIELD: Final = "video"
RETRY_QUEUE: Final = 30
"""Seconds after which a place in the queue is likely to be free."""


class StreamingRequest(Request):
    """A request whose files go to the store's incoming folder while they arrive.

    Flask's own keeps small files in memory and large ones in the system's temporary folder, which
    is memory on many devices.
    """

    max_form_parts = 8

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        """Open a file in the incoming folder; it vanishes with the request unless it is taken."""
        services: Services = current_app.extensions["services"]
        file: Any = tempfile.NamedTemporaryFile(  # noqa: SIM115 - closed with the request
            dir=services.store.incoming, prefix="upload-", delete=False
        )
        self.environ.setdefault("kiosk.files", []).append(file)
        return file  # type: ignore[no-any-return]


def discard_files(environ: dict[str, Any]) -> None:
    """Close what the request has written and remove what was not taken."""
    for file in environ.pop("kiosk.files", []):
        file.close()
        Path(file.name).unlink(missing_ok=True)


def take_upload(config: WebConfig, services: Services) -> str:
    """Put the request's video into the queue and return the id of its score.

    :raises Problem: something is wrong with the request, or there is no room.
    """
    _check_room(config, services)
    upload = _file(config)
    if upload is None or not upload.filename:
        raise Problem(
            400, "video_missing",
            _("Send the video as multipart/form-data in a field named '%(field)s'.", field=FIELD),
        )  # fmt: skip
    upload.stream.flush()
    path = Path(upload.stream.name)
    if path.stat().st_size == 0:
        raise Problem(400, "video_empty", _("The video is empty. Record it again."))
    threshold = _threshold(request.form.get("threshold"), services)
    try:
        return services.store.add_upload(path, threshold=threshold, limit=config.queue_limit)
    except QueueFull:
        raise _queue_full() from None


def _file(config: WebConfig) -> FileStorage | None:
    """Return the video of the form.

    :raises Problem: the form is not understood, or the field holds text.
    """
    try:
        upload = request.files.get(FIELD)
    except RequestEntityTooLarge as error:
        if (request.content_length or 0) > config.max_upload_bytes:
            raise
        # Flask says "too large" of a form with too many parts, or without the boundary it names.
        raise Problem(400, "form_invalid", _("The form was not understood.")) from error
    if upload is None and FIELD in request.form:
        raise Problem(
            400, "video_missing",
            _(
                "The field '%(field)s' holds text. Send the file itself, as curl does with @.",
                field=FIELD,
            ),
        )  # fmt: skip
    return upload


def _check_room(config: WebConfig, services: Services) -> None:
    """Refuse before the video is read where that is clear already."""
    if services.store.waiting() >= config.queue_limit:
        raise _queue_full()
    free = free_bytes(services.store.incoming)
    if free - (request.content_length or 0) < config.free_bytes:
        raise Problem(
            507, "disk_full", _("There is no room for more videos. Please tell the staff.")
        )  # fmt: skip


def _queue_full() -> Problem:
    return Problem(
        429, "queue_full", _("Many videos are waiting. Please try again in a minute."),
        retry_after=RETRY_QUEUE,
    )  # fmt: skip


def _threshold(text: str | None, services: Services) -> float:
    if text is None or not text.strip():
        return services.settings.get().threshold
    try:
        threshold = float(text)
    except ValueError:
        threshold = math.nan
    if not 0.0 <= threshold <= 1.0:
        raise Problem(
            400, "threshold_invalid", _("The threshold must be a number between 0 and 1.")
        )  # fmt: skip
    return threshold
