"""How numbers and units are spoken: a voice that reads signs and digits gets them wrong."""

from __future__ import annotations

import re
from typing import Final, Literal

Language = Literal["en", "ko"]

NUMBER: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>%|°)?")

UNITS: Final[dict[Language, dict[str, str]]] = {
    "en": {"%": " percent", "°": " degrees"},
    "ko": {"%": " 퍼센트", "°": "도"},
}

DIGITS: Final = "영일이삼사오육칠팔구"
POWERS: Final = ((1000, "천"), (100, "백"), (10, "십"))
"""What is measured is told in Sino-Korean: 24 is 이십사."""

COUNTED_ONES: Final = ("", "하나", "둘", "셋", "넷", "다섯", "여섯", "일곱", "여덟", "아홉")
COUNTED_TENS: Final = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")
"""What is counted is told in native Korean, up to 99: 24 is 스물넷."""


def spoken(sentence: str, language: Language) -> str:
    """Return a sentence as it is to be spoken.

        spoken("24 % inside, under 5°", "en")   # "24 percent inside, under 5 degrees"
        spoken("24% 이내", "ko")                 # "이십사 퍼센트 이내"

    :param sentence: as it is written on the screen.
    """

    def say(found: re.Match[str]) -> str:
        number, unit = found["number"], found["unit"]
        told = number if language == "en" else _sino_korean(number)
        if unit:
            one = language == "en" and unit == "°" and number == "1"
            return told + (" degree" if one else UNITS[language][unit])
        return told + found[0][len(number) :]

    return NUMBER.sub(say, sentence)


def counted(number: int, language: Language) -> str:
    """Return the word that counts a repetition, 1 to 99.

    counted(3, "ko")   # "셋"
    """
    if language == "en" or not 0 < number < 100:
        return spoken(str(number), language)
    return COUNTED_TENS[number // 10] + COUNTED_ONES[number % 10]


def _sino_korean(number: str) -> str:
    whole, _, digits = number.partition(".")
    told = _sino_korean_whole(int(whole))
    return told + (" 점 " + "".join(DIGITS[int(digit)] for digit in digits) if digits else "")


def _sino_korean_whole(number: int) -> str:
    if number == 0:
        return DIGITS[0]
    if number >= 10_000:  # nothing that is measured here; digit by digit it is still right
        return " ".join(DIGITS[int(digit)] for digit in str(number))
    told = ""
    for power, name in POWERS:
        times, number = divmod(number, power)
        if times:
            told += (DIGITS[times] if times > 1 else "") + name
    return told + (DIGITS[number] if number else "")
