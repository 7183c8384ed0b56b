"""What the tests of attacks share."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask.testing import FlaskClient

from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.kept import ON
from tests.kiosk_ui.test_coach import PIN


def routes(client: FlaskClient) -> Iterator[tuple[str, str]]:
    """Give method and path of everything that an app answers."""
    for rule in client.application.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", "x" * 22, rule.rule)
        for method in sorted(rule.methods or ()):
            yield method, path


def everything(web: Web) -> list[FlaskClient]:
    """Return a client of either face, with all that can be switched on."""
    web.services.labels.set_pin(PIN)
    web.services.studies.create("spring", participants=2, seed=1)
    return [web.client("device", ON), web.client("network", ON)]
