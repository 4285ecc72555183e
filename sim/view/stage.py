"""The widget that draws: messages of a session go out with their arrays, presses come back as requests."""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from sim.agents.map_counts import CHARGE_KW, FEED_IN_KW, N_DRIVING
from sim.rules.compiling import is_warm
from sim.runs.store import read_summary
from sim.scenario import ScenarioError
from sim.scenario.shocks import TAKES
from sim.view.controls import as_csv, as_yaml, offer, path_of
from sim.view.geo import geometry
from sim.view.recording import Frame, plugged_in
from sim.view.session import Session

SCRIPTS = Path(__file__).parent / "js"
#: Modules of the page, in the order in which they need each other.
MODULES = ("base", "citymap", "charts", "phone", "panels", "stage")


_sessions: weakref.WeakSet[Session] = weakref.WeakSet()
#: Sessions that hold a city.
_open: set[Session] = set()
#: Each tab has a city, or four, and a thread.
MOST_TABS = 8


def close_all() -> None:
    """Close the sessions of all tabs, and wait for the step that each is in."""
    sessions = list(_sessions)
    for session in sessions:
        session.close()
    for session in sessions:
        session.wait()


def script() -> str:
    """All modules of the page as one."""
    return "\n".join((SCRIPTS / f"{name}.js").read_text(encoding="utf-8") for name in MODULES)


