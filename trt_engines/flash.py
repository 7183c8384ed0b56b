"""Flashing: a bundle is checked, put into the slot that is not live, built, tested, switched to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Final

from edge.bundle import Bundle, Precision
from edge.errors import BundleError, KioskError, RuntimeMissingError, SlotError
from edge.runtime.opening import open_onnx
from edge.runtime.tensorrt import this_device
from edge.settings import Settings
from edge.signing import MANIFEST, SIGNATURE
from trt_engines import durable
from trt_engines.build import Progress, build_engines
from trt_engines.kinds import check_tolerances, load
from trt_engines.packing import unpack
from trt_engines.records import Slot, State, software
from trt_engines.running import live_side, newer_than, place, running
from trt_engines.selftest import FACTOR, Job, Report, Side, self_test
from trt_engines.slots import ENGINES, Slots

LOOK: Final = 0.5
"""Seconds between two looks at how the trial goes."""

Say = Callable[[str, str], None]
"""Hears of each step: its name, and one line about it."""


class Outcome(IntEnum):
    """How it ended; the exit codes of ``scripts/flash_engine``."""

    DONE = 0
    """The new bundle is live and good; or no kiosk runs, and the next start proves it."""
    REFUSED = 1
    """The bundle cannot be accepted: nothing was changed."""
    WRONG_COMMAND = 2
    FAILED = 3
    """It could not be built or did not pass its test: what was live and good is live."""
    ROLLED_BACK = 4
    """The kiosk did not get on with it and runs again what ran before."""
    BUSY = 5
    """Another flash is at work, or a kiosk is proving what was flashed before."""
    UNREACHABLE = 6
    """The kiosk cannot be reached over ssh."""
    INTERRUPTED = 130


class Stopped(Exception):  # noqa: N818 - no error: an outcome
    """A flash that ends before its last step."""

    def __init__(self, outcome: Outcome, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome
        self.why = why


@dataclass(frozen=True)
class Flash:
    """What is wanted of one flash.

        Flash(settings, say, precision="fp16").run(Path("squat-0.4.0.bundle"))

    :param settings: of the kiosk on this device.
    :param say: hears of each step.
    :param precision: of the engines, where TensorRT is there.
    :param factor: how many times as long as the live one it may need.
    :param again: fill a slot although this bundle is live already.
    :param anyway: give a trial up that a kiosk is at.
    """

    settings: Settings
    say: Say
    precision: Precision = "fp32"
    factor: float = FACTOR
    again: bool = False
    anyway: bool = False

    def run(self, source: Path) -> Outcome:
        """Flash a bundle and watch its trial.

        :param source: a bundle's folder, or its single file.
        :raises Stopped: it did not come to its end; says how, and why.
        """
        with self._opened(source) as bundle:
            slots = Slots(self.settings.data_dir / ENGINES, bundle.manifest.name)
            try:
                with slots.locks.writing():
                    slot = self._made_live(bundle, slots)
            except SlotError as error:
                raise Stopped(Outcome.BUSY, str(error)) from error
            except OSError as error:
                why = f"{self.settings.data_dir} cannot be written: {error.strerror}"
                raise Stopped(Outcome.FAILED, f"{why}; run the same command again") from error
        return self.watch(slots, slot)

    def watch(self, slots: Slots, slot: Slot) -> Outcome:
        """Follow a trial until the kiosk has proved the slot or given it up."""
        where = f"slot {slot.letter}"
        if slot.state is State.GOOD:
            self.say("good", f"{where} of {slots.name}, {slot.label}, is live: {slot.why}")
            return Outcome.DONE
        minutes = self.settings.trial_minutes
        told = False
        while True:
            now = slots.read(slot.letter)
            if not slot.same(now):
                raise Stopped(Outcome.ROLLED_BACK, f"{where} was filled with something else")
            if now.state is State.GOOD:
                self.say("good", f"{where}: {now.why}")
                return Outcome.DONE
            if now.state is not State.TRIAL:
                why = f"{where} is {now.state.value}: {now.why}; {running(slots)}"
                raise Stopped(Outcome.ROLLED_BACK, why)
            if not slots.locks.is_used:
                self.say(
                    "trial", f"no kiosk that uses {slots.name} runs here: it proves {where} at its "
                    f"next start, in {minutes:g} minutes (scripts/engines status shows it)",
                )  # fmt: skip
                return Outcome.DONE
            if not told:
                self.say("trial", f"the kiosk takes {where} now and proves it, as a rule in "
                         f"{minutes:g} minutes; it goes on without this command")  # fmt: skip
                told = True
            sleep(LOOK)

    @contextmanager
    def _opened(self, source: Path) -> Iterator[Bundle]:
        """Give a checked copy of the whole bundle, before anything is changed.

        A copy, since the source may be the very slot that is to be emptied.
        """
        trust = self.settings.trust()
        try:
            with TemporaryDirectory(prefix="bundle-") as scratch:
                copy = Path(scratch) / "bundle"
                if source.is_dir():
                    bundle = put(Bundle.open(source, trust), copy, self.settings)
                else:
                    bundle = unpack(source, copy, trust)
                load(bundle, open_onnx)
                check_tolerances(bundle)
                signer = f"signed by {bundle.signer}" if bundle.signer else "NOT SIGNED"
                self.say("check", f"{bundle.label} is as it was shipped, {signer}")
                self._check_engines(bundle)
                yield bundle
        except BundleError as error:
            raise Stopped(Outcome.REFUSED, f"{source.name}: {error}") from error
        except OSError as error:
            why = f"{error.filename or source.name}: {error.strerror}"
            raise Stopped(Outcome.REFUSED, f"{why}: mend that and run it again") from error

    def _check_engines(self, bundle: Bundle) -> None:
        """Refuse what could not be built, before a slot is emptied for it.

        :raises BundleError: a network has no file of the precision.
        :raises Stopped: TensorRT is chosen and cannot be had.
        """
        missing = self._no_engines()
        if missing and self.settings.runtime == "tensorrt":
            why = f"TensorRT is chosen in the settings, but {missing}"
            raise Stopped(Outcome.REFUSED, why)
        if not missing:
            for name in bundle.manifest.networks:
                bundle.network_path(name, self.precision)

    def _made_live(self, bundle: Bundle, slots: Slots) -> Slot:
        live = slots.live()
        if live is not None and not self.again and self._is_there(live, bundle):
            self.say("there", f"{bundle.label} is live in slot {live.letter} already")
            return live
        if live is not None and live.state is State.TRIAL:
            self._give_trial_up(live, bundle, slots)
        if newer := newer_than(bundle, slots, self.settings):
            self.say("older", f"{bundle.label} is OLDER than {newer}, which is live")
        slot = slots.begin_filling(bundle.label)
        try:
            copied = put(bundle, slot.bundle, self.settings)
            self.say("unpack", f"{bundle.label} is in slot {slot.letter}")
            engines, no_engines = self._build(copied, slot)
            report = self._test(slot, slots)
        except KioskError as error:
            slots.refuse(slot, str(error))
            raise Stopped(Outcome.FAILED, f"{error}; {running(slots)}") from error
        _tell(report, self.say)
        if report.refused:
            why = "; ".join(report.refused)
            slots.refuse(slot, f"it did not pass its test: {why}")
            raise Stopped(Outcome.FAILED, f"it did not pass its test: {why}; {running(slots)}")
        slot = slots.filled(slot, digest=bundle.digest, engines=engines, no_engines=no_engines)
        was = slots.live()
        before = software(slots.name) if was is None else place(was).rstrip(",")
        made = slots.switch(slot.letter, "flashed; the kiosk has yet to prove it")
        self.say("switch", f"slot {slot.letter} is live, on trial; before it was {before}")
        return made or slot

    def _give_trial_up(self, live: Slot, bundle: Bundle, slots: Slots) -> None:
        """Say that a trial ends here, which `Slots.begin_filling` sees to.

        :raises Stopped: a kiosk is about to prove it.
        """
        if slots.locks.is_used and not self.anyway:
            minutes = self.settings.trial_minutes
            raise Stopped(
                Outcome.BUSY,
                f"{live.label} is on trial, and the kiosk proves it within {minutes:g} minutes of "
                "its start: wait until then (scripts/engines status), or give it up with --anyway",
            )
        before = slots.before(live)
        back = software(slots.name) if before is None else place(before).rstrip(",")
        self.say(
            "trial", f"the trial of {live.label} is given up to flash {bundle.label}; live until "
            f"that is tested: {back}",
        )  # fmt: skip

    def _is_there(self, live: Slot, bundle: Bundle) -> bool:
        record = live.record
        if record is None or record.digest != bundle.digest:
            return False
        if not record.engines:  # there may be a TensorRT by now
            return bool(self._no_engines())
        return set(record.engines.values()) == {self.precision}

    def _no_engines(self) -> str:
        """Return why no engines can be built here; empty: they can."""
        if self.settings.runtime == "onnx":
            return "ONNX Runtime is chosen in the settings"
        try:
            this_device()
        except RuntimeMissingError as error:
            return str(error)
        return ""

    def _build(self, bundle: Bundle, slot: Slot) -> tuple[dict[str, Precision], str]:
        """Build the engines under another name, so that nobody finds half of them.

        :return: for each network its precision, and why there are none.
        """
        if missing := self._no_engines():
            self.say("build", f"no engines, ONNX Runtime will run it: {missing}")
            return {}, missing
        # Its own name: a builder that outlived a killed flash must not write into another's.
        folder = slot.folder / f"building-{slot.fill}"
        said: list[str] = []

        def progress(now: Progress) -> None:
            if now.network not in said:
                said.append(now.network)
                self.say("build", f"{now.network} in {self.precision}; this may take minutes")

        made = build_engines(
            bundle, folder, precision=self.precision, progress=progress,
            cache=self.settings.data_dir / ENGINES / "timing.cache",
        )  # fmt: skip
        durable.rename(folder, slot.engines)
        for one in made:
            self.say("build", f"{one.network}: {one.bytes} bytes in {one.seconds:.0f} s")
        return {one.network: one.precision for one in made}, ""

    def _test(self, slot: Slot, slots: Slots) -> Report:
        return self_test(
            Job(
                new=Side(bundle=slot.bundle, engines=slot.engines),
                live=live_side(slots, self.settings),
                data_dir=self.settings.data_dir,
                runtime=self.settings.runtime,
                threads=self.settings.pose_threads,
                factor=self.factor,
            )
        )


def put(bundle: Bundle, folder: Path, settings: Settings) -> Bundle:
    """Copy what the manifest names into a slot and check the copy.

    :raises BundleError: the copy is not the bundle.
    """
    durable.make_folder(folder)
    for name in (*sorted(bundle.manifest.files), SIGNATURE, MANIFEST):
        if (bundle.folder / name).is_file():
            durable.write(folder / name, (bundle.folder / name).read_bytes())
    copied = Bundle.open(folder, settings.trust())
    if copied.digest != bundle.digest:
        raise BundleError(f"{bundle.label} was changed while it was copied: run it again")
    return copied


def _tell(report: Report, say: Say) -> None:
    for name, runtime in report.runtimes.items():
        far = [
            f"{o.output} {o.far:.1g} of {o.may:.1g}" for o in report.outputs if o.network == name
        ]
        say("test", f"{name} on {runtime}: off by {', '.join(far)}")
    if report.milliseconds is not None:
        new, live = report.milliseconds
        beside = "" if live is None else f", the live one {live:.2f} ms"
        say("test", f"it needs {new:.2f} ms{beside}")
    for note in report.notes:
        say("test", note)
