"""Start the browser view: everything served from this machine, nothing asked of any other."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import logging
import os
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path

from sim.runs.files import MARKER
from sim.scenario.errors import ScenarioError
from sim.scenario.shipped import find_scenario, scenarios_folder, shipped_scenarios
from sim.view.guard import LOOPBACK, TOKEN, Guard, hosts_of, new_token

#: How the command tells the page what to show.
SOURCE, REPLAY, THEME = "V2GCITY_VIEW_SOURCE", "V2GCITY_VIEW_REPLAY", "V2GCITY_VIEW_THEME"
NEEDED = ("solara", "anywidget", "ipyvuetify")
ASSETS = Path("share") / "solara" / "cdn"
TRIED_PORTS = 20
PATIENCE_S = 30.0
#: Of ``mallopt`` in glibc: the most heaps a process may have.
M_ARENA_MAX, HEAPS = -8, 2

INSTALL = 'python -m pip install "v2gcity[view]"'


def start(
    source: str | Path,
    port: int,
    host: str,
    browser: bool,
    light: bool,
    say: Callable[[str], None],
) -> None:
    """Serve the view until it is interrupted.

    Parameters
    ----------
    source : str or Path
        Scenario file, name of a shipped scenario, or result folder.

    Raises
    ------
    ScenarioError
        If the port is taken, or what the view needs is not installed, with what to do.
    """
    _check_installed()
    check_port(host, port)
    scenario, replay = what_to_show(source)
    os.environ.update(
        {
            "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
            "SOLARA_THEME_SHOW_BANNER": "False",
            "SOLARA_THEME_LOADER": "plain",
            "SOLARA_KERNEL_CULL_TIMEOUT": "20s",
            SOURCE: str(scenario),
            THEME: "light" if light else "dark",
        }
    )
    if replay is not None:
        os.environ[REPLAY] = str(replay)
    _limit_heaps()
    _serve(host, port, browser, say)


def _limit_heaps() -> None:
    """Let threads share their heaps.

    The C library gives new threads heaps of their own, up to eight for each core, and keeps them: tabs that
    come and go would leave 10 MB behind each, until there are so many.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library than glibc
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, HEAPS)


def what_to_show(source: str | Path) -> tuple[str | Path, Path | None]:
    """Scenario to run, and the result folder it is the run of, if it is one.

    Raises
    ------
    ScenarioError
        If there is nothing of that name.
    """
    from sim.runs.run import prepare
    from sim.runs.store import read_summary

    path = Path(source)
    if path.is_dir() and (path / MARKER).is_file():
        read_summary(path)
        return (path / "scenario.yaml").resolve(), path.resolve()
    if path.is_dir() and path.name not in [each.stem for each in shipped_scenarios()]:
        raise ScenarioError.single(str(path), "", f"no result folder: there is no {MARKER} in it")
    found = find_scenario(source)
    prepare(found)
    return (found.stem if found.parent == scenarios_folder() else found.resolve()), None


def check_port(host: str, port: int) -> None:
    """Refuse a port that is taken, and name one that is free."""
    if _is_free(host, port):
        return
    free = next((each for each in range(port + 1, port + TRIED_PORTS) if _is_free(host, each)), None)
    hint = "" if free is None else f"; free: --port {free}"
    raise ScenarioError.single(
        "--port", str(port), f"something else is listening there, perhaps another view{hint}"
    )


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError:
            return False
    return True


def _check_installed() -> None:
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ScenarioError.single("view", missing[0], f"not installed; {INSTALL}")
    if not (Path(sys.prefix) / ASSETS).is_dir():
        raise ScenarioError.single(
            "view", "solara-assets", f"not installed, the page would stay blank; {INSTALL}"
        )


def _serve(host: str, port: int, browser: bool, say: Callable[[str], None]) -> None:
    os.environ["SOLARA_APP"] = "sim.view.app"
    import uvicorn
    from solara.server.starlette import app

    from sim.view.stage import close_all

    logging.getLogger("solara").setLevel(logging.ERROR)
    token = new_token()
    config = uvicorn.Config(
        Guard(app, hosts_of(host), port, token), host=host, port=port, log_level="warning",
        ws_per_message_deflate=False,  # packing a frame costs more than sending it to the same machine
    )  # fmt: skip
    server = uvicorn.Server(config)
    name = "localhost" if host in (*LOOPBACK, "0.0.0.0", "::") else host
    address = f"http://{f'[{name}]' if ':' in name else name}:{port}/?{TOKEN}={token}"
    if host not in LOOPBACK:
        say(
            f"listening on {host}, beyond this machine: whoever has the address below can run models here, "
            "and what goes over the network is not encrypted; without --host only this machine is served"
        )

    def tell() -> None:
        waited = time.monotonic()
        while not server.started and time.monotonic() - waited < PATIENCE_S:
            time.sleep(0.05)
        say(f"v2gcity view: {address} (Ctrl-C to stop)")
        if browser:
            webbrowser.open(address)

    threading.Thread(target=tell, daemon=True).start()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.run()
    finally:
        close_all()