class Stage(anywidget.AnyWidget):
    """One tab's picture and its session.

    Parameters
    ----------
    source : str or Path
        Scenario file, or the name of a shipped one.
    replay : Path, optional
        Result folder whose run is shown again; its summary is held against what is shown.
    """

    _esm = traitlets.Unicode(script()).tag(sync=True)
    _css = traitlets.Unicode((SCRIPTS / "stage.css").read_text(encoding="utf-8")).tag(sync=True)
    dark = traitlets.Bool(True).tag(sync=True)

    def __init__(self, source: str | Path, replay: Path | None = None, **given: Any):
        super().__init__(**given)
        self._started_with, self._replay = str(source), replay
        self._source = self._started_with
        self._settings: dict[str, Any] = {}
        self._compared = ""
        self._opened: dict[str, Any] | None = None
        self.session = Session(self._deal, lambda: _open.discard(self.session))
        _sessions.add(self.session)
        self.on_msg(self._hear)

    # ------------------------------------------------------------------ from the browser
    def _hear(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        kind = content.get("kind")
        if kind == "ack":
            self.session.acknowledge()
            return
        act = getattr(self, f"_on_{kind}", None)
        if act is None:
            return
        try:
            act(content)
        except (ScenarioError, ValueError, KeyError, TypeError) as error:
            self._say({"kind": "trouble", "text": str(error)})

    def _on_here(self, content: Mapping[str, Any]) -> None:
        """The browser asks whether anybody is there."""
        self._say({"kind": "alive"})

    def _on_ready(self, content: Mapping[str, Any]) -> None:
        """A page that has just been drawn, or drawn again after it had lost the line."""
        if self._opened is not None:
            self.session.ask("show_again")
            return
        if len(_open) >= MOST_TABS and self.session not in _open:
            text = (
                f"{MOST_TABS} pages of this view are open, which is all it keeps; close one and reload this"
            )
            self._say({"kind": "trouble", "text": text})
            return
        _open.add(self.session)
        if not is_warm():
            words = "compiling the rules for this machine, once: about a minute"
            self._say({"kind": "compiling", "text": words})
        self.session.start()
        path = self._path(self._source)
        self.session.ask("run", source=path, settings=dict(self._settings), only_offered=True)

    def _on_run(self, content: Mapping[str, Any]) -> None:
        source, settings, arm = str(content["scenario"]), dict(content["settings"]), content.get("arm")
        path = self._path(source)
        self._source, self._settings = source, settings
        self.session.ask("run", source=path, settings=dict(settings), arm=arm, only_offered=True)

    def _on_compare(self, content: Mapping[str, Any]) -> None:
        arm, key = content.get("arm"), content.get("scenario")
        self._compared = "" if arm is None else f"{key or ''}|{arm}"
        self.session.ask("compare", arm=arm, source=None if key is None else self._path(str(key)))

    def _on_play(self, content: Mapping[str, Any]) -> None:
        self.session.ask("play", on=bool(content["on"]))

    def _on_step(self, content: Mapping[str, Any]) -> None:
        self.session.ask("step")

    def _on_speed(self, content: Mapping[str, Any]) -> None:
        self.session.ask("speed", place=int(content["place"]))

    def _on_jump(self, content: Mapping[str, Any]) -> None:
        self.session.ask("jump", step=int(content["step"]))

    def _on_owner(self, content: Mapping[str, Any]) -> None:
        self.session.ask("owner", asked=str(content["asked"]))

    def _on_shock(self, content: Mapping[str, Any]) -> None:
        given = {key: value for key, value in content.items() if key not in ("kind", "shock")}
        kind = str(content["shock"])
        if kind not in (*TAKES, "payment"):
            raise ValueError(f"no such event: '{kind}'")
        self.session.ask("shock", kind=kind, **given)

    def _on_export(self, content: Mapping[str, Any]) -> None:
        self.session.ask("export", form=str(content["form"]))

    # -------------------------------------------------------------------- to the browser
    def _deal(self, message: dict[str, Any]) -> None:
        """Send a message of the session, in the form the page understands."""
        kind = message["kind"]
        if kind == "frame":
            self._send_frame(message)
        elif kind == "opened":
            self._send_opened(message)
        elif kind == "export":
            texts = {"yaml": as_yaml, "csv": as_csv}
            pair, form = message["pair"], message["form"]
            if form in texts:
                self._say({"kind": "file", "name": f"{pair.spec.name}.{form}", "text": texts[form](pair)})
        elif kind == "summary":
            self._say(message | {"verdict": self._verdict(message)})
        else:
            self._say(message)

    def _send_frame(self, message: dict[str, Any]) -> None:
        frames: list[Frame] = message["frames"]
        buffers = [memoryview(part) for frame in frames for part in _arrays(frame)]
        self._say({**message, "frames": [frame.figures for frame in frames]}, buffers)

    def _send_opened(self, message: dict[str, Any]) -> None:
        spec, arm = message["spec"], message["arm"]
        plain = {key: value for key, value in message.items() if key not in ("spec", "map")}
        plain["map"] = geometry(message["map"])
        plain["sides"] = [  # a side with a map of its own brings it
            side | {"map": None if side["map"] is message["map"] else geometry(side["map"])}
            for side in message["sides"]
        ]
        plain["offer"] = offer(spec, arm, self._source, self._settings, self._compared)
        plain["people"] = [name.replace("-", " ").title() for name in spec.drivers.personas]
        self._opened = plain
        self._say(plain)

    def _verdict(self, message: dict[str, Any]) -> str:
        """Whether a run that is shown again has come to what its result says."""
        if self._replay is None or not message["finished"]:
            return ""
        kept = read_summary(self._replay)["effects"].get(message["arm"])
        found = message["summary"]["effects"].get(message["arm"])
        if kept is None or found is None:
            return ""
        same = all(
            _equal(found[key], kept.get(key)) for key in found if key not in ("parts", "response_to_pay")
        )
        if same:
            return "shown again to the end: all effects are those of the result"
        return "shown again with other effects than the result: another version made it, or more replications"

    def _say(self, content: dict[str, Any], buffers: list[memoryview] | None = None) -> None:
        self.send(json.loads(json.dumps(content, default=_plain)), buffers)

    def _path(self, key: str) -> Path:
        """File of a scenario that the page names: the one the view was started with, or a shipped one."""
        own = Path(self._started_with)
        return own if key == self._started_with and own.is_file() else path_of(key)


def _arrays(frame: Frame) -> tuple[Any, Any, Any]:
    """Cells, looks and places of a frame as the page reads them."""
    cells = frame.cells
    sent = np.column_stack(
        [cells[:, CHARGE_KW], cells[:, FEED_IN_KW], plugged_in(cells), cells[:, N_DRIVING]]
    )
    return np.ascontiguousarray(sent, np.float32).reshape(-1), frame.looks, frame.places.reshape(-1)


def _equal(found: Any, kept: Any) -> bool:
    """Whether two figures of summaries are the same to rounding."""
    if isinstance(found, dict):
        return isinstance(kept, dict) and all(_equal(value, kept.get(key)) for key, value in found.items())
    if isinstance(found, int | float) and isinstance(kept, int | float):
        return bool(np.isclose(found, kept, rtol=1e-9, atol=1e-9))
    return bool(found == kept)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot send {type(value).__name__}")
