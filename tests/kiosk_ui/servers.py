"""A real server on a free port of this machine, for tests that need sockets."""

from __future__ import annotations

import random
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kiosk_ui.app import create_application
from kiosk_ui.config import WebConfig
from kiosk_ui.server import CarefulServer, make_server
from kiosk_ui.services import Services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def free_port() -> int:
    """Return a port on which nothing listens.

    It is below those that the system gives to connections: one that looks whether anybody listens
    on a free port there can end up being connected with itself.
    """
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def serving(
    config: WebConfig,
    services: Services,
    application: WSGIApplication | None = None,
    *,
    port: int = 0,
) -> Iterator[CarefulServer]:
    """Serve both faces, or another application, until the block ends; port 0 is a free one."""
    folder_before = tempfile.tempdir
    server = make_server(
        application or create_application(config, services),
        config,
        services.store.incoming,
        host="127.0.0.1",
        port=port,
    )
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        yield server
    finally:
        services.closing.set()
        server.task_dispatcher.shutdown()
        # The loop ends when it has nothing left to look at. It may close the trigger while it is
        # still being pulled.
        with suppress(OSError):
            server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))
        thread.join(10.0)
        tempfile.tempdir = folder_before
        assert not thread.is_alive()
