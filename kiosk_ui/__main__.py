"""``python -m kiosk_ui``: the kiosk, in one process."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

import click
import cv2
from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError

from edge.assessment import Verdict
from edge.cues.event import CueOutput
from edge.cues.follower import Follower, Outcome
from edge.cues.light import open_light
from edge.cues.player import Aplay
from edge.cues.sound import Sound
from edge.cues.voice import Voice
from edge.errors import DatabaseTooNewError, KioskError
from edge.exercise import Text
from edge.frames.camera_opening import camera_opener
from edge.lens import FILE as LENS_FILE
from edge.lens import LensCalibration
from edge.live import LiveCamera
from edge.machine import State
from edge.pose.opening import BACKENDS
from edge.pose.scheduler import Priority
from edge.pulse import Pulse
from edge.session import ScoringSession
from edge.settings import KioskSettings, Settings, SettingsStore
from edge.station import Station
from kiosk_ui.app import create_application
from kiosk_ui.config import WebConfig
from kiosk_ui.disk import DataInUseError, claim, is_full, write_patiently
from kiosk_ui.engines import Engines
from kiosk_ui.logs import log_discreetly
from kiosk_ui.maintenance import open_alone
from kiosk_ui.people.retention import RetentionTimer
from kiosk_ui.phones.addresses import Addresses
from kiosk_ui.phones.announce import Announcer
from kiosk_ui.phones.framing import FramingHelp
from kiosk_ui.phones.secure import SecureDoor
from kiosk_ui.server import make_server
from kiosk_ui.services import Services
from kiosk_ui.watchdog import Notifier, Watchdog, web_answers
from kiosk_ui.worker import ScoringWorker

log = logging.getLogger(__name__)

EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - phones on the gym's network are to reach it


class Kiosk:
    """Loads the models and starts camera, station and worker, and ends them again.

    :param settings: what the maintainer fixed.
    :param services: what the pages work with; filled here.
    :param config: says how long results are kept.
    """

    def __init__(self, settings: Settings, services: Services, config: WebConfig) -> None:
        self._settings = settings
        self._services = services
        services.room.floor = config.disk_floor
        self._camera = LiveCamera(
            camera_opener(settings.camera, settings.demo_clip, settings.mode_of_camera)
        )
        self._engines: Engines | None = None
        self._station: Station | None = None
        self._worker: ScoringWorker | None = None
        self._cues: Follower | None = None
        self._retention = RetentionTimer(services, config)
        self.failed = False

    def start(self) -> None:
        """Load the models; takes a second or two."""
        settings, services = self._settings, self._services
        # With threads of its own OpenCV leaves 0.9 kB behind with each of ours that ends, for good.
        cv2.setNumThreads(1)
        self._engines = engines = Engines(settings, self._replaced)
        engines.load()
        scheduler = engines.scheduler
        self._camera.start()
        self._worker = worker = ScoringWorker(
            services.store,
            scheduler,
            lambda: engines.classifier,
            uploads=services.uploads,
            give_way=self._records,
            metrics=services.metrics,
        )
        # Else a disk that is full at the start would end it, and again after each restart.
        if not write_patiently(worker.start, services.closing):
            return

        lens = LensCalibration.read(settings.data_dir / LENS_FILE)

        def open_session(chosen: KioskSettings, clip: Path) -> ScoringSession:
            return ScoringSession(
                scheduler.open_stream(Priority.CAMERA),
                engines.classifier,
                threshold=chosen.threshold,
                clip=clip,
                pose_model=scheduler.name,
                live_words=chosen.live_words,
                lens=lens and lens.fitting(self._camera.name, self._camera.size),
            )

        self._station = Station(
            self._camera,
            lambda: scheduler.open_endless_stream(Priority.CAMERA),
            open_session,
            worker.save_kiosk_result,
            settings=services.settings.get,
            scratch=services.store.incoming,
            room=services.room,
        )
        services.metrics.pose, services.metrics.waits["kiosk"] = (
            scheduler.times, self._station.waits,
        )  # fmt: skip
        self._station.launch()
        self._cues = Follower(self._station, self._outcome, self._outputs())
        self._cues.start()
        services.framing = FramingHelp(lambda: scheduler.open_endless_stream(Priority.UPLOAD))
        services.typical, services.models = engines.classifier.typical, engines.status
        services.camera, services.station = self._camera, self._station
        engines.start()
        # What is loaded stays. A collection that looks through it all takes two pictures' time.
        gc.freeze()
        services.ready.set()
        log.info("ready: %s, %s", engines.classifier.label, scheduler.name)

    def _replaced(self) -> None:
        if self._engines is not None:
            self._services.typical = self._engines.classifier.typical

    def _outputs(self) -> list[CueOutput]:
        """Open loudspeaker and light; a kiosk without them works all the same."""
        settings = self._settings
        voice = Voice(settings.data_dir / "voice")
        sound = Sound(Aplay(settings.audio_device), voice, self._services.settings.get)
        light = open_light(settings.led_pins, active_high=settings.led_active_high)
        return [sound] if light is None else [sound, light]

    def _outcome(self, key: str) -> Outcome:
        """Return what is to be told of a finished score."""
        score = self._services.store.get(key)
        if score is None or score.assessment is None:
            return Verdict.NOT_JUDGED, None
        cue = score.assessment["cue"]
        return Verdict(score.assessment["verdict"]), Text(en=cue["en"], ko=cue["ko"])

    def watch(self, host: str, port: int) -> None:
        """Tell the service manager, where there is one, that the kiosk lives; before any child."""
        services, web = self._services, web_answers(host, port)
        notifier = Notifier.from_environment()
        services.pulses = self._pulses
        Watchdog(notifier, self._pulses, web, services.ready, services.closing).start()

    def _pulses(self) -> list[Pulse]:
        """Return the signs of life of the threads without which the kiosk is none."""
        parts = (self._camera, self._station, self._worker, self._retention)
        return [part.pulse for part in parts if part is not None]

    def _records(self) -> bool:
        station = self._station
        return station is not None and station.snapshot()["state"] == State.RECORDING

    def run(self) -> None:
        """Start everything, and end it once the server is to stop."""
        self._retention.start()  # first: whatever keeps the rest from starting keeps no videos
        try:
            self.start()
        except KioskError as error:
            self._give_up(f"the kiosk cannot start: {error}")
        except Exception as error:  # a kiosk that stays up and can do nothing helps nobody
            log.exception("the kiosk cannot start")
            self._give_up(str(error))
        self._services.closing.wait()
        for part in (self._cues, self._station, self._worker, self._engines, self._retention):
            if part is not None:
                part.close()
        self._camera.stop()
        if self._services.framing is not None:
            self._services.framing.close()

    def _give_up(self, message: str) -> None:
        log.error(message)
        self.failed = True
        # The main thread waits for connections: this ends it as a service manager would.
        signal.raise_signal(signal.SIGTERM)


@click.command()
@click.option("--host", default=EVERYWHERE, show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8080,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--camera",
    default=None,
    help="auto, demo, csi, or a device such as /dev/video0 [default: KIOSK_CAMERA, else auto].",
)
@click.option(
    "--demo-clip",
    default=None,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Video that plays where there is no camera [default: edge/demo/good.mp4].",
)
@click.option(
    "--pose",
    default=None,
    type=click.Choice(BACKENDS),
    help="What finds the joints; openpose and pyopenpose: see docs/openpose.md for how to get them "
    "and for their licences [default: KIOSK_POSE, else blazepose].",
)
@click.option(
    "--pose-bundle",
    default=None,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with that backend's networks, while none is flashed.",
)
@click.option(
    "--data-dir",
    default=None,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where scores and settings are kept [default: KIOSK_DATA_DIR, else var].",
)
def main(  # noqa: PLR0917 - click gives the options by name
    host: str,
    port: int,
    camera: str | None,
    demo_clip: Path | None,
    pose: str | None,
    pose_bundle: Path | None,
    data_dir: Path | None,
) -> None:
    """Run the squat kiosk: screen on http://localhost:PORT/, phones on http://ADDRESS:PORT/."""
    log_discreetly()
    try:
        settings, config = Settings(), WebConfig()
        # What is said on the command line counts more than the environment.
        chosen = {
            "camera": camera, "demo_clip": demo_clip, "data_dir": data_dir, "pose": pose,
            "pose_bundle": pose_bundle,
        }  # fmt: skip
        settings = settings.model_copy(update={k: v for k, v in chosen.items() if v is not None})
        lock = claim(settings.data_dir)
        store = open_alone(settings.data_dir, config)
    except ValidationError as error:
        first = error.errors()[0]
        raise click.ClickException(
            f"KIOSK_{str(first['loc'][0]).upper()}: {first['msg']}"
        ) from error
    except DatabaseTooNewError as error:
        raise click.ClickException(str(error)) from error
    except DataInUseError as error:
        raise click.ClickException(f"{error}; choose another folder with --data-dir") from error
    except OSError as error:
        raise click.ClickException(
            f"{settings.data_dir} cannot be used: {error.strerror}; choose another --data-dir"
        ) from error
    except DatabaseError as error:
        raise click.ClickException(
            f"{settings.data_dir / 'scores.sqlite3'} "
            + ("cannot be used: the disk is full" if is_full(error)
               else "is damaged; move it away to start anew")
        ) from error  # fmt: skip
    services = Services(store, SettingsStore(settings.data_dir / "settings.json"))
    services.uploads.seconds = config.clip_seconds
    services.uploads.recover()
    try:
        server = make_server(
            create_application(config, services), config, store.incoming, host=host, port=port,
            refused=services.metrics.refused_unread,
        )  # fmt: skip
    except OSError as error:
        raise click.ClickException(
            f"port {port} of {host} cannot be used: {error.strerror}"
        ) from error
    addresses = Addresses(config.public_port or int(server.effective_port))
    services.address, services.address_by_name = addresses.public, addresses.by_name
    services.secure = SecureDoor(settings.data_dir / "https", config.https_port)
    announcer = Announcer(config.name, addresses)

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not services.closing.is_set():  # a second one does not disturb the first
            services.closing.set()
            raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    kiosk = Kiosk(settings, services, config)
    parts = threading.Thread(target=kiosk.run, name="kiosk")
    with suppress(SystemExit):  # the signal may come before the server runs
        kiosk.watch(host, int(server.effective_port))
        parts.start()
        announcer.start()
        log.info("listening: http://localhost:%s/", server.effective_port)
        server.run()
    announcer.close()
    parts.join(timeout=10.0)
    store.close()
    lock.close()
    sys.exit(1 if kiosk.failed else 0)


if __name__ == "__main__":
    main(prog_name="scripts/run")
