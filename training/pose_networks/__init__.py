"""Pose networks made elsewhere, brought into bundles that the kiosk runs; see docs/openpose.md.

Runs on the maintainer's machine, in .venv-training. No weights are in the repository.
"""


class ConversionError(Exception):
    """A network cannot be brought in; the message says what to do."""
