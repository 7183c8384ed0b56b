"""All models side by side, on synthetic people, on somebody new, and on sets never seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.compare import BASELINE, MODELS, OURS
from training.datasets import HARD_TO_SEE
from training.examples import Examples
from training.measured import Measured
from training.measures import figures
from training.reporting.markdown import NOT_RUN, figure, scored, table, trivial, with_interval
from training.reporting.saved import Saved
from training.sets import RECORDED, visible
from training.train import standard

Array = npt.NDArray[np.float64]

RULES = "measured quantities alone (the pack's rules)"


def plainly(examples: Examples, scores: Array) -> str:
    """Return the accuracy alone."""
    return f"{((scores >= 0.5) == examples.labels).mean():.3f}"


def balanced(examples: Examples, scores: Array) -> str:
    """Return the balanced accuracy with its interval by person."""
    return with_interval(scored(examples, scores))


def rules(measured: Measured, *, plain: bool = False) -> str:
    """Return the accuracy of the pack's rules on what they can judge, and how much that is.

    :param plain: the accuracy alone instead of the balanced one with its interval.
    """
    can = measured.where(np.isfinite(measured.rules))
    if not len(can):
        return "-"
    found = figures(can.labels, can.rules, can.groups.tolist(), can.errors.tolist())
    text = f"{found['accuracy']:.3f}" if plain else with_interval(found)
    return text if len(can) == len(measured) else f"{text}, {len(can)} of {len(measured)} judged"


def seen_well(measured: Measured) -> Measured:
    """Return what ten joints from the front can show."""
    return measured.where(~np.isin(measured.errors, HARD_TO_SEE))


def unseen_table(saved: Saved) -> str:
    """Return how models that know only synthetic people do on everybody else."""
    sets, rows = saved.bench.sets, []
    usual = standard(sets.test)
    aitrainer, wing = sets.measured("aitrainer", "guide"), sets.measured("wing", "guide")
    plain_to_see = ~np.isin(aitrainer.error, HARD_TO_SEE)
    for name in (BASELINE, *MODELS):
        said = saved.unseen(name)
        if said is None:
            rows.append([name, *[NOT_RUN] * 6])
            continue
        test = said["test/score"]
        rows.append([
            name,
            plainly(sets.test.where(usual), test[usual]),
            plainly(sets.test, test),
            plainly(sets.rendered, said["rendered/score"]),
            balanced(sets.recorded, said["recorded/score"]),
            balanced(visible(aitrainer), said["aitrainer-guide/score"][plain_to_see]),
            balanced(wing, said["wing-guide/score"]),
        ])  # fmt: skip
    made, real = saved.made, saved.real
    rows.append([
        RULES,
        rules(made["standard view"], plain=True),
        rules(made["all views"], plain=True),
        rules(made["rendered"], plain=True) if "rendered" in made else NOT_RUN,
        rules(real["UI-PRMD"]),
        rules(seen_well(real["aitrainer guide"])),
        rules(real["wing guide"]),
    ])  # fmt: skip
    shares = [sets.test.where(usual), sets.test, *([sets.rendered] if saved.clips else [])]
    for name, good in (("always good", True), ("always bad", False)):
        cells = [f"{(one.labels == good).mean():.3f}" for one in shares]
        rows.append([name, *cells, *[NOT_RUN] * (3 - len(cells)), *["0.500"] * 3])
    head = ["model", "synthetic, standard view", "synthetic, all views", "rendered",
            "UI-PRMD, balanced (95 %)", "aitrainer guide\\*, balanced (95 %)",
            "wing guide, balanced (95 %)"]  # fmt: skip
    return table(head, rows)


def left_out_table(saved: Saved) -> str:
    """Return how every model does on people left out, with synthetic people and without."""
    sets, rows = saved.bench.sets, []
    for name in (BASELINE, *MODELS):
        cells = [name]
        for synthetic in (True, False):
            scores = saved.left_out(name, "uiprmd", synthetic)
            cells.append(NOT_RUN if scores is None else balanced(sets.recorded, scores))
        for synthetic in (True, False):
            cells += _aitrainer_cells(sets.measured("aitrainer"), saved, name, synthetic)
        rows.append(cells)
    rows.append([RULES, rules(saved.real["UI-PRMD"]), "the same", *["-"] * 4])
    rows += [[name, *["0.500"] * 6] for name in ("always good", "always bad")]
    head = ["model", "UI-PRMD", "without synthetic", "aitrainer", "aitrainer\\*",
            "aitrainer without synthetic", "aitrainer\\* without synthetic"]  # fmt: skip
    return table(head, rows)


def _aitrainer_cells(
    examples: Examples, saved: Saved, name: str, synthetic: bool
) -> tuple[str, str]:
    scores = saved.left_out(name, "aitrainer", synthetic)
    if scores is None:
        return NOT_RUN, NOT_RUN
    keep = ~np.isin(examples.error, HARD_TO_SEE)
    return balanced(examples, scores), balanced(visible(examples), scores[keep])


def people_table(saved: Saved) -> str:
    """Return the accuracy of our network on each person of UI-PRMD left out, by sensor."""
    examples = saved.bench.sets.recorded
    scores = saved.left_out(OURS, "uiprmd", synthetic=True)
    if scores is None:
        return NOT_RUN
    right = (scores >= 0.5) == examples.labels

    def share(rows: npt.NDArray[np.bool_]) -> list[str]:
        return [figure(right[rows & (examples.source == name)].mean()) for name in RECORDED]

    people = sorted(set(examples.person.tolist()))
    rows = [[person, *share(examples.person == person)] for person in people]
    everybody = share(np.ones(len(examples), bool))
    return table(["left out", *RECORDED], [*rows, ["all", *everybody]])


def facts_table(saved: Saved) -> str:
    """Return how large every set is and what the two trivial answers get on it."""
    sets = saved.bench.sets
    named = {
        "synthetic, all views": sets.test,
        "synthetic, standard view": sets.test.where(standard(sets.test)),
        **({"rendered": sets.rendered} if saved.clips else {}),
        "UI-PRMD, both sensors": sets.recorded,
        "aitrainer guide": sets.measured("aitrainer", "guide"),
        "aitrainer guide\\*": visible(sets.measured("aitrainer", "guide")),
        "wing guide": sets.measured("wing", "guide"),
    }
    rows = []
    for name, one in named.items():
        found = scored(one, np.zeros(len(one)))
        rows.append([name, len(one), int(one.labels.sum()), len(set(one.person.tolist())),
                     *trivial(found)])  # fmt: skip
    head = ["set", "repetitions", "correct", "people or dates", "always good", "always bad"]
    return table(head, rows)
