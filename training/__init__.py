"""Data sets, synthetic people, the Keras model, training, evaluation and export."""
