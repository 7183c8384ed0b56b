"""Synthetic people: skeletons for training, and drawn clips with known joints for tests."""
