"""What the maintainer fixes about the web part."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class WebConfig(BaseSettings):
    """Limits of the web part, by environment variables named ``KIOSK_...``.

        KIOSK_MAX_UPLOAD_BYTES=50000000 scripts/run

    :param max_upload_bytes: largest request; a phone's 4K minute is about 350 MB, its 1080p
        minute about 100 MB.
    :param queue_limit: videos that may wait to be scored.
    :param queue_per_client: videos that one address may have waiting or on their way in.
    :param partial_uploads: uploads that may be unfinished; the longest silent ones are given up.
    :param uploads_at_once: videos that may be on their way in at once.
    :param disk_floor_mb: megabytes of the disk that stay free: below, no recording is begun and no
        video is taken; 0: whatever there is will do.
    :param replay_patience: seconds for which a request for a replay waits until it is rendered.
    :param network_requests: requests from the network that are answered at once.
    :param replay_waiters: requests that may wait for a replay at once.
    :param card_waiters: requests that may wait for news of a score at once.
    :param heartbeat: seconds between two signs of life on an event stream.
    :param history: whether people may keep their results here, and a coach may see those whose
        person has consented.
    :param clip_minutes: minutes after which the video and the joints of a result are deleted,
        unless its person has kept them or they belong to a study; of an unfinished upload, minutes
        without a further byte. There is no "never".
    :param contact: whom people ask about their data, as the notice page names them; None: the
        staff.
    :param keep_days: days after which a result is deleted that is in nobody's history; 0: never.
    :param forget_days: days without a visit after which a history is deleted; 0: never.
    :param name: the kiosk's name on the network, without ``.local``.
    :param wifi_name: of the network that phones have to be on, as the screen shows it; None: it
        shows none.
    :param public_port: where phones reach the kiosk if not at its own port, such as 80 where
        ``scripts/run_https --http-port 80`` listens there.
    :param https_port: where ``scripts/run_https`` listens.
    :param trusted_hosts: further names by which phones reach the kiosk, with commas between them,
        such as ``squat.gym.example``; its addresses and its ``.local`` name need not be told.
    :param requests_per_second: of one client of the network, in the long run.
    :param connections_per_client: of one client of the network at once.
    :param metrics_token_file: holds the word with which a Prometheus server on the network may read
        ``/metrics``; None: only the device itself may.
    :param uploads_per_client: videos or pieces that one client may be sending at once.
    """

    model_config = SettingsConfigDict(env_prefix="KIOSK_", extra="ignore", frozen=True)

    max_upload_bytes: int = Field(default=200_000_000, ge=1)
    queue_limit: int = Field(default=20, ge=1)
    queue_per_client: int = Field(default=3, ge=1)
    partial_uploads: int = Field(default=40, ge=1)
    uploads_at_once: int = Field(default=8, ge=1)
    disk_floor_mb: int = Field(default=500, ge=0)
    replay_patience: float = Field(default=60.0, ge=0)
    network_requests: int = Field(default=32, ge=1)
    replay_waiters: int = Field(default=8, ge=1)
    card_waiters: int = Field(default=8, ge=1)
    heartbeat: float = Field(default=3.0, gt=0)
    history: bool = False
    clip_minutes: float = Field(default=10.0, gt=0, le=1440)
    contact: str | None = Field(default=None, min_length=1, max_length=200)
    keep_days: int = Field(default=30, ge=0)
    forget_days: int = Field(default=730, ge=0)
    name: str = Field(default="squat", pattern="^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$")
    wifi_name: str | None = Field(default=None, min_length=1, max_length=32)
    public_port: int | None = Field(default=None, ge=1, le=65535)
    https_port: int = Field(default=8443, ge=1, le=65535)
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    requests_per_second: float = Field(default=30.0, gt=0)
    connections_per_client: int = Field(default=40, ge=1)
    uploads_per_client: int = Field(default=4, ge=1)
    metrics_token_file: Path | None = None

    @property
    def disk_floor(self) -> int:
        """The same in bytes."""
        return self.disk_floor_mb * 1_000_000

    @field_validator("trusted_hosts", mode="before")
    @classmethod
    def _by_commas(cls, value: Any) -> Any:
        """Read ``a.example,b.example`` from the environment."""
        if isinstance(value, str):
            return tuple(part for part in value.lower().replace(" ", "").split(",") if part)
        return value

    @property
    def clip_seconds(self) -> float:
        """Return for how long a video stays that nobody keeps."""
        return 60.0 * self.clip_minutes
