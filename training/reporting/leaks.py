"""The checks for leakage: people, copies, the person as the answer, nonsense, and length."""

from __future__ import annotations

from collections.abc import Sequence

from training.compare import BASELINE, MODELS
from training.examples import Examples
from training.leakage import (
    dealt_once,
    length_alone,
    on_two_sides,
    person_predicts,
    same_movement,
    shuffled_labels,
)
from training.reporting.markdown import figure, table
from training.reporting.saved import Saved
from training.synthetic.pose_errors import default_bank
from training.takes import SYNTHETIC, Take


def sides_table(saved: Saved) -> str:
    """Return whether anybody is on two sides of anything."""
    parts = {name: saved.movements(name) for name in ("train", "validation", "test")}
    sides = {name: sorted({take.person for take in takes}) for name, takes in parts.items()}
    sides["rendered"] = sorted({clip.person for clip in saved.clips})
    sides["clips of the pose errors"] = sorted(set(default_bank().people.tolist()))
    sides["UI-PRMD"] = sorted({take.person for take in saved.recorded})
    both = {name for names in on_two_sides(sides).values() for name in names}
    rows = [[f"people on two of these sides: {', '.join(sides)}", len(both)]]
    rows += [[f"models whose runs on {source} do not leave everybody out exactly once", odd]
             for source, odd in left_out_oddly(saved).items()]  # fmt: skip
    synthetic = {f"synthetic {name}": takes for name, takes in parts.items()}
    rows += [[f"the same movement twice: {where}", count]
             for where, count in same_movement(synthetic).items()]  # fmt: skip
    for source, takes in {
        "UI-PRMD": saved.recorded,
        "aitrainer": saved.bench.sets.takes("aitrainer"),
    }.items():
        within, between = _by_person(takes)
        rows.append([f"the same movement twice: {source}, one person or date", within])
        rows.append([f"the same movement twice: {source}, two people or dates", between])
    return table(["check", "found"], rows)


def left_out_oddly(saved: Saved) -> dict[str, int]:
    """Return for each source how many models' runs do not leave everybody out exactly once."""
    found = {}
    for source in ("uiprmd", "aitrainer"):
        people = saved.bench.source(source)[1].person.tolist()
        odd = 0
        for name in (BASELINE, *MODELS):
            for synthetic in (True, False):
                runs = saved.bench.left_out_runs(name, source, synthetic)
                odd += not dealt_once([out for out, _ in runs], people)
        found[source] = odd
    return found


def _by_person(takes: Sequence[Take]) -> tuple[int, int]:
    """Return how many movements are there twice within a person, and in two of them."""
    people = {
        name: [take for take in takes if take.person == name]
        for name in sorted({take.person for take in takes})
    }
    found = same_movement(people)
    within = sum(count for where, count in found.items() if where.startswith("within "))
    return within, sum(found.values()) - within


def trials_table(saved: Saved) -> str:
    """Return what can be had from the person, from nonsense, and from the length alone."""
    sets = saved.bench.sets
    plain: dict[str, Examples] = {
        "UI-PRMD": sets.recorded,
        f"{SYNTHETIC} people": sets.test,
        "aitrainer guide": sets.measured("aitrainer", "guide"),
    }
    rows = []
    for name, examples in plain.items():
        person, (mean, spread) = person_predicts(examples), shuffled_labels(examples)
        length = length_alone(examples)
        rows.append([
            name, f"{person['person']:.2f} ({person['chance']:.2f})", figure(person["label"]),
            f"{mean:.3f} ± {spread:.3f}", figure(length["area"]), figure(length["accuracy"]),
        ])  # fmt: skip
    head = ["set", "person recognised (chance)", "label from the person", "labels shuffled",
            "length alone: area", "threshold"]  # fmt: skip
    return table(head, rows)
