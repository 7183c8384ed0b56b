"""Taking a video from a request: straight to the disk, and nothing left behind."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Final

from flask import Request, current_app, request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from kiosk_ui.config import WebConfig
from kiosk_ui.disk import free_bytes
from kiosk_ui.faces import is_loopback
from kiosk_ui.languages import gettext as _
from kiosk_ui.problems import Problem
from kiosk_ui.scores import QueueFull
from kiosk_ui.services import Services

FIELD: Final = "video"
RETRY_SECONDS: Final = (5, 60)
"""Least and most seconds after which whoever finds no place is asked to come again."""


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
    check_room(config, services, request.content_length or 0)
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
    threshold = threshold_of(request.form.get("threshold"), services)
    mirrored = mirrored_of(request.form.get("mirrored"))
    try:
        return services.store.add_upload(
            path,
            threshold=threshold,
            limit=config.queue_limit,
            client=client_of(request.environ),
            mirrored=mirrored,
        )
    except QueueFull:
        raise _queue_full(services) from None


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


def check_room(config: WebConfig, services: Services, size: int) -> None:
    """Refuse a video of ``size`` bytes before it is read where it is clear already.

    What others are sending counts: their place in the queue and on the disk is promised to them.

    :raises Problem: there is no room.
    """
    store, uploads, client = services.store, services.uploads, client_of(request.environ)
    if store.waiting() + uploads.arriving() >= config.queue_limit:
        raise _queue_full(services)
    if client and store.waiting(client) + uploads.arriving(client) >= config.queue_per_client:
        raise Problem(
            429, "client_full",
            _("Your other videos come first. Please send this one when they are done."),
            retry_after=_retry_after(services),
        )  # fmt: skip
    uploads.expire()
    if not uploads.make_room(config.partial_uploads):
        raise _queue_full(services)
    if free_bytes(store.incoming) - size - uploads.promised() < config.disk_floor:
        raise Problem(
            507, "disk_full", _("There is no room for more videos. Please tell the staff.")
        )  # fmt: skip


def client_of(environ: Mapping[str, Any]) -> str:
    """Return the address of whoever sent a request; empty for the device itself.

    Only a proxy on this very machine is believed when it says for whom it speaks.
    """
    address = str(environ.get("REMOTE_ADDR", ""))
    if not is_loopback(address):
        return address
    return str(environ.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()


def _queue_full(services: Services) -> Problem:
    return Problem(
        429, "queue_full", _("Many videos are waiting. Please try again in a minute."),
        retry_after=_retry_after(services),
    )  # fmt: skip


def _retry_after(services: Services) -> int:
    """Return the seconds after which a place is likely to be free."""
    least, most = RETRY_SECONDS
    return min(max(math.ceil(services.store.first_wait()), least), most)


def threshold_of(text: str | None, services: Services) -> float:
    """Read a threshold that was sent; the kiosk's own where there is none.

    :raises Problem: it is none.
    """
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


def mirrored_of(text: str | None) -> bool:
    """Read whether left and right are exchanged in a video.

    :raises Problem: it is neither true nor false.
    """
    if text not in (None, "", "true", "false"):
        raise Problem(400, "mirrored_invalid", _("The field 'mirrored' must be true or false."))
    return text == "true"
