from __future__ import annotations

import re

import cv2
import numpy as np

from kiosk_ui.qr import code_for


def test_the_drawing_is_safe_and_scans() -> None:
    link = "http://192.168.100.200:8080/t/AbCdEf-123_4"
    svg = str(code_for(link))
    assert "style" not in svg and "script" not in svg  # the content security policy forbids them
    # Drawn anew from its own path, as a browser would, and read by another library.
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])  # type: ignore[index]
    picture = np.full((side, side), 255, np.uint8)
    path = re.search(r'class="qrline" stroke="#000" d="([^"]+)"', svg)[1]  # type: ignore[index]
    x, y = 0.0, -0.5
    for kind, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(value) for value in re.findall(r"-?[\d.]+", numbers)]
        if kind == "h":
            picture[int(y), int(x) : int(x + values[0])] = 0
            x += values[0]
        else:
            x, y = (values[0], values[1]) if kind == "M" else (x + values[0], y + values[1])
    found, *_ = cv2.QRCodeDetector().detectAndDecode(
        cv2.resize(picture, None, fx=8, fy=8, interpolation=0)
    )
    assert found == link
