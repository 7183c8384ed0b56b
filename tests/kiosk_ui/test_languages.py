from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from edge.frames.child import GIVEN_UP
from edge.frames.decoder import TOO_MUCH
from edge.settings import KioskSettings
from kiosk_ui import failures, languages
from kiosk_ui.worker import FAILED, sentence

ROOT = Path(__file__).parents[2]
HOLES = re.compile(r"%\(\w+\)s|#|<[^>]+>")
"""What a translation must hold as often as the text does: values, numbers, mark-up."""


def texts() -> set[str]:
    """Return every text of the pages, as ``scripts/translate`` finds them."""
    with (ROOT / "scripts" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = extract_from_dir(
        ROOT / "kiosk_ui", methods, options,
        keywords={"_": None, "gettext": None, "ngettext": (1, 2), "noted": None},
    )  # fmt: skip
    return {first(m) for _file, _line, m, *_rest in found}


@pytest.fixture(params=[code for code in languages.LANGUAGES if code != "en"])
def catalogue(request: pytest.FixtureRequest) -> dict[str, str]:
    with (languages.CATALOGUES / f"{request.param}.po").open("rb") as file:
        entries = read_po(file, locale=request.param)
    return {first(e.id): first(e.string) for e in entries if e.id}


def first(text: Any) -> str:
    """Return a text, or of a text for one and for many the first."""
    return str(text if isinstance(text, str) else text[0])


def test_every_text_is_in_every_catalogue_and_no_other(catalogue: dict[str, str]) -> None:
    found = texts()
    assert len(found) > 100
    assert found ^ set(catalogue) == set(), "run scripts/translate"
    assert [text for text, translated in catalogue.items() if not translated] == []


def test_a_translation_keeps_values_numbers_and_mark_up(catalogue: dict[str, str]) -> None:
    for text, translated in catalogue.items():
        wanted, got = sorted(HOLES.findall(text)), sorted(HOLES.findall(translated))
        # "One video" may be "%(num)s videos" in a language without a singular.
        assert [h for h in got if h != "%(num)s"] == [h for h in wanted if h != "%(num)s"], text


def test_a_phone_gets_its_own_language(phone: FlaskClient) -> None:
    korean = phone.get("/phone", headers={"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.5"}).text
    english = phone.get("/phone", headers={"Accept-Language": "fr, en;q=0.5"}).text
    assert '<html lang="ko">' in korean
    assert "지금 찍기" in korean
    assert '<html lang="en">' in english
    assert "Film now" in english
    assert '<html lang="en">' in phone.get("/phone").text
    assert '<html lang="ko">' in phone.get("/phone?lang=ko").text


def test_an_error_comes_in_the_language_too(phone: FlaskClient) -> None:
    answer = phone.get("/api/v1/scores/none", headers={"Accept-Language": "ko"})
    assert answer.json is not None
    assert answer.json["detail"] == "결과를 찾을 수 없어요. 지워졌을 수 있어요."
    assert answer.json["code"] == "score_unknown"


def test_every_reason_of_the_decoder_is_known() -> None:
    for name in ("video.py", "sandbox.py", "child.py"):
        tree = ast.parse((ROOT / "edge" / "frames" / name).read_text())
        for text in messages(tree):
            assert sentence(text) in failures.REASONS, text
    assert FAILED in failures.REASONS
    assert {sentence(GIVEN_UP), sentence(TOO_MUCH)} <= set(failures.REASONS)


def messages(tree: ast.AST) -> list[str]:
    """Return what ``SourceError`` and ``_too_long`` say, with # for a number."""
    found: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "SourceError":
            found += node.args
        if isinstance(node, ast.FunctionDef) and node.name == "_too_long":
            found += [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value]
    texts = []
    for expression in found:
        if isinstance(expression, ast.Constant):
            texts.append(str(expression.value))
        elif isinstance(expression, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "#" for p in expression.values)
            texts.append("".join(map(str, parts)))
    return [
        t for t in texts if "#" not in t or ("strerror" not in t and "cannot be opened" not in t)
    ]


def test_a_reason_keeps_its_numbers(phone: FlaskClient) -> None:
    with phone.application.test_request_context(headers={"Accept-Language": "ko"}):
        phone.application.preprocess_request()
        told = failures.failure("The video is longer than 180 s; record one set of squats.")
        large = failures.failure("The picture is too large (7680x4320); record at 1080p or below.")
        other = failures.failure("Something else.")
    assert told == "영상이 180초보다 길어요. 스쿼트 한 세트만 찍어 주세요."
    assert large == "화면이 너무 커요(7680x4320). 1080p 이하로 찍어 주세요."
    assert other == "Something else."


def test_the_kiosk_shows_the_language_of_its_settings(
    kiosk: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = kiosk.application.extensions["services"]
    assert '<html lang="en">' in kiosk.get("/", headers={"Accept-Language": "ko"}).text
    monkeypatch.setattr(services.settings, "get", lambda: KioskSettings(language="ko"))
    assert '<html lang="ko">' in kiosk.get("/").text
