"""Write ``training/REPORT.md`` and its plots from what the saved runs hold: nothing is trained.

python -m training.report --data ../shared/data
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import click
import numpy as np
import numpy.typing as npt

from training.compare import Bench
from training.examples import Examples
from training.final import read_log
from training.measured import Measured
from training.reference import trial
from training.reporting.asked import asked_rows, asked_table, named_guide
from training.reporting.compared import (
    facts_table,
    left_out_table,
    people_table,
    seen_well,
    unseen_table,
)
from training.reporting.cost import Timing, cpu_hours, runs_table, time_assessments
from training.reporting.explanation import explained, explained_table
from training.reporting.leaks import sides_table, trials_table
from training.reporting.looks import looks_naming, looks_table
from training.reporting.markdown import NOT_RUN, scored, table, trivial, with_interval
from training.reporting.parts import confusion, joined, naming_table, part_table, rule_parts
from training.reporting.quantities import count_table, kinds_table, overlap_table, ranking_table
from training.reporting.saved import Saved, Told
from training.reporting.text import report_text
from training.reporting.views import (
    calibration_error,
    near_limit,
    severity_table,
    view_error,
    view_tables,
)
from training.runs import git_hash
from training.sets import Sets
from training.train import standard

REPORT: Final = Path(__file__).with_name("REPORT.md")
FIGURES: Final = "figures"
"""Name of the folder of the plots, beside the report."""

Pair = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]
"""Truth and answers of the parts, [N, 7] each."""

OF_THE_NETWORK: Final = (
    "yaw", "height", "view_error", "severity", "near_limit", "rendered", "error", "parts",
    "parts_all", "parts_rendered", "confusion", "confusion_rendered", "confusion_aitrainer",
    "confusion_wing", "naming",
)  # fmt: skip
"""Sections that need the shipped network."""


def about(saved: Saved) -> dict[str, str]:
    """Return what was measured on, with what code and data, and what it cost."""
    bench = saved.bench
    cpu, hours = cpu_hours(bench.folder, bench.sets.hashes)
    people = []
    for part in ("train", "validation", "test"):
        path = bench.sets.folder / "corpus" / part / "corpus.json"
        one = json.loads(path.read_text(encoding="utf-8"))
        people.append(f"{part} {one['people']} people, {one['each']} movements each")
    seen = len(bench.sets.rendered) if saved.clips else 0
    return {
        "git": git_hash(),
        "seed": str(bench.seed),
        "digest": saved.shipped.digest if saved.shipped else NOT_RUN,
        "people": f"People: {'; '.join(people)}.",
        "lost": f"of {len(saved.clips)} clips the pose model's track could be used in {seen}",
        "facts": facts_table(saved),
        "cost": f"The saved runs of the comparison with these data took {cpu:.1f} CPU-hours "
        f"({hours:.1f} hours on a busy machine). Not in it: making the synthetic people, filming "
        "and drawing them, and calibrating the shipped model.",
        "runs": runs_table(bench.folder, bench.sets.hashes),
        "hashes": table(["data", "hash"], [[k, v] for k, v in sorted(bench.sets.hashes.items())]),
    }


def of_comparison(saved: Saved) -> dict[str, str]:
    """Return the sections about all models."""
    return {
        "unseen": unseen_table(saved),
        "left_out": left_out_table(saved),
        "by_person": people_table(saved),
        "reference": reference_table(saved),
    }


def reference_table(saved: Saved) -> str:
    """Return whether a personal reference helps."""
    try:
        rows = trial(saved.bench)
    except click.ClickException:
        return NOT_RUN
    return table(
        ["model", "reference", "accuracy", "balanced (95 %)", "always good", "always bad"],
        [[row["model"], row["reference"], f"{row['accuracy']:.3f}", with_interval(row),
          *trivial(row)] for row in rows],
    )  # fmt: skip


def of_network(saved: Saved, figures: Path) -> dict[str, str]:
    """Return the sections about the shipped network.

    :param figures: folder of the plots.
    """
    if not saved.said:
        return dict.fromkeys(OF_THE_NETWORK, NOT_RUN)
    test, said = saved.examples["synthetic"], saved.said["synthetic"]
    usual = np.flatnonzero(standard(test))
    yaw, height = view_tables(test, said.score, figures)
    rendered = of_rendered(saved)
    return {
        "yaw": yaw,
        "height": height,
        "view_error": view_error(test, said.view),
        "severity": severity_table(test, said.score, figures),
        "near_limit": near_limit(test, said.score),
        "error": f"{calibration_error(test, said.score, figures):.3f}",
        "parts": part_table(test.take(usual), said.take(usual)),
        "parts_all": part_table(test, said),
        "confusion": confusion(test, said),
        **rendered,
        **{
            f"confusion_{name}": confusion(saved.examples[name], saved.said[name])
            for name in ("aitrainer", "wing")
        },
        "naming": naming_table(of_naming(saved)),
    }


def of_rendered(saved: Saved) -> dict[str, str]:
    """Return the sections about rendered people."""
    if "rendered" not in saved.said:
        return dict.fromkeys(("rendered", "parts_rendered", "confusion_rendered"), NOT_RUN)
    examples, said = saved.examples["rendered"], saved.said["rendered"]
    found = scored(examples, said.score)
    usual = standard(examples)
    near = f"; {int(usual.sum())} of them at the standard view: "
    near += f"{_accuracy(examples, said, usual):.3f}" if usual.any() else "-"
    return {
        "rendered": f"The {len(examples)} rendered and tracked squats from all sides: accuracy "
        f"{found['accuracy']:.3f} (always good {found['always_good']['accuracy']:.3f}, always bad "
        f"{found['always_bad']['accuracy']:.3f}), balanced {with_interval(found)}{near}.",
        "parts_rendered": part_table(examples, said),
        "confusion_rendered": confusion(examples, said),
    }


def _accuracy(examples: Examples, said: Told, rows: npt.NDArray[np.bool_]) -> float:
    return float(((said.score >= 0.5) == examples.labels)[rows].mean())


def of_naming(saved: Saved) -> dict[str, Pair]:
    """Return truth and answers of the parts in every set in which they are known."""
    aitrainer, wing = named_guide(saved)
    found = {
        "aitrainer guide\\*": aitrainer,
        "wing guide": wing,
        "both": joined(aitrainer, wing),
        "aitrainer guide with heels and toes": _truth(saved, "aitrainer"),
        "synthetic, all views": _truth(saved, "synthetic"),
    }
    if "rendered" in saved.said:
        found["rendered"] = _truth(saved, "rendered")
    real = [seen_parts(saved.real[f"{name} guide"]) for name in ("aitrainer", "wing")]
    return found | {"both guides\\*, the pack's rules alone": joined(*real)}


def seen_parts(measured: Measured) -> Pair:
    """Return truth and what the pack's rules say of the parts, without heels and toes."""
    plain = seen_well(measured)
    return plain.wrong, rule_parts(plain)


