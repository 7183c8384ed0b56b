"""Tones: each event's can be heard, and told from the others."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from edge.cues.event import Kind
from edge.cues.tones import NOTES, RATE, silence, tone


@pytest.mark.parametrize("kind", NOTES)
def test_a_tone_is_loud_clean_and_short(kind: Kind) -> None:
    samples = tone(kind)
    assert samples is not None
    assert np.abs(samples).max() == pytest.approx(0.9)
    assert np.abs(samples[[0, -1]]).max() < 0.05  # no click
    assert 0.05 < len(samples) / RATE < 1.2


def test_no_two_are_alike() -> None:
    assert len(set(NOTES.values())) == len(NOTES)
    for one, other in combinations(map(tone, NOTES), 2):
        assert one is not None and other is not None
        assert not np.array_equal(one, other)


def test_a_note_has_its_pitch() -> None:
    samples = tone(Kind.BEGIN)
    assert samples is not None
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * RATE / len(samples) == pytest.approx(880, abs=3)


def test_to_be_ready_makes_no_sound() -> None:
    assert tone(Kind.ARMED) is None
    assert not silence(0.5).any() and len(silence(0.5)) == RATE // 2
