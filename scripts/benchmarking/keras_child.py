"""Runs in the training's environment: loads a Keras model, and predicts each file that is named."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import keras
import numpy as np

import training.model  # noqa: F401 - the model's own layers


def main() -> None:
    """Answer one line of JSON for each line of input, and one once the model is loaded."""
    model = keras.models.load_model(sys.argv[1])
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        with np.load(line.strip()) as features:
            inputs = {one.name: features[one.name] for one in model.inputs}
        answers = model.predict(inputs, verbose=0)
        scores = answers["probabilities"] if isinstance(answers, dict) else answers
        print(json.dumps({"score": float(scores[0, 1])}), flush=True)


if __name__ == "__main__":
    main()
