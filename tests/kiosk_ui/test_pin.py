"""The maintainer's command that locks the settings, against a real server."""

from __future__ import annotations

from click.testing import CliRunner

from kiosk_ui.pin import main
from tests.kiosk_ui.conftest import Web
from tests.kiosk_ui.servers import serving


def test_set_change_and_remove(web: Web) -> None:
    with serving(web.config, web.services) as server:
        options = ["--port", str(server.effective_port)]
        run = CliRunner().invoke
        assert run(main, options, input="\n123\n123\n").exit_code == 1
        done = run(main, options, input="\n2468\n2468\n")
        assert done.exit_code == 0 and "2468" not in done.output
        assert web.services.settings.lock_state.locked
        assert "locked" in run(main, options, input="\n1357\n1357\n").output
        assert "not the PIN" in run(main, options, input="9999\n").output
        assert run(main, options, input="2468\n1357\n1357\n").exit_code == 0
        assert run(main, [*options, "--remove"], input="1357\n").exit_code == 0
        assert not web.services.settings.lock_state.has_pin
    gone = run(main, options, input="\n2468\n2468\n")
    assert gone.exit_code == 1 and "no kiosk runs" in gone.output
