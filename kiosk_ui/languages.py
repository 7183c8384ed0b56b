"""The pages' languages: English in the source, every other one in a gettext catalogue.

scripts/translate        # after changing a text: brings new texts into the catalogues
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any, Final

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, has_request_context, request

CATALOGUES: Final = Path(__file__).with_name("translations")
LANGUAGES: Final = {"en": "English", "ko": "한국어"}
"""By code, each under its own name; the first one is what the source is written in."""

Choose = Callable[[], str]


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the texts of a language.

        catalogue("ko").gettext("Settings")

    The ``.po`` file is read as it is: there is no compiled file that could be older than it.

    :param language: a key of :data:`LANGUAGES`.
    """
    path = CATALOGUES / f"{language}.po"
    if not path.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def current() -> str:
    """Return the language of the request that is being answered; English outside of one."""
    if not has_request_context():
        return next(iter(LANGUAGES))
    if "language" not in g:
        return next(iter(LANGUAGES))
    return str(g.language)


def gettext(text: str, **values: Any) -> str:
    """Return a text in the language of the request, with its ``%(name)s`` filled in."""
    found = catalogue(current()).gettext(text)
    return found % values if values else found


def ngettext(one: str, many: str, count: int, **values: Any) -> str:
    """Return the text for a count, with ``%(num)s`` and further values filled in."""
    return catalogue(current()).ngettext(one, many, count) % {"num": count, **values}


def noted(text: str) -> str:
    """Mark a text that is translated later, when it is shown."""
    return text


def of_the_browser() -> str:
    """Return the language that the browser asks for: ``?lang=`` first, then its own order."""
    wanted = [request.args.get("lang", ""), *request.accept_languages.values()]
    found = negotiate_locale([w for w in wanted if w], list(LANGUAGES), sep="-")
    return found or next(iter(LANGUAGES))


def install(app: Flask, choose: Choose = of_the_browser) -> None:
    """Give an app's pages ``_()`` and ``ngettext()``, and the page's ``language``.

    :param choose: tells the language of the request that is being answered.
    """
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
        lambda text: catalogue(current()).gettext(text),
        lambda one, many, count: catalogue(current()).ngettext(one, many, count),
        newstyle=True,
    )

    @app.before_request
    def note_the_language() -> None:
        g.language = choose()

    @app.context_processor
    def tell_the_language() -> dict[str, Any]:
        return {"language": current(), "languages": LANGUAGES}
