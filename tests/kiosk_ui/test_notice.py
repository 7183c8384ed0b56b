from __future__ import annotations

import pytest
from pydantic import ValidationError

from kiosk_ui.config import WebConfig
from tests.kiosk_ui.conftest import CONFIG, Web


def notice(web: Web, language: str = "en", **changes: object) -> str:
    client = web.client("network", CONFIG.model_copy(update=changes))
    return client.get(f"/notice?lang={language}").text


def test_the_notice_has_the_numbers_of_this_kiosk(web: Web) -> None:
    page = notice(web, clip_minutes=7.0, keep_days=12, forget_days=99, history=True)
    assert "7 minutes after the result" in page and "12 days." in page
    assert "99 days after your last visit" in page and "A coach, only if" in page
    korean = notice(web, "ko", clip_minutes=7.0, keep_days=12)
    assert "7분 뒤에 지워집니다" in korean and "12일." in korean


def test_a_code_is_promised_for_no_longer_than_the_video_stays(web: Web) -> None:
    for minutes, promised in ((3.0, "3 minutes"), (1.0, "1 minute."), (60.0, "10 minutes")):
        assert f"leads to it for {promised}" in notice(web, clip_minutes=minutes)
        client = web.client("network", CONFIG.model_copy(update={"clip_minutes": minutes}))
        number = promised.split()[0]
        assert f"works for {number} minutes" in client.get("/t/expired").text


def test_without_histories_it_promises_none(web: Web) -> None:
    page = notice(web, history=False, keep_days=0)
    assert "history" not in page and "coach" not in page and "Until they are deleted." in page


def test_it_says_whom_to_ask(web: Web) -> None:
    assert "The staff of this gym." in notice(web)
    page = notice(web, contact="Minji <Kim>, 02-123-4567")
    assert "Minji &lt;Kim&gt;, 02-123-4567" in page


def test_every_way_leads_to_it(web: Web) -> None:
    assert 'href="/notice"' in web.client("network").get("/phone").text
    screen = web.client("device").get("/").text
    assert 'id="open-notice"' in screen and "Whom to ask" in screen


@pytest.mark.parametrize("minutes", [0, -1, 1441])
def test_there_is_no_never(minutes: float) -> None:
    with pytest.raises(ValidationError, match="clip_minutes"):
        WebConfig(clip_minutes=minutes)
