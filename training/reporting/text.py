"""The report's words; every figure in it comes from a section."""

from __future__ import annotations

from collections.abc import Mapping


def report_text(s: Mapping[str, str]) -> str:
    """Return the report.

    :param s: the sections' Markdown by their names.
    """
    return f"""# What the squat model is worth

Written by `python -m training.report` from saved runs; nothing is trained while it is written.
"Not run" stands wherever a run is missing. Code {s["git"]}, seed {s["seed"]}, weights
{s["digest"]}.

{s["asked"]}

A verdict is *good* where the score is at least 0.5; where that lies was chosen on the guide halves
(`STRICTER` in `training/calibration.py`). Intervals are 95 %, by drawing whole
people (or dates) anew 2000 times; wing does not say who is who, so there
repetitions are drawn. *Balanced* is the mean of the shares right among correct and among incorrect
squats: who always says good, or always bad, has 0.5. An asterisk means without lifted heels and
toes, which ten joints from the front can hardly show.

## The data

{s["facts"]}

- **Synthetic people**, made by this project with anny 0.6 (Apache-2.0, body data CC0). Each label
  hangs on quantities measured in three dimensions on the known joints, with limits and their
  sources in `training/synthetic/limits.py`. {s["people"]} Every movement is filmed by a random
  camera, with the pose model's own measured errors.
- **Rendered**: other synthetic people, drawn to pixels with clothes, light and gyms, and tracked by
  the kiosk's real pose model. Nothing is learnt from these clips; {s["lost"]}.
- **UI-PRMD** (Vakanski et al., Data 2018; ODC PDDL 1.0): ten people, acted mistakes, two sensors.
  Models of the comparison learn from nine of them and are measured on the tenth, in turn.
- **aitrainer** (Chariar et al., IEEE Access 2023) and **wing**: real front video. They state no
  licence, so the shipped weights never learn from them. Half of each, fixed by a hash of the names
  before the first look at that half's figures, is the *guide* half: it may steer choices. The
  *final* half is looked at once for a model that is shipped, by `training.final`, and every look is
  in the log below.

An honest word about the halves: in an earlier phase of this project figures of the whole of
aitrainer and wing were seen, and the aims of the pack's measured quantities were set with them in
view. So the final halves are unseen by the present model and its choices, not by its makers.

## The method

The network of Park (Seoul National University, 2020) and parts of it are the yardsticks: three
convolutions, a bidirectional LSTM, two dense layers, on the movement of ten joints from frame to
frame. *Positions too* adds where the joints are; *ours* adds the head, is wider, keeps extremes
over time, and judges six parts of the body, too much depth, and the view. *Summary statistics* are
hand-made numbers of each repetition with gradient-boosted trees.

Each model is trained once on synthetic people. For every fold it goes on from there with the
people who are not left out, mixed with as many synthetic ones; "without synthetic" starts from
nothing. The model to ship has learnt from synthetic people only, and is calibrated on others: going
on with UI-PRMD cost three points on the guide half of aitrainer. Chosen on the guide halves: that,
the inputs, the width and the epochs of ours, and how synthetic people are made. Chosen on UI-PRMD,
earlier: the place of the dropout and the size of the LSTM of the thesis's network, which flatters
its UI-PRMD figures a little.

## Models that know synthetic people only

{s["unseen"]}

## Somebody new: leave people out

{s["left_out"]}

UI-PRMD: ten folds, one person each, both sensors together. aitrainer: its sixteen dates in four
folds. Here all its dates take part, those of the final half too: these models are never shipped,
and no choice hangs on them. The pack's rules learn nothing, and are measured on no final date.

Our network on each person of UI-PRMD:

{s["by_person"]}

## The shipped model on synthetic people, by view and severity

![accuracy by turn and height](figures/view.svg)

{s["yaw"]}

{s["height"]}

The view that the model estimates itself is off by {s["view_error"]}.

![called bad by severity](figures/severity.svg)

{s["severity"]}

Severity 0 is the limit itself. {s["near_limit"]}

{s["rendered"]}

Expected calibration error {s["error"]} (Guo et al. 2017).

![reliability](figures/reliability.svg)

## Which part is wrong

Heads on synthetic people, standard view:

{s["parts"]}

The same from all sides:

{s["parts_all"]}

Rendered and tracked, all views:

{s["parts_rendered"]}

How often each kind is called bad, and how often each head says "wrong" (at 0.5), synthetic people
with one thing wrong, all views:

{s["confusion"]}

Rendered and tracked:

{s["confusion_rendered"]}

The guide half of aitrainer, by the source's own words:

{s["confusion_aitrainer"]}

The guide half of wing:

{s["confusion_wing"]}

The part that is named is the one with the likeliest head, whatever the verdict; "too deep" names
the hips. The neck is named only where the head was seen, as in the kiosk: aitrainer and wing have
ten joints, without a head. The sets' parts are our reading of the names of their errors.

{s["naming"]}

{s["naming_final"]}

## Measured quantities alone

Each quantity of the squat pack as a ranking: area under the curve, and whether correct squats have
more or less of it; and the balanced accuracy of one threshold, chosen on the other people. Counts
are given where a quantity is not visible in every clip: without a network the turn is estimated
from the widths of shoulders and hips, which arms overhead mislead (UI-PRMD).

{s["rankings"]}

Each kind of error of aitrainer's guide half against the correct squats (area):

{s["kinds"]}

Do synthetic people cover the real ones? *Inside* is the share of real values within the middle
99 % of the synthetic ones, *in common* the area that both histograms share.

{s["overlap"]}

![distributions](figures/overlap.svg)

Repetitions counted in recorded clips of one repetition each; videos with more, counted by eye, are
in `tests/edge/test_real_clips.py`:

{s["counts"]}

## Does it help to know a person's own good squat?

{s["reference"]}

UI-PRMD, every person left out; the reference is that person's first correct repetition, and is in
no test.

## Is the explanation right?

Occlusion (Zeiler and Fergus 2014): one part after the other is moved as is typical, and the part
whose correction raises the score most is named. Synthetic people of the test set with exactly one
thing wrong, from about the standard view, with the pose model's errors:

{s["explained"]}

Left and right knee count as different parts here. The likeliest head is the network's own answer
to the same question. Feet stand wrongly all the time, so their worst moment may be any.

## Leakage

{s["sides"]}

A small classifier (logistic, on summary statistics) that is meant to have seen everybody: can it
tell who it is, and does that tell the label? Then the same, people held out, after learning from
shuffled labels; and what the number of frames alone tells.

{s["trials"]}

## The final halves

{s["final"]}

## What it cost

{s["cost"]}

{s["runs"]}

Data hashes (SHA-256, first 16 digits):

{s["hashes"]}

## Limits

- Synthetic people squat as they were programmed to; limits of correct squats are from the
  literature where there is any, and ours where there is none.
- UI-PRMD's ten people acted their mistakes, arms overhead; a fold of one person moves the mean by
  up to ten points.
- No real set labels the neck, and hardly any tells the left knee from the right: those are measured
  on synthetic people only.
- A dropped head is told from skeletons far better than from drawn and tracked people (the tables of
  the parts): the pose model draws heads more upright than they are, the more the further they are
  bent, and the errors that synthetic people are given do not depend on the head's posture.
- Lifted heels and toes can hardly be seen; nothing was filmed under a load.
"""
