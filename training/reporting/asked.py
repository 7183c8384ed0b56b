"""The table that opens the report: what was asked for, what came out, and why where it is short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from training.compare import OURS
from training.explained import Explained
from training.final import read_log
from training.measured import NAMES, Measured
from training.measures import accuracy
from training.naming import GROUPS
from training.reporting.compared import plainly
from training.reporting.cost import Timing, cpu_hours
from training.reporting.markdown import NOT_RUN, figure, scored, table, with_interval
from training.reporting.parts import joined, least_f1, macro
from training.reporting.quantities import counted
from training.reporting.saved import Saved
from training.reporting.views import lost_nearby
from training.sets import visible
from training.train import standard


@dataclass(frozen=True)
class Row:
    """One thing that was asked for.

    :param what: in words.
    :param asked: the figure asked for, in words.
    :param got: what came out, in words.
    :param met: whether that is enough; None: not known.
    :param why: why not, where it is not.
    """

    what: str
    asked: str
    got: str
    met: bool | None
    why: str


def asked_table(rows: Sequence[Row]) -> str:
    """Return the opening table."""
    cells = []
    for row in rows:
        unknown = NOT_RUN if row.got == NOT_RUN else "-"
        met = unknown if row.met is None else "yes" if row.met else "**no**"
        cells.append([row.what, row.asked, row.got, met, row.why if row.met is False else ""])
    return table(["what", "asked", "got", "met", "why where short"], cells)


WHY: Final = {
    "uiprmd": "The mistakes were acted, and the correct squats of three of the ten people look "
    "like other people's incorrect ones: the table by person shows where it is lost.",
    "named": "The sets' parts are read from the names of their errors, one part for each clip, "
    "while the network often holds another part to be wrong as well.",
    "standard": "Most of what is missed is next to a limit, where the pose model's error is larger "
    "than what makes the difference: the table by severity shows it.",
    "near": "A turn or a high camera hides part of what is measured in three dimensions.",
    "f1": "Near its limit a part cannot be told from a correct one through the pose model's error.",
    "count": "Clips cut inside a movement, or too shallow to count, show no whole repetition.",
    "speed": "The network itself is a small part; explanation and resampling are most of it: see "
    "the timing below.",
    "exact": "See the export.",
    "hours": "See the list of the runs.",
    "rendered": "The clips are still being made, or the pose model lost some.",
}
"""One sentence for each, used only where the figure is short."""

FINAL: Final = ("aitrainer_visible", "wing")
"""What the log calls the final halves of what can be seen."""


def final_figures(digest: str | None) -> Mapping[str, Any]:
    """Return what the log says of this network on the final halves; empty: not looked at.

    :param digest: of the shipped weights.
    """
    entries = [entry for entry in read_log() if entry["model"] == digest]
    return dict(entries[0]["figures"]) if entries else {}


def asked_rows(saved: Saved, timing: Timing | None, told: Sequence[Explained]) -> list[Row]:
    """Return all that was asked for.

    :param timing: of the exported bundle, if there is one.
    :param told: what was explained.
    """
    shipped = saved.shipped
    final = final_figures(shipped.digest if shipped else None)
    rows = [_left_out(saved), *_real(saved, final), _named(saved, final), *_synthetic(saved)]
    bench = saved.bench
    cpu = cpu_hours(bench.folder, bench.sets.hashes)[0] if saved.complete else None
    right = float(np.mean([one.right for one in told])) if told else None
    return [
        *rows,
        Row("explanation names the part, one fault, standard view", "how often",
            NOT_RUN if right is None else f"{right:.3f}", None, ""),
        _least("repetitions counted exactly in recorded clips", ">= 0.95", counted(saved.real),
               0.95, why="count"),
        _least("clips drawn to pixels and tracked", ">= 300", _rendered(saved), 300,
               why="rendered", form="{:.0f}"),
        _below("one clip's assessment after the pose model, one core", "< 5 ms",
               timing.median_ms if timing else None, 5.0, why="speed", form="{:.1f} ms"),
        _below("ONNX against Keras", "< 1e-5", timing.apart if timing else None, 1e-5, why="exact",
               form="{:.1e}"),
        _below("the saved runs, on two cores", "< 8 h, 16 CPU-hours", cpu, 16.0,
               why="hours", form="{:.1f} CPU-hours"),
    ]  # fmt: skip


def _least(
    what: str, asked: str, got: float | None, limit: float, *, why: str, form: str = "{:.3f}"
) -> Row:
    """Return a row whose figure has to be at least the limit."""
    if got is None or not np.isfinite(got):
        return Row(what, asked, NOT_RUN, None, "")
    return Row(what, asked, form.format(got), got >= limit, WHY[why])


def _below(what: str, asked: str, got: float | None, limit: float, *, why: str, form: str) -> Row:
    """Return a row whose figure has to be below the limit."""
    if got is None or not np.isfinite(got):
        return Row(what, asked, NOT_RUN, None, "")
    return Row(what, asked, form.format(got), got < limit, WHY[why])


def _rendered(saved: Saved) -> float | None:
    return float(len(saved.bench.sets.rendered)) if saved.clips else None


def _left_out(saved: Saved) -> Row:
    what, asked = "UI-PRMD, leave one person out, balanced", ">= 0.88"
    scores = saved.left_out(OURS, "uiprmd", synthetic=True)
    if scores is None:
        return Row(what, asked, NOT_RUN, None, "")
    found = scored(saved.bench.sets.recorded, scores)
    met = found["balanced_accuracy"] >= 0.88
    return Row(what, asked, with_interval(found), met, WHY["uiprmd"])


def _real(saved: Saved, final: Mapping[str, Any]) -> list[Row]:
    """Return the sets that are only measured: the final half decides, the guide half beside it."""
    rows = []
    for key, name, what in (
        ("aitrainer_visible", "aitrainer", "aitrainer without heels and toes, never seen"),
        ("wing", "wing", "wing, never seen"),
    ):
        if name not in saved.said:
            rows.append(Row(what, ">= 0.85 balanced", NOT_RUN, None, ""))
            continue
        examples, said = saved.examples[name], saved.said[name]
        keep = np.isin(examples.error, visible(examples).error)
        found = scored(examples.where(keep), said.score[keep])
        guide = f"guide half {with_interval(found)}"
        if key not in final:
            met = found["balanced_accuracy"] >= 0.85
            text = f"final half {NOT_RUN}; {guide}"
        else:
            met = final[key]["balanced_accuracy"] >= 0.85
            text = f"final half {with_interval(final[key])}; {guide}"
        rows.append(Row(what, ">= 0.85 balanced", text, met, depths(saved, name)))
    return rows


def depths(saved: Saved, name: str) -> str:
    """Return how deep the correct squats of a set are beside others': what most often decides."""

    def depth(measured: Measured, kind: str | None = None) -> str:
        rows = measured.labels == 1 if kind is None else measured.errors == kind
        return f"{np.nanmedian(measured.values[rows, NAMES.index('depth')]):.0f} %"

    real, made = saved.real, saved.made["exactly"]
    aitrainer = real["aitrainer guide"]
    powerlifting, shallow = depth(aitrainer, "powerlifting squat"), depth(aitrainer, "no depth")
    mine = f"{powerlifting} (powerlifting squats of aitrainer)"
    if name != "aitrainer":
        mine = f"{depth(real[f'{name} guide'])} ({name})"
    return (
        "Sets disagree on what is deep enough: correct squats sink, in medians and of the leg in "
        f"the picture, by {depth(made)} (synthetic), {depth(real['UI-PRMD'])} (UI-PRMD) and "
        f"{mine}; what aitrainer calls too shallow by {shallow}."
    )