def _truth(saved: Saved, name: str) -> Pair:
    return saved.examples[name].wrong, saved.said[name].parts


def of_quantities(saved: Saved, figures: Path) -> dict[str, str]:
    """Return the sections about measured quantities."""
    made, real = saved.made["exactly"], saved.real
    return {
        "rankings": ranking_table({"synthetic": made, **real}),
        "kinds": kinds_table(real["aitrainer guide"]),
        "overlap": overlap_table(made, real, figures / "overlap.svg"),
        "counts": count_table(real),
    }


def timing_text(timing: Timing | None) -> str:
    """Return how long an assessment takes."""
    if timing is None:
        return f"The exported bundle: {NOT_RUN}."
    return (
        f"One clip of one repetition with the exported bundle ({timing.label}), after the pose "
        f"model, on one core: {timing.median_ms:.1f} ms of processor time in the median, "
        f"{timing.slowest_ms:.1f} ms for one in twenty; {timing.explained_ms:.1f} ms of it for "
        "the explanation."
    )


def sections(saved: Saved, figures: Path, tell: Callable[[str], object]) -> dict[str, str]:
    """Return all sections by their names, and draw the plots.

    :param figures: folder of the plots.
    :param tell: is told what is done.
    """
    tell("runs")
    found = about(saved) | of_comparison(saved)
    tell("the network")
    found |= of_network(saved, figures)
    tell("measured quantities")
    found |= of_quantities(saved, figures)
    tell("explanation")
    told = explained(saved)
    found["explained"] = explained_table(told) if told else NOT_RUN
    tell("leakage")
    found |= {"sides": sides_table(saved), "trials": trials_table(saved)}
    digest = saved.shipped.digest if saved.shipped else None
    found |= {"final": looks_table(read_log(), digest),
              "naming_final": looks_naming(read_log(), digest)}  # fmt: skip
    timing = time_assessments(saved.tracks, saved.shipped.report) if saved.shipped else None
    found["cost"] = f"{found['cost']} {timing_text(timing)}"
    found["asked"] = asked_table(asked_rows(saved, timing, told))
    return found


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"),
              help="Folder with the recorded data sets.")  # fmt: skip
@click.option("--folder", type=click.Path(path_type=Path), default=Path("training/runs"),
              help="Where corpora, rendered clips and runs are.")  # fmt: skip
@click.option("--run", type=click.Path(path_type=Path), default=Path("training/runs/squat"),
              help="Folder that training.train wrote.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=REPORT, help="The report.")
@click.option("--seed", default=1, help="Of the runs.")
def main(data: Path, folder: Path, run: Path, out: Path, seed: int) -> None:
    """Write the report from saved runs."""
    saved = Saved(Bench(Sets(data, folder), folder / "compare", seed), run)
    found = sections(saved, out.parent / FIGURES, click.echo)
    out.write_text(report_text(found), encoding="utf-8")
    click.echo(f"{out} is written")


if __name__ == "__main__":
    main()
