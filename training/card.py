"""The model card, written from the manifest so that both tell the same story."""

from __future__ import annotations

from typing import Any

INPUTS = {
    "differences": "how far each of ten joints moves from frame to frame, as in the thesis",
    "positions": "where each of them is",
    "head": "where nose and ears are against the neck, and 1; all 0 where the source lacks them",
}
OUTPUTS = {
    "probabilities": "of the verdict; they add to 1",
    "parts": "how likely each part of the body is wrong",
    "view": "degrees by which the person is turned to their own left, metres of the lens",
}


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


def parts_table(parts: dict[str, Any]) -> str:
    """Return the figures of each part beside what the majority's answer would reach."""
    rows = [
        "| part | wrong | precision | recall | F1 | accuracy | always the same |",
        "|---|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {name.replace('_', ' ')} | {one['wrong']} of {one['of']} | {one['precision']:.2f} "
        f"| {one['recall']:.2f} | {one['f1']:.2f} | {one['accuracy']:.2f} | {one['majority']:.2f} |"
        for name, one in parts.items()
    ]
    return "\n".join(rows)


def groups_table(figures: dict[str, Any], key: str) -> str:
    """Return the accuracy of each group or kind of one measurement as a Markdown table."""
    by = figures[key]
    return "\n".join(
        ["| | accuracy |", "|---|---|", *(f"| {k} | {v:.2f} |" for k, v in by.items())]
    )


def interfaces(manifest: dict[str, Any]) -> str:
    """Return what goes in and out, as a list."""
    (network,) = manifest["networks"].values()
    lines = [
        f"- Input `{one['name']}` {_shape(one)}: {INPUTS[one['name']]}. Made by the preprocessing "
        f"`{one['preprocessing']}` version {one['preprocessing_version']}."
        for one in network["inputs"]
    ]
    lines += [
        f"- Output `{one['name']}` {_shape(one)}, {', '.join(one['classes'])}: "
        f"{OUTPUTS[one['name']]}."
        for one in network["outputs"]
    ]
    return "\n".join(lines)


def _shape(one: dict[str, Any]) -> str:
    return f"[{', '.join(map(str, one['shape']))}] {one['dtype']}"


def precisions_table(manifest: dict[str, Any]) -> str:
    """Return what the network costs in fewer bits as a Markdown table."""
    (network,) = manifest["networks"].values()
    rows = [
        "| precision | bytes | in this bundle | measured on | repetitions | score off by at most "
        "(mean) | verdicts turned | parts turned | view off by at most |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for precision, one in manifest["figures"]["precisions"].items():
        size = f"{one['bytes']:,}".replace(",", " ")
        shipped = "yes" if precision in network["files"] else "no"
        for cost in one["costs"].values():
            view = (
                f"{cost['yaw_largest']:.2f} degrees, {cost['height_largest']:.3f} m"
                if "yaw_largest" in cost
                else "-"
            )
            rows.append(
                f"| {precision} | {size} | {shipped} | {cost['what']} | {cost['repetitions']} "
                f"| {cost['score_largest']:.4f} ({cost['score_mean']:.5f}) "
                f"| {cost['verdicts_turned']} | {cost.get('parts_turned', '-')} | {view} |"
            )
    return "\n".join(rows)


def calibrated(figures: dict[str, Any]) -> int:
    """Return on how many repetitions int8 was calibrated; 0 where it was not made."""
    return int(figures["precisions"].get("int8", {}).get("calibrated_on", 0))


def tolerances_list(manifest: dict[str, Any]) -> str:
    """Return how far an engine's answers to the golden cases may be off, and why."""
    (network,) = manifest["networks"].values()
    return "\n".join(
        f"- {precision}: {', '.join(f'`{name}` {most:g}' for name, most in said.items())}: "
        f"{network['reasons'][precision]}."
        for precision, said in network["tolerances"].items()
    )


def by_part(figures: dict[str, Any]) -> str:
    """Return the tables of parts of all measurements that have them."""
    return "\n\n".join(
        f"**{one['what']}**:\n\n{parts_table(one['parts'])}"
        for one in figures.values()
        if one.get("parts")
    )


def limits(manifest: dict[str, Any]) -> str:
    """Return what the model cannot do, with the numbers that were measured."""
    figures = manifest["figures"]
    lines = []
    for part, turn in manifest["visible_to"].items():
        name = part.replace("_", " ")
        lines.append(
            f"- {name}: judged up to {turn:.0f} degrees of turn; beyond it is told as not visible."
            if turn
            else f"- {name}: not judged well enough from any side; always told as not visible."
        )
    for one in figures.values():
        kinds = one.get("accuracy_by_kind", {}) if one.get("show_kinds") else {}
        lines += [
            f"- {one['what']}: of the squats called {kind!r} only {share:.0%} are judged rightly."
            for kind, share in kinds.items()
            if share < 0.5
        ]
    view = figures.get("synthetic", {}).get("view_error")
    if view:
        lines.append(
            f"- The view is an estimate: half of the time it is off by more than "
            f"{view['yaw']:.0f} degrees or {view['height']:.2f} m (synthetic people)."
        )
    calibration = figures.get("synthetic", {}).get("calibration")
    if calibration:
        lines.append(
            "- Scores are calibrated on synthetic people: there, the expected calibration error is "
            f"{calibration['expected_calibration_error']:.3f}. On real people it is not known."
        )
    return "\n".join(lines)


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

Says how likely it is that one squat, seen from the front, was done correctly, which parts of the
body are wrong, and from where it was filmed. It began as the network of Park (Seoul National
University, 2020): convolutions, a bidirectional LSTM, dense layers. It sees ten joints and the head
in torso lengths at 30 Hz, and nothing else: no picture, no face.

## Use

{interfaces(manifest)}
- One repetition, standing to standing, at a time. All inputs of a batch have the same length.
- The threshold is {manifest["threshold"]}. A part is called wrong from 0.5 on.
- `typical.npz` holds typical correct squats from several sides: by them the kiosk finds which joint
  and moment cost a repetition most of its score.
- For a person who faces the camera or nearly, whole body in view, with empty hands.
- It is a training aid. It does not detect injury, and it is not medical advice.

## Training data

{sets}

Weights were trained on these only. Seed {training["seed"]}; hyper-parameters
`{training["hyperparameters"]}`; {training["date"]}; code {training.get("git", "unknown")}.

What makes a synthetic squat wrong are limits on quantities measured in three dimensions, each with
its source in `training/synthetic/limits.py`.

## Figures

{figures_table(figures)}

Splits are by person. The interval draws whole people (or recording days) anew; a set of a single
group draws repetitions. "Leave one person out" goes on from the
shipped network's training with the others, once for each person; the shipped network itself has
seen no recorded person. Of aitrainer and wing one half was fixed beforehand that may guide choices;
the other is looked at once for a shipped model, and each look is logged in
`training/final_log.json`.

### Parts of the body

{by_part(figures)}

### Groups and kinds

{people}

{kinds}

## Precisions

fp32 is what was trained and measured above. Against it, on ONNX Runtime:

{precisions_table(manifest)}

The scores are of repetitions, the verdicts at 0.5. The int8 file is calibrated on
{calibrated(figures)} repetitions. `golden.npz` holds inputs with the answers of fp32; an engine is
used only where its own answers to them are off by no more than:

{tolerances_list(manifest)}

## Limits

{limits(manifest)}
- The mistakes in UI-PRMD were acted by healthy people with raised arms.
- Lifted heels or toes can hardly be seen in ten joints from the front.
- Where nose and ears are not known, the neck cannot be judged.
"""