def _named(saved: Saved, final: Mapping[str, Any]) -> Row:
    what = "named part, mean recall over the parts, aitrainer and wing, without heels and toes"
    if not saved.said:
        return Row(what, ">= 2/3", NOT_RUN, None, "")
    guide, logged = macro(joined(*named_guide(saved))), final_macro(final)
    text = f"final halves {figure(logged)}; guide halves {figure(guide)}"
    decides = guide if logged is None else logged
    return Row(what, ">= 2/3", text, None if decides is None else decides >= 2 / 3, WHY["named"])


def final_macro(final: Mapping[str, Any]) -> float | None:
    """Return the mean recall of the named part in both final halves together.

    :param final: what the log says of a network; None is returned where it names no parts.
    """
    looks = [final[key]["named"] for key in FINAL if final.get(key, {}).get("named")]
    recalls = []
    for group in GROUPS:
        seen = [one["by_part"][group] for one in looks if group in one["by_part"]]
        if seen:
            recalls.append(sum(one["right"] for one in seen) / sum(one["of"] for one in seen))
    return float(np.mean(recalls)) if recalls else None


def named_guide(saved: Saved) -> list[tuple[Any, Any]]:
    """Return truth and answers of the parts in both guide halves, without heels and toes."""
    found = []
    for name in ("aitrainer", "wing"):
        examples, said = saved.examples[name], saved.said[name]
        keep = np.isin(examples.error, visible(examples).error)
        found.append((examples.wrong[keep], said.parts[keep]))
    return found


def _synthetic(saved: Saved) -> list[Row]:
    names = ("synthetic people, standard view", "lost within 20 degrees and 1.0 to 1.6 m",
             "least F1 of a part, standard view")  # fmt: skip
    asked = (">= 0.95", "<= 0.03", ">= 0.85")
    if not saved.said:
        return [Row(w, a, NOT_RUN, None, "") for w, a in zip(names, asked, strict=True)]
    test, said = saved.examples["synthetic"], saved.said["synthetic"]
    usual = np.flatnonzero(standard(test))
    here, at_usual = test.take(usual), said.take(usual)
    lost = lost_nearby(test, said.score)
    part, least = least_f1(here, at_usual)
    return [
        Row(names[0], asked[0], plainly(here, at_usual.score),
            accuracy(here.labels, at_usual.score) >= 0.95, WHY["standard"]),
        Row(names[1], asked[1], NOT_RUN if lost is None else f"{lost:.3f}",
            None if lost is None else lost <= 0.03, WHY["near"]),
        Row(names[2], asked[2], f"{least:.3f} ({part})", least >= 0.85, WHY["f1"]),
    ]  # fmt: skip
