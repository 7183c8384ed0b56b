"""What a bundle must be to be run here."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bundle import Bundle
from edge.errors import BundleError
from edge.signing import Trust
from tests.trt_engines.flashing import allow, make_bundle
from trt_engines.kinds import check_tolerances

ANYBODY = Trust({}, allow_unsigned=True)


@pytest.mark.parametrize("output", ["probabilities", "parts"])
def test_a_probability_may_not_be_off_by_a_verdict(tmp_path: Path, output: str) -> None:
    folder = make_bundle(tmp_path / "made", 0.9, signed=False)
    allow(folder, output, 0.2)
    check_tolerances(Bundle.open(folder, ANYBODY))
    allow(folder, output, 0.21)
    with pytest.raises(BundleError, match=f"{output} of classifier may be off by 0.21 in fp16"):
        check_tolerances(Bundle.open(folder, ANYBODY))


def test_what_is_no_probability_may_be_off_further(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "made", 0.9, signed=False)
    allow(folder, "view", 5.0)
    check_tolerances(Bundle.open(folder, ANYBODY))
