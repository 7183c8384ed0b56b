"""What ``scripts/benchmark`` measures: this software beside a plain pipeline, in one run."""
