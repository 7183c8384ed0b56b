"""Two questions, two answers: does the process live, and can it score clips?

`/healthz` is asked often and costs nothing: whoever gets 503 there starts the kiosk anew. `/readyz`
looks at what is needed for a verdict: whoever gets 503 there waits, or looks why; a restart helps
nobody whose disk is full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, jsonify

from edge.frames.child import confinement
from kiosk_ui.operation.figures import camera_of, database_of, disk_of

if TYPE_CHECKING:
    from kiosk_ui.services import Services


def alive(services: Services, *, details: bool) -> Response:
    """Answer whether every thread goes round that must; looks at nothing but their clocks.

    :param details: whether to say which, for the device itself.
    """
    pulses = services.pulses()
    late = [pulse for pulse in pulses if pulse.late]
    told: dict[str, Any] = {"status": "hangs" if late else "alive"}
    if details:
        told["threads"] = {
            pulse.name: {"age": round(pulse.age, 3), "late": pulse.late} for pulse in pulses
        }
    return _answer(told, 503 if late else 200)


def ready(services: Services, *, details: bool) -> Response:
    """Answer whether a clip that comes now gets its verdict.

    A kiosk without a camera is ready: phones are served, and the screen says what is missing.

    :param details: whether to say what is missing, and which networks run, for the device itself.
    """
    loaded = services.ready.is_set()
    checks: dict[str, dict[str, Any]] = {"models": {"ok": loaded}}
    if loaded:
        checks["disk"] = {"ok": disk_of(services).enough}
        checks["database"] = {"ok": database_of(services).ok}
    good = all(check["ok"] for check in checks.values())
    told: dict[str, Any] = {"status": ("ready" if good else "not_ready") if loaded else "starting"}
    if details:
        camera = camera_of(services.camera)
        checks["camera"] = {"ok": camera.message is None, "needed": False}
        if camera.message is not None:
            checks["camera"]["why"] = camera.message
        refused = confinement.refused
        checks["confinement"] = {
            "ok": None if refused is None else not refused, "needed": False, "without": refused,
        }  # fmt: skip
        told["checks"] = checks
        if loaded:
            told["models"] = services.models()
    return _answer(told, 200 if good else 503)


def _answer(told: dict[str, Any], status: int) -> Response:
    response = jsonify(told)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
