"""A coach corrects verdicts of consenting people, and training learns from it."""
