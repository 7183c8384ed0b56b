"""The sections of the report, on made-up runs whose figures are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

pytest.importorskip("keras", reason="training needs .venv-training, see training/README.md")

from tests.training.reports import examples
from training.corpus import LABELS
from training.measures import figures
from training.naming import naming_figures
from training.reporting.asked import Row, asked_table, final_macro
from training.reporting.cost import cpu_hours, runs_table, time_assessments
from training.reporting.looks import looks_naming, looks_table
from training.reporting.markdown import figure, table
from training.reporting.parts import confusion, naming_table, part_table
from training.reporting.saved import Saved, Told
from training.reporting.text import report_text
from training.reporting.views import lost_nearby, near_limit, severity_table, view_tables
from training.runs import Run


def told(some: Any, wrong_at: int = 0) -> Told:
    """Return right answers but for the first few; the left knee's head follows the verdict."""
    scores = np.where(some.labels == 1, 0.9, 0.1)
    scores[:wrong_at] = 1 - scores[:wrong_at]
    parts = np.zeros((len(some), len(LABELS)))
    parts[:, LABELS.index("left_knee")] = 1 - scores
    return Told(scores, parts, some.view)


def test_tables_are_markdown() -> None:
    assert table(["a", "b"], [[1, "x"]]) == "| a | b |\n|---|---|\n| 1 | x |"
    assert [figure(0.12345), figure(None), figure(float("nan"))] == ["0.123", "-", "-"]


def test_the_opening_table_says_why_only_where_something_is_short() -> None:
    rows = [
        Row("one", ">= 1", "2", True, "because"),
        Row("two", ">= 1", "0", False, "because"),
        Row("three", ">= 1", "not run", None, "because"),
        Row("four", "how often", "0.8", None, ""),
    ]
    lines = asked_table(rows).splitlines()[2:]
    assert lines == [
        "| one | >= 1 | 2 | yes |  |",
        "| two | >= 1 | 0 | **no** | because |",
        "| three | >= 1 | not run | not run |  |",
        "| four | how often | 0.8 | - |  |",
    ]


def test_a_part_in_both_final_halves_counts_once() -> None:
    final = {
        "aitrainer_visible": {"named": {"by_part": {"torso": {"right": 1, "of": 4},
                                                    "knees": {"right": 1, "of": 1}}}},
        "wing": {"named": {"by_part": {"torso": {"right": 3, "of": 4}}}},
    }  # fmt: skip
    assert final_macro(final) == 0.75
    assert final_macro({}) is None
    assert final_macro({"wing": {"named": None}}) is None


def test_views_count_either_side_and_show_what_is_lost(tmp_path: Path) -> None:
    view = np.tile([[0.0, 1.3]], (80, 1))
    view[40:] = [-15.0, 1.2]
    some = examples(view=view)
    said = told(some)
    said.score[40:44] = 1 - said.score[40:44]  # four of forty wrong from aside
    yaw, height = view_tables(some, said.score, tmp_path)
    assert "| 0 to 10 | 40 | 1.000 | 0.500 | 0.500 |" in yaw
    assert "| 10 to 20 | 40 | 0.900 | 0.500 | 0.500 |" in yaw
    assert "| 1 to 1.3 | 40 | 0.900 |" in height
    assert (tmp_path / "view.svg").exists()
    assert lost_nearby(some, said.score) == pytest.approx(0.1)
    assert lost_nearby(replace(some, view=view + np.array([0.0, 5.0])), said.score) is None


def test_severity_is_that_of_the_worst_part(tmp_path: Path) -> None:
    severity = np.full((80, len(LABELS)), -0.3)
    severity[:, 3] = np.where(np.arange(80) % 2, -0.3, np.linspace(0.01, 0.8, 80))
    severity[1::2, 5] = np.nan  # whose head is not in the picture
    some = examples(severity=severity)
    scores = told(some).score
    lines = severity_table(some, scores, tmp_path).splitlines()
    assert lines[-1].endswith("| 8 | 1.000 | 1.000 |")
    assert sum(int(line.split(" | ")[1]) for line in lines[2:]) == 80
    scores[0] = 0.9  # the least severe one is missed
    assert near_limit(some, scores).startswith("100% of the wrong verdicts")


