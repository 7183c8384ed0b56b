"""The figures in words, for the page, the command and the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from kiosk_ui.languages import gettext as _
from kiosk_ui.languages import ngettext, noted
from kiosk_ui.operation.parts import Figures, Times

State = Literal["", "good", "bad"]

UNKNOWN: Final = "–"

PROBLEMS: Final = {
    "starting": noted("The models are being loaded."),
    "camera": noted("No picture comes from the camera: is it plugged in?"),
    "picture": noted("The camera's picture is black, dark or frozen: look at lens and light."),
    "thread": noted("A part of the program hangs. Without a change it is started anew."),
    "disk": noted("The disk is full: nothing is recorded and no video is taken."),
    "database": noted("The database does not answer: look at the log."),
    "engine": noted("An engine has failed; the processor does its work. Look at the log."),
    "bundle": noted("A bundle was given up: squat-kiosk engines status says why."),
    "hot": noted("It is too hot: the machine slows itself down. Look at fan and dust."),
}
"""What a maintainer should do something about."""

STATIONS: Final = {
    "starting": noted("that it starts"), "idle": noted("the beginning"),
    "positioning": noted("where to stand"), "countdown": noted("the countdown"),
    "recording": noted("a recording"), "scoring": noted("that it judges"),
    "result": noted("a result"),
}  # fmt: skip
"""What the screen may show."""

PICTURES: Final = {
    "ok": noted("good"), "black": noted("black"), "dark": noted("dark"),
    "frozen": noted("frozen"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is, and how much.

    :param key: the same at each look.
    :param state: whether it is to be noticed.
    :param english: whether the value is in English whatever the page's language is.
    """

    key: str
    label: str
    value: str
    state: State = ""
    english: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together."""

    key: str
    title: str
    rows: tuple[Row, ...]


def sections(figures: Figures) -> list[Section]:
    """Return the figures in words, in the language of the request; English outside of one.

    sections(gather(services))[0].rows
    """
    return [
        Section("now", _("Now"), tuple(_now(figures))),
        Section("camera", _("Camera"), tuple(_camera(figures))),
        Section("speed", _("Speed"), tuple(_speed(figures))),
        Section("today", _("Today"), tuple(_today(figures))),
        Section("machine", _("Machine"), tuple(_machine(figures))),
        Section("disk", _("Disk and database"), tuple(_disk(figures))),
        Section("engines", _("Models"), tuple(_models(figures))),
        Section("log", _("Last warnings"), tuple(_log(figures))),
    ]


def text(figures: Figures) -> str:
    """Return the figures as a text, for a terminal or to be sent to whoever helps.

    It holds no score, no name, no address and no picture.
    """
    lines = [f"Squat kiosk {figures.version}, {figures.time:%Y-%m-%d %H:%M:%S} UTC", ""]
    for section in sections(figures):
        lines.append(section.title.upper())
        wide = max((len(row.label) for row in section.rows if row.value), default=0)
        for row in section.rows:
            mark = "!" if row.state == "bad" else " "
            lines.append(f" {mark} {row.label:<{wide}}  {row.value}".rstrip())
        lines.append("")
    return "\n".join(lines)


def _now(figures: Figures) -> Iterator[Row]:
    if figures.ready:
        yield Row("ready", _("Clips can be scored"), _("yes"), "good")
    else:
        yield Row("ready", _("Clips can be scored"), _("no"), "bad")
    for code in figures.problems:
        yield Row(f"problem-{code}", _(PROBLEMS.get(code, code)), "", "bad")
    yield Row("version", _("Version"), figures.version)
    yield Row("uptime", _("Runs for"), span(figures.uptime))
    yield Row("station", _("The screen shows"), _(STATIONS.get(figures.station, figures.station)))
    yield Row("tidied", _("Old results deleted"), moment(figures.tidied))


def _camera(figures: Figures) -> Iterator[Row]:
    camera = figures.camera
    yield Row("name", _("Name"), camera.name or UNKNOWN, english=True)
    if camera.message is not None:
        yield Row("message", _("State"), camera.message, "bad", english=True)
    else:
        yield Row("message", _("State"), _("pictures are coming"), "good")
    yield Row("rate", _("Pictures a second"), number(camera.rate, 1))
    yield Row("frames", _("Pictures"), number(camera.frames))
    yield Row("dropped", _("Dropped"), number(camera.dropped))
    yield Row("reopened", _("Opened again"), number(camera.reopened))
    picture = camera.picture
    yield Row(
        "picture", _("Picture"), _(PICTURES.get(picture, picture)) if picture else UNKNOWN,
        "bad" if picture not in (None, "ok") else "",
    )  # fmt: skip


def _speed(figures: Figures) -> Iterator[Row]:
    yield Row("pose", _("Joints of a picture"), both(figures.pose))
    waits = (("kiosk", _("Last picture to verdict")), ("phone", _("Phone to verdict")))
    for source, label in waits:
        yield Row(f"wait-{source}", label, both(figures.waits.get(source, Times())))


def _today(figures: Figures) -> Iterator[Row]:
    verdicts = figures.verdicts
    yield Row("since", _("Since"), moment(verdicts.since))
    for source, label in (("kiosk", _("At the kiosk")), ("phone", _("By phone"))):
        counts = verdicts.counts[source]
        told = _("%(good)s good, %(bad)s bad, %(none)s not judged", good=counts["good"],
                 bad=counts["bad"], none=counts["not_judged"])  # fmt: skip
        yield Row(f"verdicts-{source}", label, told)
    yield Row("failed", _("Could not be read"), number(verdicts.failed))
    queue = figures.queue
    if queue is None:
        yield Row("queue", _("Waiting"), UNKNOWN)
        return
    told = number(queue.waiting)
    if queue.waiting:
        told = _("%(count)s, the oldest for %(time)s", count=told, time=span(queue.oldest))
    yield Row("queue", _("Waiting"), told)
    yield Row("arriving", _("On their way"), number(queue.arriving))


def _machine(figures: Figures) -> Iterator[Row]:
    machine = figures.machine
    if not machine.temperatures:
        yield Row("temperature", _("Temperature"), UNKNOWN)
    else:
        zone, hottest = max(machine.temperatures.items(), key=lambda one: one[1])
        yield Row("temperature", _("Temperature"), f"{hottest:.1f} °C ({zone})")
        others = ", ".join(
            f"{name} {celsius:.0f}" for name, celsius in machine.temperatures.items()
        )
        yield Row("zones", _("All of them"), others, english=True)
    if machine.throttling is None:
        yield Row("throttled", _("Slowed down"), UNKNOWN)
    elif machine.throttling:
        yield Row("throttled", _("Slowed down"), ", ".join(machine.throttling), "bad", english=True)
    else:
        yield Row("throttled", _("Slowed down"), _("no"))
    memory = UNKNOWN if machine.memory_mb is None else f"{machine.memory_mb:.0f} MB"
    yield Row("memory", _("Memory"), memory)
    yield Row("descriptors", _("Open files"), number(machine.descriptors))
    lacks = figures.unconfined
    if lacks:
        yield Row("confined", _("Videos are read confined"), f"without {', '.join(lacks)}",
                  english=True)  # fmt: skip
    else:
        yield Row("confined", _("Videos are read confined"), UNKNOWN if lacks is None else _("yes"))
    for thread in figures.threads:
        if thread.late:
            yield Row(f"thread-{thread.name}", thread.name, _("no sign of life for %(time)s",
                      time=span(thread.age)), "bad")  # fmt: skip


def _disk(figures: Figures) -> Iterator[Row]:
    disk, database = figures.disk, figures.database
    yield Row(
        "free", _("Free"), megabytes(disk.free_mb), "" if disk.enough else "bad"
    )  # fmt: skip
    yield Row("floor", _("Floor"), megabytes(disk.floor_mb))
    yield Row(
        "database", _("Database"),
        megabytes(database.megabytes) if database.ok else _("does not answer"),
        "" if database.ok else "bad",
    )  # fmt: skip
    if database.trouble:
        yield Row("trouble", _("Database"), database.trouble, "bad", english=True)
    yield Row("backup", _("Last copy"), moment(database.backup))


def _models(figures: Figures) -> Iterator[Row]:
    for model in figures.models:
        parts = dict.fromkeys((model.bundle, model.slot, model.state))  # of the software: shipped
        about = " · ".join(part for part in parts if part)
        yield Row(f"model-{model.name}", model.name, about or UNKNOWN, english=True)
        if model.why:
            yield Row(f"why-{model.name}", _("Why"), model.why, english=True)
        if model.failure:
            yield Row(f"failure-{model.name}", _("Failed"), model.failure, "bad", english=True)
        for network in model.networks:
            key = f"network-{model.name}-{network.name}"
            told = network.runtime + (f": {network.why}" if network.why else "")
            yield Row(key, network.name, told, english=True)
            if network.lost:
                yield Row(f"{key}-lost", _("Engine lost"), network.lost, "bad", english=True)


def _log(figures: Figures) -> Iterator[Row]:
    count = sum(figures.log_counts.values())
    told = ngettext("%(num)s line", "%(num)s lines", count)
    yield Row("count", _("Since the start"), told)
    for line in figures.log:
        at = f"{line.time.astimezone():%m-%d %H:%M:%S}"
        key = f"{line.time.timestamp():.6f}"
        state: State = "" if line.level == "WARNING" else "bad"
        yield Row(key, at, f"{line.logger}: {line.message}", state, english=True)


def both(times: Times) -> str:
    """Return median and 95th percentile in words, in seconds where milliseconds are too many."""
    if times.median is None or times.p95 is None:
        return UNKNOWN
    if times.p95 >= 10_000:
        return _("%(median)s s, 95 %%: %(high)s s", median=f"{times.median / 1000:.1f}",
                 high=f"{times.p95 / 1000:.1f}")  # fmt: skip
    return _("%(median)s ms, 95 %%: %(high)s ms", median=f"{times.median:.0f}",
             high=f"{times.p95:.0f}")  # fmt: skip


def number(value: float | None, digits: int = 0) -> str:
    """Return a number as it is read, or a dash."""
    return UNKNOWN if value is None else f"{value:,.{digits}f}".replace(",", "\u202f")


def megabytes(value: float | None) -> str:
    """Return a size in the unit that fits it."""
    if value is None:
        return UNKNOWN
    return f"{value / 1000:.1f} GB" if value >= 1000 else f"{value:.1f} MB"


def moment(time: datetime | None) -> str:
    """Return a time on this machine's clock, or a dash."""
    return UNKNOWN if time is None else f"{time.astimezone():%Y-%m-%d %H:%M:%S}"


def span(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return _("%(days)s d %(hours)s h", days=days, hours=hours)
    if hours:
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=minutes)
    if minutes:
        return _("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
    return _("%(seconds)s s", seconds=rest)
