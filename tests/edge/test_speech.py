"""Numbers and units as people say them, in both languages."""

from __future__ import annotations

import re

import pytest

from edge.cues.speech import Language, counted, spoken
from edge.exercises import load, names


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "하나"), (2, "둘"), (9, "아홉"), (10, "열"), (11, "열하나"), (20, "스물"), (24, "스물넷"),
     (30, "서른"), (99, "아흔아홉"), (100, "백")],
)  # fmt: skip
def test_korean_counts_with_its_own_numerals(number: int, word: str) -> None:
    assert counted(number, "ko") == word


def test_english_counts_with_digits_that_the_voice_reads() -> None:
    assert counted(21, "en") == "21"


@pytest.mark.parametrize(
    ("written", "said"),
    [("24%", "이십사 퍼센트"), ("65° 기울", "육십오도 기울"), ("65도 이내", "육십오도 이내"),
     ("10%만", "십 퍼센트만"), ("100%", "백 퍼센트"), ("110", "백십"), ("0%", "영 퍼센트"),
     ("1.2초", "일 점 이초"), ("2024", "이천이십사"), ("12345", "일 이 삼 사 오")],
)  # fmt: skip
def test_korean_measures_with_sino_korean_numerals(written: str, said: str) -> None:
    assert spoken(written, "ko") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [("24 % inside", "24 percent inside"), ("under 5°.", "under 5 degrees."), ("1°", "1 degree"),
     ("1.2 s", "1.2 s"), ("1 % of 30", "1 percent of 30"), ("no number", "no number")],
)  # fmt: skip
def test_english_units_are_words(written: str, said: str) -> None:
    assert spoken(written, "en") == said


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_sign_of_any_pack_is_left_to_the_voice(name: str, language: Language) -> None:
    texts = load(name).texts
    for text in [*texts.faults.values(), *texts.parts.values(), *texts.reasons.values()]:
        filled = text.fill(value="24", aim="10")
        said = spoken(filled.ko if language == "ko" else filled.en, language)
        assert not re.search(r"[%°]" if language == "en" else r"[%°\d]", said)
        assert "  " not in said