def test_confusion_of_synthetic_people_is_by_label_and_of_others_by_word() -> None:
    some = examples()
    by_label = confusion(some, told(some, wrong_at=2))
    assert "| left_knee | 40 | 0.97 | 0.00 | 0.97 | 0.00 | 0.00 | 0.00 | 0.00 | 0.00 |" in by_label
    assert "| nothing | 40 | 0.03 |" in by_label
    others = replace(some, source=np.full(80, "aitrainer"))
    assert "| left knee in | 40 | 1.00 |" in confusion(others, told(others))
    assert "| left_knee | 40 | 80 | 1.0 | 1.0 | 1.0 | 1.0 | 0.5 |" in part_table(some, told(some))


def test_naming_is_shown_by_part() -> None:
    some = examples()
    found = naming_table({"made up": (some.wrong, told(some).parts)})
    assert "| made up | **1.000** | - | 1.00 (40 of 40) | - | - | - |" in found


def test_the_log_of_the_final_halves_is_shown_whole() -> None:
    some = examples()
    said = told(some, wrong_at=4)
    one = figures(some.labels, said.score, some.person.tolist(), some.error.tolist())
    one["named"] = naming_figures(some.wrong, said.parts)
    entry = {"date": "2026-01-01", "model": "abc", "git": "1", "why": "to ship"}
    log = [{**entry, "figures": {"wing": one}}, {**entry, "model": "old", "figures": {"wing": one}}]
    text = looks_table(log, "abc")
    assert "| **abc** | 1 | to ship | wing | 80 | 0.950 |" in text
    assert "| old |" in text
    assert "| wing | **1.000** |" in looks_naming(log, "abc")
    assert looks_table([], None) == "No model was looked at yet."


DATA = {"corpus": "1234"}


def write_run(folder: Path, name: str, seconds: float, **data: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{name}.npz")
    settings = {"seed": 1, "data": {**DATA, **data}}
    about = {"settings": settings, "git": "abc", "seconds": seconds, "cpu_seconds": 2 * seconds}
    (folder / f"{name}.json").write_text(json.dumps(about))


def test_runs_are_added_up_with_seed_code_and_data(tmp_path: Path) -> None:
    write_run(tmp_path / "uiprmd" / "ours", "one", 1800)
    write_run(tmp_path / "uiprmd" / "ours", "two", 1800)
    write_run(tmp_path / "uiprmd" / "ours", "outdated", 1800, corpus="0987")
    assert cpu_hours(tmp_path, DATA) == (2.0, 1.0)
    (line,) = runs_table(tmp_path, DATA).splitlines()[2:]
    assert line.startswith("| uiprmd/ours | 2 | 1 | abc | ")
    assert line.endswith(" | 7200 |")


def test_a_bundle_of_another_network_is_not_timed(tmp_path: Path) -> None:
    assert time_assessments([], {}, tmp_path) is None
    assert time_assessments([], {"training": {"git": "of no bundle"}}) is None


def test_what_was_not_run_is_none_until_all_of_it_is_there(tmp_path: Path) -> None:
    some = examples()
    runs = [([name], Run(tmp_path, {"out": name})) for name in ("p1", "p2", "p3", "p4")]
    bench = SimpleNamespace(
        source=lambda source: (some, some), left_out_runs=lambda name, source, synthetic: runs
    )
    saved = Saved(cast("Any", bench), tmp_path)
    assert saved.shipped is None and saved.said == {}
    for number, (out, run) in enumerate(runs):
        assert saved.left_out("ours", "uiprmd", synthetic=True) is None
        rows = np.isin(some.person, out)
        run.once(lambda rows=rows, n=number: {"unseen/score": np.full(rows.sum(), n / 4)})
    scores = saved.left_out("ours", "uiprmd", synthetic=True)
    assert scores is not None
    assert scores[some.person == "p3"].tolist() == [0.5] * 20


def test_the_text_has_a_place_for_every_section_and_each_plot() -> None:
    class Named(dict[str, str]):
        def __missing__(self, key: str) -> str:
            self[key] = f"<{key}>"
            return self[key]

    found = Named()
    text = report_text(found)
    assert text.startswith("# What the squat model is worth\n")
    assert text.index("<asked>") < text.index("## ")
    assert "{" not in text
    for plot in ("view", "severity", "reliability", "overlap"):
        assert f"(figures/{plot}.svg)" in text
