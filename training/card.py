"""The model card, written from the manifest so that both tell the same story."""

from __future__ import annotations

from typing import Any


def figures_table(figures: dict[str, Any]) -> str:
    """Return the measured figures as a Markdown table."""
    rows = [
        "| measured on | repetitions (correct) | groups | accuracy | balanced accuracy (95 %) "
        "| area under curve | always good | always bad |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in figures.values():
        if "balanced_accuracy" not in one:
            continue
        low, high = one["balanced_accuracy_95"]
        rows.append(
            f"| {one['what']} | {one['repetitions']} ({one['correct']}) | {one['groups']} "
            f"| {one['accuracy']:.3f} | {one['balanced_accuracy']:.3f} ({low:.2f}-{high:.2f}) "
            f"| {one['area_under_curve']:.3f} | {one['always_good']['accuracy']:.3f} "
            f"| {one['always_bad']['accuracy']:.3f} |"
        )
    return "\n".join(rows)


def groups_table(figures: dict[str, Any], key: str) -> str:
    """Return the accuracy of each group or kind of one measurement as a Markdown table."""
    by = figures[key]
    return "\n".join(
        ["| | accuracy |", "|---|---|", *(f"| {k} | {v:.2f} |" for k, v in by.items())]
    )


def model_card(manifest: dict[str, Any]) -> str:
    """Return the text of ``MODEL_CARD.md``."""
    training, figures = manifest["training"], manifest["figures"]
    sets = "\n".join(
        f"- **{one['name']}**: {one['people']} people, {one['repetitions']} repetitions "
        f"({one['correct']} correct), {one['licence']}"
        for one in training["data"]
    )
    people = "\n\n".join(
        f"**{one['what']}**, by person or group:\n\n{groups_table(one, 'accuracy_by_group')}"
        for one in figures.values()
        if one.get("show_groups")
    )
    kinds = "\n\n".join(
        f"**{one['what']}**, by kind of error (or of correct squat):\n\n"
        f"{groups_table(one, 'accuracy_by_kind')}"
        for one in figures.values()
        if one.get("show_kinds")
    )
    return f"""# {manifest["name"]} {manifest["version"]}

Says how likely it is that one squat, seen from the front, was done correctly. The network of Park
(Seoul National University, 2020): three convolutions, a bidirectional LSTM, two dense layers. It
sees how far each of ten joints moves from frame to frame, in torso lengths, and nothing else: no
picture, no face, no standing posture.

## Use

- Input `differences` [N, T, 20] float32, made by the preprocessing `differences` version 1 from
  one repetition, standing to standing. All inputs of a batch have the same length.
- Output `probabilities` [N, 2]: incorrect, correct. The threshold is {manifest["threshold"]}.
- For a person who faces a camera at about 1.3 m height, whole body in view, without a load.
- It is a training aid. It does not detect injury, and it is not medical advice.

## Training data

{sets}

Weights were trained on these only. Seed {training["seed"]}; hyper-parameters
`{training["hyperparameters"]}`; {training["date"]}.

## Figures

{figures_table(figures)}

Splits are by person. The interval draws whole people (or recording days) anew; a set of a single
group draws repetitions. "Leave one person out" trains ten networks, each without the person it is
measured on; the shipped network has learnt from all ten people, and has never seen the other
sets. The width of the LSTM and the place of the dropout were chosen on the same ten people,
in thirds, which flatters the two UI-PRMD rows a little. The synthetic people held out decided when
the first stage of the training stopped.

{people}

{kinds}

## Limits

- Shallow squats are called good more often than not on real video ("no depth" of aitrainer), and
  so is about half of the forward leans of synthetic people.
- The correct squats of wing sink by only 0.3-0.6 torso lengths in the picture, as shallow ones do
  everywhere else: this network calls most of them bad.
- The mistakes in UI-PRMD were acted by healthy people with raised arms. The correct squats of
  three of its ten people look like other people's incorrect ones.
- Lifted heels or toes can hardly be seen in ten joints from the front.
- How wide the feet stand does not change from frame to frame: this network cannot see it.
- Somebody who does not face the camera gets a number too: it means nothing.
"""
