"""What a person takes out: everything that is known, and a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Final

from flask import Blueprint, Response

from kiosk_ui.api import represent
from kiosk_ui.coaching.parts import PARTS, likely_parts
from kiosk_ui.people.store import Kept
from kiosk_ui.people.trend import depth_of
from kiosk_ui.people.visitor import require_person
from kiosk_ui.services import Services

COLUMNS: Final = ("time", "verdict", "score", "threshold", "repetitions", "depth", *PARTS)


def add_takeout(blueprint: Blueprint, services: Services) -> None:
    """Add the routes.

    :param blueprint: of histories.
    :param services: with the people.
    """
    people = services.people

    @blueprint.get("/export.json")
    def export_json() -> Response:
        """Give everything that is known of a person."""
        person = require_person(services)
        results = [
            {**represent(one.score), "consent": one.consent, "coach": _said(services, one)}
            for one in people.history(person)
        ]
        everything = {**people.about(person), "results": results}
        text = json.dumps(everything, ensure_ascii=False, indent=2)
        return _download(text, "application/json", "squats.json")

    @blueprint.get("/export.csv")
    def export_csv() -> Response:
        """Give the results as a table."""
        file = io.StringIO()
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(_row(one) for one in people.history(require_person(services)))
        # With a mark, without which a spreadsheet does not take it for UTF-8.
        return _download("\ufeff" + file.getvalue(), "text/csv", "squats.csv")


def _said(services: Services, one: Kept) -> dict[str, Any] | None:
    label = services.labels.get(one.score.id)
    return None if label is None else {"correct": label.correct, "wrong": list(label.wrong)}


def _row(one: Kept) -> list[Any]:
    found = one.score.assessment or {}
    depth, wrong = depth_of(found), likely_parts(found)
    return [
        one.score.created.isoformat(timespec="seconds"),
        found.get("verdict"),
        found.get("score"),
        one.score.threshold,
        len(found.get("repetitions", ())),
        depth["value"] if depth else None,
        *(int(part in wrong) for part in PARTS),
    ]


def _download(text: str, kind: str, name: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    return Response(
        text, content_type=f"{kind}; charset=utf-8", headers={"Content-Disposition": disposition}
    )
