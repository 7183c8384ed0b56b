"""Signed cookies that remember who is signed in on a phone.

install(app, data_dir)
session["person"] = person.key
"""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Final

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from kiosk_ui.faces import is_https

FILE: Final = "secret.key"

LIFETIME: Final = timedelta(days=400)
"""The longest that browsers keep a cookie; each visit begins it anew."""


class Sessions(SecureCookieSessionInterface):
    """Flask's own sessions, with a cookie of its own for HTTPS.

    A browser does not let a page over HTTP replace a cookie that came over HTTPS, so that the two
    must not share a name.
    """

    def get_cookie_name(self, app: Flask) -> str:
        """Return the cookie's name; ``__Host-``: set by this very host, over HTTPS only."""
        return "__Host-kiosk" if is_https() else "kiosk"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Tell whether the cookie may only travel over HTTPS."""
        return is_https()


def install(app: Flask, data_dir: Path) -> None:
    """Give an app sessions.

    :param data_dir: where the key that signs them is kept.
    """
    app.secret_key = secret_key(data_dir / FILE)
    app.session_interface = Sessions()
    app.permanent_session_lifetime = LIFETIME
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_REFRESH_EACH_REQUEST=False,
    )


def secret_key(path: Path) -> bytes:
    """Return the key in a file that only its owner may read; it is made if it is missing."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        key = path.read_bytes()
        if len(key) >= 32:
            return key
        path.unlink(missing_ok=True)  # the power went while it was written
        return secret_key(path)
    with os.fdopen(handle, "wb") as file:
        key = secrets.token_bytes(32)
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key
